/** There is no telling who the caller is: the keys that tokens are signed with have never been had so far. */
export class AccessUnavailable extends Error {
  override readonly name = 'AccessUnavailable';
  readonly code = 'ACCESS_UNAVAILABLE';

  constructor(cause: unknown) {
    super('Access tokens cannot be checked at the moment; nothing was done. Try again in a few seconds.', {
      cause,
    });
  }
}
