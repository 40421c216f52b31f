/** The reason of a failure as an error. Anything may be thrown, or be the reason of a cancelled read. */
export function toError(reason: unknown): Error {
  return reason instanceof Error
    ? reason
    : new Error('a value that is not an error was thrown', { cause: reason });
}
