/** An error code as every surface presents it. */
export interface ErrorDescription {
  /** The HTTP status of the response on REST, and on GraphQL if nothing was executed. */
  readonly httpStatus: number;
  /** Whether the same request may succeed later; null if each error says so itself (`retryable`). */
  readonly retryable: boolean | null;
  /** How many seconds to wait before trying again, unless the error says so itself. @default 1 */
  readonly retryAfterSeconds?: number;
  /** The cause, as a sentence. */
  readonly meaning: string;
  /** The next step for the caller, as a sentence. */
  readonly advice: string;
  /**
   * Whether the error refuses a whole request before anything is done. A GraphQL response then always has the HTTP
   * status, whatever media type the caller accepts.
   */
  readonly refusesRequest?: true;
}

/** The codes that a GraphQL error can have in `extensions.code`. */
export const graphErrors = {
  GRAPHQL_PARSE_FAILED: {
    httpStatus: 400,
    retryable: false,
    meaning: 'The document is not GraphQL.',
    advice: 'Correct the document.',
  },
  GRAPHQL_VALIDATION_FAILED: {
    httpStatus: 400,
    retryable: false,
    meaning: 'The document does not fit the schema.',
    advice: 'Correct the document.',
  },
  BAD_USER_INPUT: {
    httpStatus: 400,
    retryable: false,
    meaning: 'The request, or a value in it, is wrong. `argument` names the value (REST: `problems`).',
    advice: 'Correct it. The message says what is accepted.',
  },
  UNAUTHENTICATED: {
    httpStatus: 401,
    retryable: false,
    meaning: 'There is no access token, or it is not valid.',
    advice: 'Send a valid token.',
    refusesRequest: true,
  },
  FORBIDDEN: {
    httpStatus: 403,
    retryable: false,
    meaning: 'The token lacks a scope.',
    advice: 'Ask for a token with the scope that the message names.',
    refusesRequest: true,
  },
  ACCESS_UNAVAILABLE: {
    httpStatus: 503,
    retryable: true,
    retryAfterSeconds: 5,
    meaning: 'Access tokens cannot be checked at the moment.',
    advice: 'Try again after `retryAfterSeconds`.',
    refusesRequest: true,
  },
  OPERATION_TOO_EXPENSIVE: {
    httpStatus: 400,
    retryable: false,
    meaning: 'The operation exceeds a limit of documents or of Lean calls.',
    advice: 'Ask for less at once. `cost` and `maxCost` count Lean calls.',
  },
  PERSISTED_OPERATION_REQUIRED: {
    httpStatus: 400,
    retryable: false,
    meaning: 'Only operations of the manifest may run.',
    advice: 'Name one by `documentId`.',
  },
  PERSISTED_OPERATION_NOT_FOUND: {
    httpStatus: 400,
    retryable: false,
    meaning: 'The manifest has no operation with this hash.',
    advice: 'Deploy the manifest of this client to the gateway.',
  },
  RATE_LIMITED: {
    httpStatus: 429,
    retryable: null,
    meaning: 'The caller has used up its requests or payouts of this minute.',
    advice: 'Try again after `retryAfterSeconds`, if there is one. Otherwise ask for less at once.',
    refusesRequest: true,
  },
  TOO_MANY_OPERATIONS: {
    httpStatus: 429,
    retryable: true,
    meaning: 'The WebSocket already runs its maximum number of operations.',
    advice: 'Wait for one to end.',
  },
  TOO_MANY_SUBSCRIPTIONS: {
    httpStatus: 429,
    retryable: true,
    retryAfterSeconds: 5,
    meaning: 'The caller, or the gateway, already has its maximum number of subscriptions.',
    advice: 'End some first.',
    refusesRequest: true,
  },
  SUBSCRIBER_TOO_SLOW: {
    httpStatus: 503,
    retryable: true,
    meaning: 'The subscriber has fallen too far behind.',
    advice: 'Subscribe again `after` the last cursor.',
  },
  UPDATES_UNAVAILABLE: {
    httpStatus: 503,
    retryable: null,
    meaning: 'There are no updates: `LEAN_WEBHOOK_SECRET` is not set, or the store has not been reached yet.',
    advice: 'Set the variable, or try again.',
  },
  UPDATES_CURSOR_EXPIRED: {
    httpStatus: 410,
    retryable: false,
    meaning: 'The cursor is too old, or belongs to another store.',
    advice: 'Read the payouts and `payoutUpdatesCursor` again, and subscribe after the new cursor.',
  },
  LEAN_UNAUTHORIZED: {
    httpStatus: 502,
    retryable: false,
    meaning: "Lean refused the gateway's credentials.",
    advice: 'Tell the operator of the gateway.',
  },
  LEAN_REFUSED: {
    httpStatus: 502,
    retryable: false,
    meaning: 'Lean refused a read.',
    advice: '`lean.code` has the reason.',
  },
  LEAN_RATE_LIMITED: {
    httpStatus: 502,
    retryable: true,
    retryAfterSeconds: 5,
    meaning: 'Lean asks for fewer requests.',
    advice: 'Try again after `retryAfterSeconds`.',
  },
  LEAN_TIMEOUT: {
    httpStatus: 504,
    retryable: true,
    meaning: 'Lean did not answer in time.',
    advice: 'Try again after `retryAfterSeconds`.',
  },
  LEAN_UNAVAILABLE: {
    httpStatus: 502,
    retryable: true,
    meaning: 'Lean cannot be reached, or has a fault.',
    advice: 'Try again after `retryAfterSeconds`.',
  },
  LEAN_BAD_RESPONSE: {
    httpStatus: 502,
    retryable: null,
    meaning: "Lean's answer cannot be understood.",
    advice: 'Tell the operator of the gateway. The log has more.',
  },
  NOT_OFFERED_BY_LEAN: {
    httpStatus: 502,
    retryable: false,
    meaning: 'This Lean application has no such call.',
    advice: 'Leave the field out of the query.',
  },
  LEAN_ROW_NOT_FOUND: {
    httpStatus: 502,
    retryable: true,
    retryAfterSeconds: 5,
    meaning: "Only Lean's list has the field, and the payout was not found there.",
    advice: 'Try again after `retryAfterSeconds`.',
  },
  PAYOUT_STORE_UNAVAILABLE: {
    httpStatus: 503,
    retryable: true,
    meaning: 'The payout store cannot be used, so this request sent nothing.',
    advice: 'Send the same input with the same key again later.',
  },
  INTERNAL_SERVER_ERROR: {
    httpStatus: 500,
    retryable: false,
    meaning: 'The gateway has a bug. Its log has more.',
    advice: 'Tell the operator of the gateway. A payout: send the same input with the same key again.',
  },
} as const satisfies Record<string, ErrorDescription>;

/** Codes that only REST and MCP use. GraphQL shows these cases in the result of `createPayout`. */
export const operationErrors = {
  REJECTED_BY_LEAN: {
    httpStatus: 422,
    retryable: false,
    meaning: 'Lean refused the payout for good.',
    advice: 'Correct the payout, and use a new key.',
  },
  IDEMPOTENCY_CONFLICT: {
    httpStatus: 409,
    retryable: false,
    meaning: 'The key was used before with another input. This request paid nothing.',
    advice: 'Send the original input.',
  },
  SIMILAR_PAYOUT_UNKNOWN: {
    httpStatus: 409,
    // The same call may succeed once the other key is settled, and would then be a second payout.
    retryable: false,
    meaning: 'A payout like this one is of unknown outcome. Nothing was sent (MCP only).',
    advice: 'Settle the other key first.',
  },
  PAYOUT_OUTCOME_UNKNOWN: {
    httpStatus: 504,
    // Only an outcome with the reason WAITING may be tried again.
    retryable: null,
    meaning: 'Lean may or may not have accepted the payout.',
    advice:
      'If `reason` is `WAITING`, send the same input with the same key after `retryAfterSeconds`. Otherwise an operator decides.',
  },
} as const satisfies Record<string, ErrorDescription>;

export type ErrorCode = keyof typeof graphErrors;

/** The codes of `graphErrors` as a list, so that clients can check theirs against it. */
export const errorCodes = Object.keys(graphErrors) as readonly ErrorCode[];

/** The description of a code, which is the same on every surface. */
export function describeCode(code: ErrorCode | keyof typeof operationErrors): ErrorDescription {
  return code in graphErrors
    ? graphErrors[code as ErrorCode]
    : operationErrors[code as keyof typeof operationErrors];
}
