/** An argument is invalid. The message names it, and says what is wrong and what is accepted. */
export class BadInput extends Error {
  override readonly name = 'BadInput';
  readonly code = 'BAD_USER_INPUT';
  /** Path of the argument, such as `filter.amount.min`. */
  readonly argument: string;
  /** The message without the path. */
  readonly problem: string;

  constructor(argument: string, problem: string) {
    super(`${argument}: ${problem}`);
    this.argument = argument;
    this.problem = problem;
  }
}

/**
 * The payout store cannot be used: it is unreachable, full or not writable. Before a payout is sent, this error
 * prevents the send. After that it is only logged.
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

/** The caller cannot be authenticated: there is no access token, or it is not valid. */
export class Unauthenticated extends Error {
  override readonly name = 'Unauthenticated';
  readonly code = 'UNAUTHENTICATED';
  /** Whether the request had a token. If so, the token is not valid. */
  readonly tokenGiven: boolean;

  constructor(problem: string, tokenGiven: boolean, cause?: unknown) {
    super(problem, { cause });
    this.tokenGiven = tokenGiven;
  }
}

/** The caller is authenticated, and its access token lacks a scope. */
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

/** The caller has used up its requests or payouts of this minute. Nothing was done. */
export class RateLimited extends Error {
  override readonly name = 'RateLimited';
  readonly code = 'RATE_LIMITED';
  /** Whole seconds, at least 1, until the same request can succeed; undefined if it never can. */
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

/** A subscriber has fallen too far behind, so its subscription ends. A new one can continue after its last cursor. */
export class SubscriberTooSlow extends Error {
  override readonly name = 'SubscriberTooSlow';
  readonly code = 'SUBSCRIBER_TOO_SLOW';

  constructor() {
    super('You have fallen too far behind. Subscribe again `after` the last cursor that you received.');
  }
}

/** The caller's WebSocket already runs its maximum number of operations. */
export class TooManyOperations extends Error {
  override readonly name = 'TooManyOperations';
  readonly code = 'TOO_MANY_OPERATIONS';

  constructor(maximum: number) {
    super(
      `This connection already runs ${String(maximum)} operations, the maximum. End some, or open another connection.`,
    );
  }
}

/** The caller, or the gateway, already has its maximum number of subscriptions. */
export class TooManySubscriptions extends Error {
  override readonly name = 'TooManySubscriptions';
  readonly code = 'TOO_MANY_SUBSCRIPTIONS';
}

/** There is nothing to subscribe to: the gateway receives no webhooks, or has not reached its store yet. */
export class UpdatesUnavailable extends Error {
  override readonly name = 'UpdatesUnavailable';
  readonly code = 'UPDATES_UNAVAILABLE';
  /** Whether the gateway has not reached its store yet. If not, it receives no webhooks. */
  readonly retryable: boolean;

  constructor({ retryable }: { readonly retryable: boolean }) {
    super(
      retryable
        ? 'The updates have not been read from the store yet: try again.'
        : 'This gateway receives no updates, because LEAN_WEBHOOK_SECRET is not set.',
    );
    this.retryable = retryable;
  }
}

/** The updates after a cursor are no longer stored, or the cursor belongs to another store. */
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
 * The caller has a payout with the same account, destination, amount and description under another key, and its
 * outcome is unknown. Sending this one could pay twice, so nothing was sent. Its key is still free.
 */
export class SimilarPayoutUnknown extends Error {
  override readonly name = 'SimilarPayoutUnknown';
  readonly code = 'SIMILAR_PAYOUT_UNKNOWN';
  /** The other key. */
  readonly similarUnknownKey: string;

  constructor(similarUnknownKey: string) {
    super(
      `A payout with the same account, destination, amount and description was asked for under the key ` +
        `${JSON.stringify(similarUnknownKey)}, and its outcome is unknown. Nothing was sent under this key.`,
    );
    this.similarUnknownKey = similarUnknownKey;
  }
}
