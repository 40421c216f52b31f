import { findings } from '../payouts/creation/finding.ts';
import { payoutIdOf } from '../payouts/values/ids.ts';
import type { PayoutRecord, PayoutRequest } from '../payouts/creation/payout-record.ts';

/** Formats a JSON array for programs, with an object for each transfer. Amounts are strings, times are RFC 3339. */
export function formatJson(requests: readonly PayoutRequest[]): string {
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
      createdAt: isoTime(request.createdAt),
      firstSentAt: isoTime(request.sends.firstAt),
      lastSentAt: isoTime(request.sends.lastAt),
      changedAt: isoTime(request.changedAt),
      sends: request.sends.count,
      reason: request.finding === null ? null : findings[request.finding].reason,
      finding: request.finding,
      refusal: request.refusal?.leanCode ?? null,
      sendAllowed: request.sends.grant !== null,
      duplicateIntents: request.duplicateIntents,
      checks: request.checks,
      nextCheckAt: isoTime(request.nextCheckAt),
    })),
  );
  return `${JSON.stringify(rows, null, 2)}\n`;
}

interface Line {
  readonly request: PayoutRequest;
  readonly record: PayoutRecord;
}

const columns: readonly (readonly [title: string, value: (line: Line) => string])[] = [
  ['KEY', ({ request, record }) => keyLabel(request, record)],
  ['STATE', ({ record }) => record.state],
  ['AMOUNT', ({ record: { transfer } }) => `${transfer.amount.amount} ${transfer.amount.currency}`],
  ['REFERENCE', ({ record }) => record.transfer.externalReference],
  ['DESTINATION', ({ record }) => record.transfer.destinationId],
  ['LEAN INTENT', ({ record }) => record.intentId ?? '-'],
  ['REQUESTED', ({ request }) => (isoTime(request.createdAt) ?? '').replace(/\.\d+Z$/, 'Z')],
  ['SENT', ({ request }) => sendsLabel(request)],
  ['REASON', ({ request, record }) => reasonLabel(request, record)],
  ['CALLER', ({ request }) => request.caller],
];

/**
 * Formats a table for people, with a line for each transfer. Columns without any value are left out.
 * @param limit the limit of the list, if there may be more requests
 */
export function formatTable(requests: readonly PayoutRequest[], limit?: number): string {
  const lines = requests.flatMap(request => request.records.map(record => ({ request, record })));
  const cells = [
    columns.map(([title]) => title),
    ...lines.map(line => columns.map(([, value]) => printable(value(line)))),
  ];
  const usedColumns = columns
    .map((_, index) => index)
    .filter(index => cells.slice(1).some(row => row[index] !== ''));
  const widths = usedColumns.map(index => Math.max(...cells.map(row => row[index]?.length ?? 0)));
  const text = cells.map(row =>
    usedColumns
      .map((index, position) => (row[index] ?? '').padEnd(widths[position] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const more =
    limit === undefined ? '' : `\nOnly the newest ${String(limit)} requests are shown; --limit shows more.\n`;
  return `${text.join('\n')}\n${more}`;
}

/** The key, with the position of the transfer if the request has several. */
function keyLabel(request: PayoutRequest, { position }: PayoutRecord): string {
  return request.records.length === 1
    ? request.idempotencyKey
    : `${request.idempotencyKey} [${String(position)}]`;
}

function sendsLabel({ sends }: PayoutRequest): string {
  if (sends.firstAt === null) return 'no';
  if (sends.turnedAway) return 'refused with 401, 403 or 429';
  return sends.count === 1 ? 'once' : `${String(sends.count)} times`;
}

/** Why the outcome is unknown, and whether an operator must act. */
function reasonLabel(
  { finding, duplicateIntents, sends, refusal }: PayoutRequest,
  { answer }: PayoutRecord,
): string {
  const parts: string[] = [];
  if (duplicateIntents.length > 0) parts.push(`DUPLICATES AT LEAN: ${duplicateIntents.join(', ')}`);
  if (answer === null) {
    if (finding !== null) parts.push(`${findings[finding].reason} ${finding}`);
    if (sends.grant !== null) parts.push('send again allowed');
    if (refusal?.leanCode != null) parts.push(`Lean answered ${refusal.leanCode}`);
  }
  return parts.join('; ');
}

/** Replaces control characters, because text from callers must not control the terminal. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, '?');
}

function isoTime(epochMs: number | null): string | null {
  return epochMs === null ? null : new Date(epochMs).toISOString();
}
