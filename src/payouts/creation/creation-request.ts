import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { creationShape } from '../../lean/creation-shape.ts';
import type { Decimal } from '../values/decimal.ts';
import { amountProblem, decimalOf, problemOfBody } from './body-problems.ts';
import { maxProblems } from './creation-answer.ts';
import { referencesOf } from './creation-input.ts';
import type { RequestKey } from './payout-record.ts';
import { maxTransfers, repeatedReferences, transferProblems, type Transfer } from './transfer.ts';

/** A problem with a request: the wrong parameter, and what is accepted. */
export interface RequestProblem {
  /** Name of the parameter; within a body, the path, such as `payment_details.0.account_id`. */
  readonly parameter: string;
  readonly problem: string;
  /** Whether `parameter` is a path within the body. @default false */
  readonly inBody?: boolean;
}

// A test checks the schema itself. Checking it here would take a tenth of the program's start.
const ajv = new Ajv2020({ allErrors: true, verbose: true, allowUnionTypes: true, validateSchema: false });
(addFormats as unknown as (ajv: Ajv2020) => void)(ajv);
const hasShape = ajv.compile<WireCreation>(creationShape);

interface WireTransfer {
  readonly payment_destination_id: string;
  readonly amount: unknown;
  readonly currency?: string;
  readonly description: string;
  readonly external_reference?: string | null;
  readonly authorize_payment: boolean;
}

interface WireCreation {
  readonly payment_details: readonly {
    readonly account_id: string;
    readonly currency?: string;
    readonly destination_details: readonly WireTransfer[];
  }[];
}

/**
 * Reads the transfers from a creation body in Lean's own format, or returns its problems.
 * @param body as `parseExactJson` returns it
 * @param key undefined if it is invalid
 */
export function transfersFromBody(
  body: unknown,
  key: RequestKey | undefined,
): { readonly transfers: readonly Transfer[] } | { readonly problems: readonly RequestProblem[] } {
  // Checked first, so that an oversized body costs no further work.
  const tooMany = tooManyProblem(body);
  if (tooMany !== undefined) return { problems: [{ parameter: 'payment_details', problem: tooMany }] };
  const plain = withNumbersAsText(body);
  if (!hasShape(plain))
    return { problems: firstPerParameter((hasShape.errors ?? []).slice(0, maxProblems).map(problemOfBody)) };
  const { payment_details } = plain;
  const located = payment_details.flatMap((entry, index) =>
    entry.destination_details.map((wire, position) => ({
      at: `payment_details.${String(index)}.destination_details.${String(position)}`,
      entry,
      wire,
    })),
  );
  const transfers: Transfer[] = [];
  const problems: RequestProblem[] = [];
  for (const { at, entry, wire } of located) {
    const amount = decimalOf(wire.amount);
    const currency = wire.currency ?? entry.currency;
    if (amount === undefined)
      problems.push({ parameter: `${at}.amount`, problem: amountProblem(wire.amount) });
    if (currency === undefined)
      problems.push({
        parameter: `${at}.currency`,
        problem: 'is missing; accepted: an ISO 4217 code such as "AED".',
      });
    const transfer: Transfer = {
      accountId: entry.account_id,
      destinationId: wire.payment_destination_id,
      amount: { amount: amount ?? ('1' as Decimal), currency: currency ?? 'AED' },
      description: wire.description,
      externalReference: wire.external_reference ?? null,
      authorize: wire.authorize_payment,
    };
    for (const { field, problem } of transferProblems(transfer))
      // A missing amount or currency is reported above, and an amount is checked by the rules of its currency.
      if ((amount !== undefined && currency !== undefined) || !field.startsWith('amount'))
        problems.push({ parameter: `${at}.${wireNames[field] ?? field}`, problem });
    transfers.push(transfer);
  }
  for (const { index, other } of repeatedReferences(transfers, referencesOf(transfers, key))) {
    const hasOwn = transfers[other]?.externalReference != null;
    const at = String(located[other]?.at);
    problems.push({
      parameter: `${String(located[index]?.at)}.external_reference`,
      problem:
        `must differ from ${hasOwn ? `${at}.external_reference` : `the reference that ${at} has by default`}, ` +
        'because a transfer is found at Lean by its reference.',
    });
  }
  return problems.length > 0
    ? { problems: firstPerParameter(problems).slice(0, maxProblems) }
    : { transfers };
}

/** The problem with a body of any shape that has more accounts or transfers than a request may have. */
function tooManyProblem(body: unknown): string | undefined {
  const { payment_details: accounts } = (body ?? {}) as { readonly payment_details?: unknown };
  if (!Array.isArray(accounts)) return undefined;
  const accepted = `accepted: at most ${String(maxTransfers)}.`;
  if (accounts.length > maxTransfers) return `has ${String(accounts.length)} entries; ${accepted}`;
  const lists = accounts.map(
    account => (account as { readonly destination_details?: unknown } | null)?.destination_details,
  );
  const transfers = lists.reduce<number>((sum, each) => sum + (Array.isArray(each) ? each.length : 0), 0);
  return transfers > maxTransfers ? `has ${String(transfers)} transfers in all; ${accepted}` : undefined;
}

/** Lean's names for the input fields of a transfer. */
const wireNames: Readonly<Record<string, string>> = {
  accountId: 'account_id',
  destinationId: 'payment_destination_id',
  'amount.amount': 'amount',
  'amount.currency': 'currency',
  description: 'description',
  externalReference: 'external_reference',
};

/** Converts exact numbers to text, as a caller could have sent them. */
function withNumbersAsText(body: unknown): unknown {
  const text = JSON.stringify(body) as string | undefined;
  return text === undefined ? undefined : JSON.parse(text);
}

/** Keeps the first problem of each parameter: several schema rules may reject the same value. */
function firstPerParameter(problems: readonly RequestProblem[]): readonly RequestProblem[] {
  return [...new Map(problems.toReversed().map(each => [each.parameter, each])).values()].toReversed();
}
