/** Why a field of the input is refused, for callers that show messages in their own language. */
export type PayoutInputErrorCode =
  | 'REQUIRED'
  | 'TOO_LONG'
  | 'TOO_MANY'
  | 'OUTER_BLANKS'
  | 'INVALID_CHARACTERS'
  | 'NOT_A_UUID'
  | 'NOT_POSITIVE'
  | 'TOO_LARGE'
  | 'TOO_MANY_DECIMALS'
  | 'UNKNOWN_CURRENCY'
  | 'DUPLICATE'
  | 'ALREADY_USED'
  | 'REFUSED_BY_LEAN';

/** A problem with a field of the input. */
export interface InputProblem {
  /** Its path within the input, such as `amount.amount` or `transfers.2.description`. */
  readonly field: string;
  readonly code: PayoutInputErrorCode;
  /** The rest of a sentence that begins with the field: it says the fault and the accepted values. */
  readonly problem: string;
}

export interface TextRule {
  readonly maxLength: number;
  /** @default the number of UTF-16 code units */
  readonly lengthOf?: (text: string) => number;
  readonly outerBlanks: 'allowed' | 'refused';
  /** The pattern that the whole text must match. */
  readonly characters: RegExp;
}

/** A blank at either end, which a server may trim: the text would come back changed. */
const outerBlank = /^\p{White_Space}|\p{White_Space}$/u;

/** A visible character. Joiners and direction marks, which Arabic and emoji need, are invisible by themselves. */
const visible = /[^\p{Z}\p{Cf}\p{Cc}]/u;

/** The first fault of a text; undefined where it has none. */
export function textFault(text: string, rule: TextRule): PayoutInputErrorCode | undefined {
  const { maxLength, lengthOf = each => each.length, outerBlanks, characters } = rule;
  if (!visible.test(text)) return 'REQUIRED';
  if (lengthOf(text) > maxLength) return 'TOO_LONG';
  if (outerBlanks === 'refused' && outerBlank.test(text)) return 'OUTER_BLANKS';
  return characters.test(text) ? undefined : 'INVALID_CHARACTERS';
}
