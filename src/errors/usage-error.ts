/** A command was called with words that it does not take. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
