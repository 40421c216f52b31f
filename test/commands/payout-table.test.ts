import { expect, it } from 'vitest';
import { asTable } from '../../src/commands/payout-table.ts';
import type { PayoutRequest } from '../../src/payouts/payout-record.ts';
import { transfer } from '../support/creating.ts';

const request: PayoutRequest = {
  caller: '',
  idempotencyKey: 'key-1',
  fingerprint: '',
  leanWord: null,
  records: [
    { position: 0, transfer: transfer(), state: 'sent', intentId: null, paymentId: null, answer: null },
  ],
  underWay: true,
  attempts: 2,
  createdAt: Date.parse('2026-03-01T08:30:00.123Z'),
  firstSentAt: Date.parse('2026-03-01T08:30:01Z'),
  lastSentAt: Date.parse('2026-03-01T08:40:00Z'),
  changedAt: Date.parse('2026-03-01T08:40:00Z'),
  checks: 0,
  nextCheckAt: null,
};

it('a table has a column for callers only where they are told apart', () => {
  expect(asTable([request])).not.toContain('CALLER');
  expect(asTable([{ ...request, caller: 'billing' }, request])).toMatch(/CALLER\n.* billing\n.*2 times\n$/);
});

it('nothing that a caller wrote can steer a terminal', () => {
  const steering = `\u001b[2J\u202egnp`;
  const table = asTable([
    {
      ...request,
      caller: steering,
      records: request.records.map(record => ({
        ...record,
        transfer: transfer(undefined, { externalReference: steering }),
      })),
    },
  ]);
  expect(table).not.toMatch(/[\u001b\u202e]/);
  expect(table).toContain('?[2J?gnp');
});
