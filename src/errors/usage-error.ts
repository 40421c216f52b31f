/** A command was called with arguments that it does not accept. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
