import { findings } from '../payouts/creation/finding.ts';
import { payoutIdOf } from '../payouts/values/ids.ts';
import type { PayoutRecord, PayoutRequest } from '../payouts/creation/payout-record.ts';

/** For programs: a JSON array with an object for each transfer; amounts are texts, times RFC 3339. */
export function asJson(requests: readonly PayoutRequest[]): string {
  const rows = requests.flatMap(request =>
    request.records.map(({ position, transfer, state, intentId, paymentId }) => ({
      idempotencyKey: request.idempotencyKey,
      transferIndex: position,
      caller: request.caller,
      application: request.application,
      state,
      amount: transfer.amount.amount,
      currency: transfer.amount.currency,
      accountId: transfer.accountId,
      destinationId: transfer.destinationId,
      description: transfer.description,
      externalReference: transfer.externalReference,
      payoutId: intentId === null ? null : payoutIdOf(intentId),
      intentId,
      paymentId,
      createdAt: time(request.createdAt),
      firstSentAt: time(request.sends.firstAt),
      lastSentAt: time(request.sends.lastAt),
      changedAt: time(request.changedAt),
      sends: request.sends.count,
      reason: request.finding === null ? null : findings[request.finding].reason,
      finding: request.finding,
      refusal: request.refusal?.leanCode ?? null,
      sendAllowed: request.sends.grant !== null,
      duplicateIntents: request.duplicateIntents,
      checks: request.checks,
      nextCheckAt: time(request.nextCheckAt),
    })),
  );
  return `${JSON.stringify(rows, null, 2)}\n`;
}

interface Line {
  readonly request: PayoutRequest;
  readonly record: PayoutRecord;
}

const columns: readonly (readonly [title: string, value: (line: Line) => string])[] = [
  ['KEY', ({ request, record }) => named(request, record)],
  ['STATE', ({ record }) => record.state],
  ['AMOUNT', ({ record: { transfer } }) => `${transfer.amount.amount} ${transfer.amount.currency}`],
  ['REFERENCE', ({ record }) => record.transfer.externalReference],
  ['DESTINATION', ({ record }) => record.transfer.destinationId],
  ['LEAN INTENT', ({ record }) => record.intentId ?? '-'],
  ['ASKED FOR', ({ request }) => (time(request.createdAt) ?? '').replace(/\.\d+Z$/, 'Z')],
  ['SENT', ({ request }) => times(request)],
  ['WHY', ({ request, record }) => whyOf(request, record)],
  ['CALLER', ({ request }) => request.caller],
];

/**
 * For people: a line for each transfer.
 * @param limit when there may be more than these
 */
export function asTable(requests: readonly PayoutRequest[], limit?: number): string {
  const lines = requests.flatMap(request => request.records.map(record => ({ request, record })));
  const cells = [
    columns.map(([title]) => title),
    ...lines.map(line => columns.map(([, value]) => printable(value(line)))),
  ];
  const shown = columns
    .map((_, index) => index)
    .filter(index => cells.slice(1).some(row => row[index] !== ''));
  const widths = shown.map(index => Math.max(...cells.map(row => row[index]?.length ?? 0)));
  const text = cells.map(row =>
    shown
      .map((index, place) => (row[index] ?? '').padEnd(widths[place] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const more = limit === undefined ? '' : `\nThe newest ${String(limit)}; --limit shows more.\n`;
  return `${text.join('\n')}\n${more}`;
}

/** A request of several transfers names which one. */
function named(request: PayoutRequest, { position }: PayoutRecord): string {
  return request.records.length === 1
    ? request.idempotencyKey
    : `${request.idempotencyKey} [${String(position)}]`;
}

function times({ sends }: PayoutRequest): string {
  if (sends.firstAt === null) return 'no';
  if (sends.turnedAway) return 'turned away';
  return sends.count === 1 ? 'once' : `${String(sends.count)} times`;
}

/** Why the outcome is unknown, or that somebody must look into it. */
function whyOf(
  { finding, duplicateIntents, sends, refusal }: PayoutRequest,
  { answer }: PayoutRecord,
): string {
  const parts: string[] = [];
  if (duplicateIntents.length > 0) parts.push(`MORE AT LEAN THAN ASKED FOR: ${duplicateIntents.join(', ')}`);
  if (answer === null) {
    if (finding !== null) parts.push(`${findings[finding].reason} ${finding}`);
    if (sends.grant !== null) parts.push('send again allowed');
    if (refusal?.leanCode != null) parts.push(`Lean answered ${refusal.leanCode}`);
  }
  return parts.join('; ');
}

/** Callers wrote some of this: nothing in it may steer a terminal. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, '?');
}

function time(epochMs: number | null): string | null {
  return epochMs === null ? null : new Date(epochMs).toISOString();
}
