import { describe, expect, it } from 'vitest';
import {
  awaitsTracking,
  outcomeOf,
  type PayoutOutcome,
  type PayoutStatus,
  type PostInitiationStatus,
} from '../../src/payouts/payout.ts';

const columns: readonly (PostInitiationStatus | null)[] = [null, 'PROCESSED', 'REJECTED', 'UNKNOWN'];
const table: Readonly<Record<PayoutStatus, readonly (PayoutOutcome | null)[]>> = {
  CREATED: ['IN_PROGRESS', 'PAID', 'NOT_PAID', null],
  AWAITING_AUTHORIZATION: ['IN_PROGRESS', 'PAID', 'NOT_PAID', null],
  PENDING_WITH_BANK: ['IN_PROGRESS', 'PAID', 'NOT_PAID', null],
  ACCEPTED_BY_BANK: ['IN_PROGRESS', 'PAID', 'NOT_PAID', null],
  FAILED: ['NOT_PAID', null, 'NOT_PAID', 'NOT_PAID'],
  AUTHORISATION_FAILED: ['NOT_PAID', null, 'NOT_PAID', 'NOT_PAID'],
  UNKNOWN: [null, 'PAID', 'NOT_PAID', null],
};
const cells = Object.entries(table).flatMap(([status, outcomes]) =>
  columns.map((tracked, index) => [status as PayoutStatus, tracked, outcomes[index] ?? null] as const),
);

describe('outcomeOf', () => {
  it.each(cells)('of %s with %s is %s', (status, tracked, outcome) => {
    expect(outcomeOf(status, tracked)).toBe(outcome);
  });

  it('calls nothing paid that the bank has only accepted', () => {
    expect(outcomeOf('ACCEPTED_BY_BANK', null)).not.toBe('PAID');
  });
});

describe('awaitsTracking', () => {
  it.each([
    ['CREATED', false],
    ['AWAITING_AUTHORIZATION', false],
    ['PENDING_WITH_BANK', true],
    ['ACCEPTED_BY_BANK', true],
    ['FAILED', false],
    ['AUTHORISATION_FAILED', false],
    ['UNKNOWN', true],
  ] as const)('of %s is %s', (status, awaits) => {
    expect(awaitsTracking(status)).toBe(awaits);
  });
});
