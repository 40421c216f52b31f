/** The caller closed the connection before the request or its response was complete. */
export class CallerGone extends Error {
  /** The name that platform APIs use for aborted work. */
  override readonly name = 'AbortError';

  constructor() {
    super('The caller closed the connection.');
  }
}
