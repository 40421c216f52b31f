import { isUuid } from '../ids.ts';
import { amountProblem, type Money } from '../money.ts';

/** One transfer that a caller asks for. */
export interface Transfer {
  /** Account to take the money from, as Lean's dashboard names it. */
  readonly accountId: string;
  readonly destinationId: string;
  readonly amount: Money;
  readonly description: string;
  /** The caller's own id of it, carried on the intent; null for the default (`lean-key.ts`). */
  readonly externalReference: string | null;
  /** Whether Lean is to authorise it at once, with the credentials set up for that. */
  readonly authorize: boolean;
}

export interface InputProblem {
  /** Path of the input field, such as `amount.amount`. */
  readonly field: string;
  readonly problem: string;
}

export const maxDescriptionLength = 32;
/** A bound of ours: Lean names none. A reference that Lean cuts could not be told from another one. */
export const maxReferenceLength = 64;
/** A bound of ours: Lean names none. */
export const maxKeyLength = 255;

/** @see https://www.rfc-editor.org/rfc/rfc9110#section-5.5 for what a header field may hold */
const printableAscii = /^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/;
/** A blank at either end, which a server may trim: the reference would come back changed. */
const outerBlank = /^\p{White_Space}|\p{White_Space}$/u;
/** Control characters, line breaks, half characters, and what turns the direction of the text that follows. */
const controlCharacter = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u;

/** Something that can be seen. Joiners and marks of direction, which Arabic and emoji need, cannot be seen alone. */
const visible = /[^\p{Z}\p{Cf}\p{Cc}]/u;
const accountId = /^[\w-]{1,64}$/;

export function keyProblems(idempotencyKey: string): InputProblem[] {
  if (printableAscii.test(idempotencyKey)) return [];
  return [
    {
      field: 'idempotencyKey',
      problem: 'must be 1 to 255 printable ASCII characters with no blank at either end, such as a UUID.',
    },
  ];
}

/** Everything that keeps a transfer from being sent, in words for the caller. */
export function transferProblems(transfer: Transfer): InputProblem[] {
  const problems: InputProblem[] = [];
  const length = [...transfer.description].length;
  if (!accountId.test(transfer.accountId))
    problems.push({
      field: 'accountId',
      problem:
        'must be the id of a source account, as the Payouts tab of Lean\'s dashboard names it: 1 to 64 letters, digits, "_" or "-".',
    });
  if (!isUuid(transfer.destinationId))
    problems.push({
      field: 'destinationId',
      problem: 'is not a UUID such as "3fa85f64-5717-4562-b3fc-2c963f66afa6".',
    });
  const money = amountProblem(transfer.amount);
  if (money !== undefined) problems.push({ field: `amount.${money.field}`, problem: money.problem });
  if (length > maxDescriptionLength || !visible.test(transfer.description))
    problems.push({
      field: 'description',
      problem: `must be 1 to ${String(maxDescriptionLength)} characters, not all of them blank; these are ${String(length)}.`,
    });
  else if (controlCharacter.test(transfer.description))
    problems.push({
      field: 'description',
      problem: 'must not hold line breaks, control characters or such as turn the direction of text.',
    });
  const { externalReference } = transfer;
  if (externalReference !== null && !isReference(externalReference))
    problems.push({
      field: 'externalReference',
      problem: `must be 1 to ${String(maxReferenceLength)} characters with no blank at either end and no control characters, such as "INV-2026-0001".`,
    });
  return problems;
}

/** Transfers that one request may hold: a bound of ours, Lean names none. */
export const maxTransfers = 100;

/**
 * The transfers of a request that repeat the reference of an earlier one. A payout whose answer was lost is found by its
 * reference, so each transfer needs its own.
 */
export function repeatedReferences(
  transfers: readonly Pick<Transfer, 'externalReference'>[],
): readonly { readonly index: number; readonly first: number }[] {
  const references = transfers.map(({ externalReference }) => externalReference);
  return references.flatMap((reference, index) => {
    const first = references.indexOf(reference);
    return reference === null || first === index ? [] : [{ index, first }];
  });
}

function isReference(text: string): boolean {
  return (
    visible.test(text) &&
    text.length <= maxReferenceLength &&
    !controlCharacter.test(text) &&
    !outerBlank.test(text)
  );
}
