/** Callers cannot be authenticated: the issuer's keys, which verify access tokens, cannot be read. */
export class AccessUnavailable extends Error {
  override readonly name = 'AccessUnavailable';
  readonly code = 'ACCESS_UNAVAILABLE';

  constructor(cause: unknown) {
    super('Access tokens cannot be checked at the moment; nothing was done. Try again in a few seconds.', {
      cause,
    });
  }
}
