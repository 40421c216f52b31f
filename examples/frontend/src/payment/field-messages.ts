import type { PayoutInputErrorCode } from '../gql/graphql';

/** The gateway's codes, and one for a value that it cannot read at all. */
export type ErrorCode = PayoutInputErrorCode | 'NOT_READABLE';

/** The reason why a value is refused, in the language of the page. */
export const errorMessages: Record<ErrorCode, string> = {
  ALREADY_USED: 'Another payout has this already.',
  DUPLICATE: 'Another payout of the same request has this.',
  INVALID_CHARACTERS: 'Some characters are not accepted.',
  NOT_A_UUID: 'Choose one.',
  NOT_POSITIVE: 'Enter an amount above zero.',
  NOT_READABLE: 'Enter an amount such as 250.75.',
  OUTER_BLANKS: 'Remove the blanks at the start and the end.',
  REFUSED_BY_LEAN: 'This was refused.',
  REQUIRED: 'Fill this in.',
  TOO_LARGE: 'This is too large.',
  TOO_LONG: 'This is too long.',
  TOO_MANY: 'These are too many.',
  TOO_MANY_DECIMALS: 'The currency has fewer decimal places.',
  UNKNOWN_CURRENCY: 'This currency is not accepted.',
};
