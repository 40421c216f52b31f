import { isUuid } from '../values/ids.ts';
import type { Money } from '../values/money.ts';
import { amountProblems } from './amount-problems.ts';
import { textFault, type InputProblem, type PayoutInputErrorCode, type TextRule } from './input-problem.ts';

/** One transfer, as a caller requests it. */
export interface Transfer {
  /** Account to take the money from, as Lean's dashboard names it. */
  readonly accountId: string;
  readonly destinationId: string;
  readonly amount: Money;
  readonly description: string;
  /** The caller's own id of the transfer. Lean keeps it on the intent. Null for the default (`lean-key.ts`). */
  readonly externalReference: string | null;
  /** Whether Lean authorises it at once, with credentials that were set up for this. */
  readonly authorize: boolean;
}

/** A transfer as it is recorded and sent: it always has a reference. */
export type ReferencedTransfer = Transfer & { readonly externalReference: string };

const maxDescriptionLength = 32;
/** The gateway's own limit: Lean documents none. A reference that Lean truncates could equal another reference. */
export const maxReferenceLength = 64;
/** The gateway's own limit: Lean documents none. */
export const maxKeyLength = 255;

/** A text without control characters, line breaks, lone surrogates and bidirectional control characters. */
const withoutControls = /^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]*$/u;

/** The rules for the text fields of the input. */
const textRules = {
  /** @see https://www.rfc-editor.org/rfc/rfc9110#section-5.5 for the characters of a header field */
  idempotencyKey: { maxLength: maxKeyLength, outerWhitespace: 'refused', characters: /^[\x20-\x7e]*$/ },
  accountId: { maxLength: 64, outerWhitespace: 'refused', characters: /^[\w-]*$/ },
  description: {
    maxLength: maxDescriptionLength,
    lengthOf: lengthInCharacters,
    outerWhitespace: 'allowed',
    characters: withoutControls,
  },
  externalReference: {
    maxLength: maxReferenceLength,
    outerWhitespace: 'refused',
    characters: withoutControls,
  },
} as const satisfies Record<string, TextRule>;

function lengthInCharacters(text: string): number {
  return [...text].length;
}

/** The problem of an invalid idempotency key; empty if it is valid. */
export function keyProblems(idempotencyKey: string): readonly InputProblem[] {
  return textProblems(
    'idempotencyKey',
    idempotencyKey,
    () =>
      `must be 1 to ${String(maxKeyLength)} printable ASCII characters with no space at either end, such as "order-4711" or a UUID.`,
  );
}

/** The problems of an invalid transfer, at most one per field. */
export function transferProblems(transfer: Transfer): readonly InputProblem[] {
  const { accountId, destinationId, amount, description, externalReference } = transfer;
  const problemsOfAmount = amountProblems(amount).map(each => ({ ...each, field: `amount.${each.field}` }));
  return [
    ...textProblems(
      'accountId',
      accountId,
      () =>
        'must be the id of a source account, as the Payouts tab of Lean\'s dashboard names it: 1 to 64 letters, digits, "_" or "-".',
    ),
    ...destinationProblems(destinationId),
    ...problemsOfAmount,
    ...textProblems('description', description, fault =>
      fault === 'INVALID_CHARACTERS'
        ? 'must not hold line breaks, control characters or characters that change the direction of text.'
        : `has ${String(lengthInCharacters(description))} characters; accepted: 1 to ${String(maxDescriptionLength)}, not only whitespace.`,
    ),
    ...(externalReference === null
      ? []
      : textProblems(
          'externalReference',
          externalReference,
          () =>
            `must be 1 to ${String(maxReferenceLength)} characters with no whitespace at either end and no control characters, such as "INV-2026-0001".`,
        )),
  ];
}

function textProblems(
  field: keyof typeof textRules,
  text: string,
  problemOf: (code: PayoutInputErrorCode) => string,
): readonly InputProblem[] {
  const code = textFault(text, textRules[field]);
  return code === undefined ? [] : [{ field, code, problem: problemOf(code) }];
}

function destinationProblems(destinationId: string): readonly InputProblem[] {
  const code = destinationId.trim() === '' ? 'REQUIRED' : 'NOT_A_UUID';
  if (isUuid(destinationId)) return [];
  const problem = 'is not a UUID such as "3fa85f64-5717-4562-b3fc-2c963f66afa6".';
  return [{ field: 'destinationId', code, problem }];
}

/** The most transfers of one request. The gateway's own limit: Lean documents none. */
export const maxTransfers = 100;

/**
 * Finds the transfers of a request whose reference equals that of another transfer. If Lean's answer is lost, a
 * payout is found by its reference, so each transfer needs a reference of its own. Default references are not
 * reported, because the caller has not chosen them.
 * @param references the references of the transfers at Lean, in order; null if unknown
 */
export function repeatedReferences(
  transfers: readonly Pick<Transfer, 'externalReference'>[],
  references: readonly (string | null)[],
): readonly { readonly index: number; readonly other: number }[] {
  return transfers.flatMap(({ externalReference }, index) => {
    if (externalReference === null) return [];
    const isSame = (reference: string | null, other: number): boolean =>
      reference === externalReference &&
      (other < index || (other > index && transfers[other]?.externalReference === null));
    const other = references.findIndex(isSame);
    return other === -1 ? [] : [{ index, other }];
  });
}
