/** The message of an error, or the code of one without a message. */
export function errorMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // An AggregateError, as for a host with several addresses, has a code and no message.
  return error.message !== '' || !('code' in error) ? error.message : String(error.code);
}
