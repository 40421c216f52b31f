/** The reason why a field of the input is refused, for clients that show their own messages. */
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
  /** The end of a sentence that begins with the field: the fault and the accepted values. */
  readonly problem: string;
}

export interface TextRule {
  readonly maxLength: number;
  /** @default the number of UTF-16 code units */
  readonly lengthOf?: (text: string) => number;
  readonly outerWhitespace: 'allowed' | 'refused';
  /** The pattern that the whole text must match. */
  readonly characters: RegExp;
}

/** Whitespace at either end. A server may trim it, and the text would come back changed. */
const outerWhitespacePattern = /^\p{White_Space}|\p{White_Space}$/u;

/** A visible character. Joiners and direction marks, which Arabic and emoji use, do not count as visible. */
const visibleCharacter = /[^\p{Z}\p{Cf}\p{Cc}]/u;

/** The first rule that a text breaks; undefined if it breaks none. */
export function textFault(text: string, rule: TextRule): PayoutInputErrorCode | undefined {
  const { maxLength, lengthOf = each => each.length, outerWhitespace, characters } = rule;
  if (!visibleCharacter.test(text)) return 'REQUIRED';
  if (lengthOf(text) > maxLength) return 'TOO_LONG';
  if (outerWhitespace === 'refused' && outerWhitespacePattern.test(text)) return 'OUTER_BLANKS';
  return characters.test(text) ? undefined : 'INVALID_CHARACTERS';
}
