/** What a caller asked for cannot be: names the argument, and says what was wrong and what is accepted. */
export class BadInput extends Error {
  override readonly name = 'BadInput';
  readonly code = 'BAD_USER_INPUT';
  /** Path of the argument, such as `filter.amount.min`. */
  readonly argument: string;

  constructor(argument: string, problem: string) {
    super(`${argument}: ${problem}`);
    this.argument = argument;
  }
}

/**
 * The store that payouts are recorded in cannot be used: unreachable, full, or not writable. Before anything is sent
 * that keeps it from being sent; afterwards it is for the log alone.
 */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
  readonly code = 'PAYOUT_STORE_UNAVAILABLE';

  constructor(cause: unknown) {
    super(
      'The store that payouts are recorded in cannot be used; this request sent nothing to Lean. ' +
        'Send the same input with the same idempotencyKey again later.',
      { cause },
    );
  }
}
