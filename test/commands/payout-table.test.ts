import { describe, expect, it } from 'vitest';
import { formatJson, formatTable } from '../../src/commands/payout-table.ts';
import type { PayoutRequest } from '../../src/payouts/creation/payout-record.ts';
import { neverSent, type SendHistory } from '../../src/payouts/creation/send-history.ts';
import { transfer } from '../support/test-core.ts';
import { created, rejected } from '../store/store-fixture.ts';

const request: PayoutRequest = {
  caller: '',
  idempotencyKey: 'key-1',
  fingerprint: '',
  leanKey: 'key-1',
  application: 'test',
  upstreamResponse: null,
  records: [
    { position: 0, transfer: transfer(), state: 'unknown', intentId: null, paymentId: null, answer: null },
  ],
  inFlight: false,
  leases: 2,
  sends: {
    ...neverSent,
    count: 2,
    firstAt: Date.parse('2026-03-01T08:30:01Z'),
    lastAt: Date.parse('2026-03-01T08:40:00Z'),
  },
  refusal: null,
  finding: null,
  duplicateIntents: [],
  judgedPayouts: [],
  similarUnknownKey: null,
  createdAt: Date.parse('2026-03-01T08:30:00.123Z'),
  changedAt: Date.parse('2026-03-01T08:40:00Z'),
  checks: 3,
  nextCheckAt: null,
  lastCheckAt: null,
  readAt: Date.parse('2026-03-01T08:50:00Z'),
};

/** The cells of the only line of a table, by column title. */
function cellsOf(change: Partial<PayoutRequest>): Record<string, string> {
  const [header = '', line = ''] = formatTable([{ ...request, ...change }]).split('\n');
  const starts = [...header.matchAll(/\S+(?: \S+)*/g)].map(({ 0: title, index }) => ({ title, index }));
  return Object.fromEntries(
    starts.map(({ title, index }, column) => [title, line.slice(index, starts[column + 1]?.index).trim()]),
  );
}

it('the table has a column CALLER only if a request has a caller', () => {
  expect(formatTable([request])).not.toContain('CALLER');
  expect(formatTable([{ ...request, caller: 'billing' }, request])).toMatch(
    /CALLER\n.* billing\n.*2 times\n$/,
  );
});

it('the table replaces control characters in text from callers', () => {
  const controlCharacters = `\u001b[2J\u202egnp`;
  const table = formatTable([
    {
      ...request,
      caller: controlCharacters,
      records: request.records.map(record => ({
        ...record,
        transfer: transfer(undefined, { externalReference: controlCharacters }),
      })),
    },
  ]);
  expect(table).not.toMatch(/[\u001b\u202e]/);
  expect(table).toContain('?[2J?gnp');
});

describe('the column SENT', () => {
  it.each<[string, SendHistory]>([
    ['no', neverSent],
    ['once', { ...neverSent, count: 1, firstAt: 1 }],
    ['2 times', { ...neverSent, count: 2, firstAt: 1 }],
    ['refused with 401, 403 or 429', { ...neverSent, count: 0, firstAt: 1, turnedAway: true }],
  ])('the column says "%s"', (label, sends) => {
    expect(cellsOf({ sends })['SENT']).toBe(label);
  });
});

describe('the column REASON', () => {
  it('the column is left out if it is empty', () => {
    expect(formatTable([request])).not.toContain('REASON');
  });

  it('the column shows the reason and the finding of an unknown outcome', () => {
    expect(cellsOf({ finding: 'look_alike' })['REASON']).toBe('UNCLEAR look_alike');
    expect(cellsOf({ finding: 'absent' })['REASON']).toBe('WAITING absent');
    expect(cellsOf({ finding: 'needs_decision' })['REASON']).toBe('OPERATOR needs_decision');
  });

  it('the column is empty for a settled transfer', () => {
    const records = request.records.flatMap(record => [
      { ...record, state: 'created' as const, answer: created('i') },
      { ...record, position: 1 },
    ]);
    const [, first = '', second = ''] = formatTable([{ ...request, finding: 'absent', records }]).split('\n');
    expect(first).not.toContain('WAITING');
    expect(second).toContain('WAITING absent');
  });

  it('the column names the duplicate intents, even of a settled request', () => {
    const records = request.records.map(record => ({
      ...record,
      state: 'rejected' as const,
      answer: rejected,
    }));
    expect(cellsOf({ records, duplicateIntents: ['a', 'b'] })['REASON']).toBe('DUPLICATES AT LEAN: a, b');
  });
});

it('the JSON has the sends, the finding and the duplicate intents', () => {
  expect(JSON.parse(formatJson([{ ...request, finding: 'look_alike', duplicateIntents: ['a'] }]))).toEqual([
    {
      idempotencyKey: 'key-1',
      transferIndex: 0,
      caller: '',
      application: 'test',
      state: 'unknown',
      amount: '16.50',
      currency: 'AED',
      accountId: transfer().accountId,
      destinationId: transfer().destinationId,
      description: 'INV 001',
      externalReference: 'order-1',
      payoutId: null,
      intentId: null,
      paymentId: null,
      createdAt: '2026-03-01T08:30:00.123Z',
      firstSentAt: '2026-03-01T08:30:01.000Z',
      lastSentAt: '2026-03-01T08:40:00.000Z',
      changedAt: '2026-03-01T08:40:00.000Z',
      sends: 2,
      reason: 'UNCLEAR',
      finding: 'look_alike',
      refusal: null,
      sendAllowed: false,
      duplicateIntents: ['a'],
      checks: 3,
      nextCheckAt: null,
    },
  ]);
});
