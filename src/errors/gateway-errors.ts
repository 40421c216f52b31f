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
      'The payout store is unavailable, so this request sent nothing to Lean. ' +
        'Send the same input with the same idempotency key again later.',
      { cause },
    );
  }
}

/** Nobody is let in like this: no access token, or one that is not good. */
export class Unauthenticated extends Error {
  override readonly name = 'Unauthenticated';
  readonly code = 'UNAUTHENTICATED';
  /** Whether a token was given, which is then the one at fault. */
  readonly tokenGiven: boolean;

  constructor(problem: string, tokenGiven: boolean, cause?: unknown) {
    super(problem, { cause });
    this.tokenGiven = tokenGiven;
  }
}

/** The caller is known and may not do this. */
export class Forbidden extends Error {
  override readonly name = 'Forbidden';
  readonly code = 'FORBIDDEN';
  /** The scopes that the caller lacks. */
  readonly missing: readonly string[];

  constructor(missing: readonly string[]) {
    super(`Your access token lacks the scope ${missing.join(' and ')}.`);
    this.missing = missing;
  }
}

/** The caller has used up what it may ask for in a minute; nothing was done. */
export class RateLimited extends Error {
  override readonly name = 'RateLimited';
  readonly code = 'RATE_LIMITED';
  /** Whole seconds, at least 1, until it is worth asking again; undefined when it never will be. */
  readonly retryAfterSeconds: number | undefined;

  constructor(problem: string, retryAfterSeconds?: number) {
    super(
      retryAfterSeconds === undefined
        ? `${problem} Nothing was done.`
        : `${problem} Nothing was done; try again in ${String(retryAfterSeconds)} s.`,
    );
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** A subscriber has fallen too far behind, and is dropped: it may come back and go on where it was. */
export class SubscriberTooSlow extends Error {
  override readonly name = 'SubscriberTooSlow';
  readonly code = 'SUBSCRIBER_TOO_SLOW';

  constructor() {
    super('You have fallen too far behind. Subscribe again `after` the last cursor that you received.');
  }
}

/** As many subscriptions are open as one caller, or one gateway, may have. */
export class TooManySubscriptions extends Error {
  override readonly name = 'TooManySubscriptions';
  readonly code = 'TOO_MANY_SUBSCRIPTIONS';
}

/** Nobody tells this gateway of what happens to payouts, so that there is nothing to subscribe to. */
export class UpdatesUnavailable extends Error {
  override readonly name = 'UpdatesUnavailable';
  readonly code = 'UPDATES_UNAVAILABLE';

  constructor(problem = 'This gateway is not told of updates: LEAN_WEBHOOK_SECRET is not set.') {
    super(problem);
  }
}

/** The updates after a cursor are no longer kept, or the cursor belongs to another store. */
export class UpdatesCursorExpired extends Error {
  override readonly name = 'UpdatesCursorExpired';
  readonly code = 'UPDATES_CURSOR_EXPIRED';

  constructor() {
    super(
      'This cursor is too old, or belongs to another store. Read `payoutUpdatesCursor` and the payouts again, and ' +
        'subscribe `after` the new cursor.',
    );
  }
}

/**
 * Another key of the caller, for a payout with the same account, destination, amount and description, is of unknown
 * outcome: paying this one may pay twice. Nothing was sent, and this key is still free.
 */
export class SimilarPayoutUnknown extends Error {
  override readonly name = 'SimilarPayoutUnknown';
  readonly code = 'SIMILAR_PAYOUT_UNKNOWN';
  readonly similarUnknownKey: string;

  constructor(similarUnknownKey: string) {
    super(
      `A payout with the same account, destination, amount and description was asked for under the key ` +
        `${JSON.stringify(similarUnknownKey)}, and its outcome is unknown. Nothing was sent under this key.`,
    );
    this.similarUnknownKey = similarUnknownKey;
  }
}
