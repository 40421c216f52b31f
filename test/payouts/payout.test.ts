import { describe, expect, it } from 'vitest';
import {
  awaitsTracking,
  outcomeOf,
  type PayoutOutcome,
  type PayoutStatus,
  type PostInitiationStatus,
} from '../../src/payouts/payout.ts';

const trackingStatuses: readonly (PostInitiationStatus | null)[] = [null, 'PROCESSED', 'REJECTED', 'UNKNOWN'];
/** The outcomes of each status, in the order of `trackingStatuses`. */
const outcomes: Readonly<Record<PayoutStatus, readonly (PayoutOutcome | null)[]>> = {
  CREATED: ['IN_PROGRESS', 'PAID', 'NOT_PAID', null],
  AWAITING_AUTHORIZATION: ['IN_PROGRESS', 'PAID', 'NOT_PAID', null],
  PENDING_WITH_BANK: ['IN_PROGRESS', 'PAID', 'NOT_PAID', null],
  ACCEPTED_BY_BANK: ['IN_PROGRESS', 'PAID', 'NOT_PAID', null],
  FAILED: ['NOT_PAID', null, 'NOT_PAID', 'NOT_PAID'],
  AUTHORISATION_FAILED: ['NOT_PAID', null, 'NOT_PAID', 'NOT_PAID'],
  UNKNOWN: [null, 'PAID', 'NOT_PAID', null],
};
const cases = Object.entries(outcomes).flatMap(([status, row]) =>
  trackingStatuses.map((tracking, index) => [status as PayoutStatus, tracking, row[index] ?? null] as const),
);

describe('outcomeOf', () => {
  it.each(cases)('returns for %s with tracking %s the outcome %s', (status, tracking, outcome) => {
    expect(outcomeOf(status, tracking)).toBe(outcome);
  });

  it('does not return PAID for a payout that the bank has only accepted', () => {
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
  ] as const)('returns for %s %s', (status, awaits) => {
    expect(awaitsTracking(status)).toBe(awaits);
  });
});
