import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LeanPayoutRow } from '../../src/lean/wire.ts';
import {
  DetailCache,
  maxAgeMs,
  stableAfterMs,
  type DetailName,
  type PayoutDetails,
} from '../../src/payouts/detail-cache.ts';
import { intentFromLean, payoutFromPayment } from '../../src/payouts/from-lean.ts';
import { historyFromLean } from '../../src/payouts/history.ts';
import type { PayoutRow } from '../../src/payouts/payout.ts';
import { paidRow } from '../support/payout-rows.ts';

const updatedAt = Date.parse('2026-03-01T12:00:00Z');

/** Details that fit `paidRow`, unless they are changed. */
function detailsOf(change: { readonly status?: string; readonly id?: string } = {}): PayoutDetails {
  const payment = {
    id: 'p',
    payment_intent_id: 'i',
    status: 'ACCEPTED_BY_BANK',
    post_initiation_status: 'PROCESSED',
    amount: 1,
    currency: 'AED',
    ...change,
  };
  const events = [{ event: 'payment.created', status: 'CREATED', published_at: '2026-03-01T12:00:00Z' }];
  const intent = intentFromLean({ payment_intent_id: 'i', payment }, 'i');
  const payout = payoutFromPayment(payment);
  if (intent === undefined || payout === undefined) throw new Error('the details cannot be read');
  return { intent, payment: payout, history: historyFromLean({ payments: [{ events }] }, 'i') };
}

/** A cache whose clock stands at the first moment at which `paidRow` is stable. */
function cacheWithClock(bytes = 100_000, leanTimeoutMs = 0) {
  const clock: { time: number | undefined; now(): number | undefined; monotonic: number } = {
    time: updatedAt + stableAfterMs,
    now: () => clock.time,
    monotonic: 0,
  };
  const cache = new DetailCache(bytes, clock, { leanTimeoutMs, monotonic: () => clock.monotonic });
  return { cache, clock };
}

/** Reads and caches a detail, as a request does. */
function add(cache: DetailCache, row: PayoutRow, name: DetailName, details = detailsOf()): void {
  const read = cache.begin(row);
  if (read !== undefined) cache.end(read, name, details[name]);
}

const names = ['intent', 'payment', 'history'] as const;

describe('the detail cache', () => {
  it.each([
    ['keeps', 'of the payment of the row', 'p', true],
    ['does not keep', 'of another payment', 'other', false],
  ])('%s a history %s', (_verb, _whose, payment_id, isKept) => {
    const { cache } = cacheWithClock();
    const events = [{ event: 'payment.created', status: 'CREATED', published_at: '2026-03-01T12:00:00Z' }];
    const history = historyFromLean({ content: [{ payment_id, events }] }, 'i');
    add(cache, paidRow(), 'history', { ...detailsOf(), history });
    expect(cache.get(paidRow(), 'history') === history).toBe(isKept);
  });

  it('returns each detail that was read while the list showed the same row', () => {
    const { cache } = cacheWithClock();
    const details = detailsOf();
    for (const name of names) add(cache, paidRow(), name, details);
    for (const name of names) expect(cache.get(paidRow(), name)).toBe(details[name]);
    expect(cache.statistics).toMatchObject({ hits: 3, misses: 0 });
  });

  it('returns nothing for a row that differs in any field, also in one that the gateway does not read', () => {
    const { cache } = cacheWithClock();
    add(cache, paidRow(), 'intent');
    expect(cache.get(paidRow({ new_field: 'x' } as LeanPayoutRow), 'intent')).toBeUndefined();
    expect(cache.get(paidRow({ recipient_name: 'x' }), 'intent')).toBeUndefined();
    expect(cache.get(paidRow(), 'intent')).toBeDefined();
    expect(cache.statistics).toMatchObject({ hits: 1, misses: 2 });
  });

  it('keeps the row of the read, and not the equal rows of later requests', () => {
    const { cache } = cacheWithClock();
    const row = paidRow();
    add(cache, row, 'intent');
    cache.get(paidRow(), 'intent');
    expect(cache.sameRow(paidRow())).toBe(row);
    const changed = paidRow({ recipient_name: 'x' });
    expect(cache.sameRow(changed)).toBe(changed);
  });

  it.each([
    ['awaits its tracking', { post_initiation_status: null }],
    ['has no tracking', { post_initiation_status: undefined }],
    ['has an unknown status', { status: 'NEW', post_initiation_status: null }],
    ['contradicts itself', { status: 'FAILED' }],
    ['carries no time of its last change', { updated_at: undefined }],
    ['carries null as the time of its last change', { updated_at: null }],
  ])('caches nothing of a row that %s', (_, change) => {
    const { cache } = cacheWithClock();
    add(cache, paidRow(change), 'history');
    expect(cache.get(paidRow(change), 'history')).toBeUndefined();
    expect(cache.statistics).toEqual({ hits: 0, misses: 0, bytes: 0 });
  });

  it.each([
    ['FAILED', null],
    ['AUTHORISATION_FAILED', null],
    ['ACCEPTED_BY_BANK', 'REJECTED'],
    ['PENDING_WITH_BANK', 'PROCESSED'],
  ])('caches the details of a payout that is %s with the tracking %s', (status, tracking) => {
    const { cache } = cacheWithClock();
    const row = paidRow({ status, post_initiation_status: tracking });
    add(cache, row, 'history');
    expect(cache.get(row, 'history')).toBeDefined();
  });

  it('caches nothing that was requested less than a minute after the last change, by the clock of Lean', () => {
    const { cache, clock } = cacheWithClock();
    for (const time of [undefined, updatedAt - 1, updatedAt + stableAfterMs - 1]) {
      clock.time = time;
      expect(cache.begin(paidRow())).toBeUndefined();
    }
  });

  it('returns nothing that is ten minutes old, or whose age is unknown', () => {
    const { cache, clock } = cacheWithClock();
    const asked = updatedAt + stableAfterMs;
    add(cache, paidRow(), 'intent');
    const found = [asked + maxAgeMs - 1, asked + maxAgeMs, undefined, asked - 1].map(time => {
      clock.time = time;
      return cache.get(paidRow(), 'intent') !== undefined;
    });
    expect(found).toEqual([true, false, false, false]);
  });

  it('returns nothing that is ten minutes old by the clock of this machine, whatever the clock of Lean says', () => {
    const { cache, clock } = cacheWithClock();
    add(cache, paidRow(), 'intent');
    const found = [maxAgeMs - 1, maxAgeMs].map(monotonic => {
      clock.monotonic = monotonic;
      return cache.get(paidRow(), 'intent') !== undefined;
    });
    expect(found).toEqual([true, false]);
  });

  it('waits longer after the last change if a call to Lean may take longer than a minute', () => {
    const { cache, clock } = cacheWithClock(100_000, 3 * stableAfterMs);
    clock.time = updatedAt + 3 * stableAfterMs - 1;
    expect(cache.begin(paidRow())).toBeUndefined();
    clock.time += 1;
    expect(cache.begin(paidRow())).toBeDefined();
  });

  it('counts the age from when Lean was asked, and for each detail', () => {
    const { cache, clock } = cacheWithClock();
    const asked = updatedAt + stableAfterMs;
    const read = cache.begin(paidRow());
    clock.time = asked + 5000;
    if (read !== undefined) cache.end(read, 'intent', detailsOf().intent);
    add(cache, paidRow(), 'history');
    clock.time = asked + maxAgeMs;
    expect(cache.get(paidRow(), 'intent')).toBeUndefined();
    expect(cache.get(paidRow(), 'history')).toBeDefined();
  });

  it('does not cache an answer that Lean lacks, or that does not fit the row', () => {
    const { cache } = cacheWithClock();
    const unfit: readonly [DetailName, PayoutDetails[DetailName] | null | undefined][] = [
      ['intent', undefined],
      ['intent', null],
      ['history', []],
      ['intent', detailsOf({ status: 'PENDING_WITH_BANK' }).intent],
      ['intent', detailsOf({ id: 'q' }).intent],
      ['payment', detailsOf({ id: 'q' }).payment],
    ];
    for (const [name, value] of unfit) {
      const read = cache.begin(paidRow());
      if (read !== undefined) cache.end(read, name, value);
      expect(cache.get(paidRow(), name)).toBeUndefined();
    }
  });

  it('drops all details of a payout when an answer contradicts its row', () => {
    for (const unfit of [null, detailsOf({ status: 'PENDING_WITH_BANK' }).intent]) {
      const { cache } = cacheWithClock();
      add(cache, paidRow(), 'history');
      const read = cache.begin(paidRow());
      if (read !== undefined) cache.end(read, 'intent', unfit);
      expect(cache.get(paidRow(), 'history')).toBeUndefined();
    }
  });

  it.each(['i', 'p'])('drops a payout by the id %s of its intent or payment', id => {
    const { cache } = cacheWithClock();
    for (const name of names) add(cache, paidRow(), name);
    cache.drop(id);
    for (const name of names) expect(cache.get(paidRow(), name)).toBeUndefined();
    expect(cache.statistics.bytes).toBe(0);
  });

  it.each(['i', 'p'])('does not cache an answer if the payout %s was dropped while Lean was asked', id => {
    const { cache } = cacheWithClock();
    const [first, second] = [cache.begin(paidRow()), cache.begin(paidRow())];
    if (first !== undefined) cache.end(first, 'intent', detailsOf().intent);
    cache.drop(id);
    if (second !== undefined) cache.end(second, 'history', detailsOf().history);
    for (const name of names) expect(cache.get(paidRow(), name)).toBeUndefined();
    add(cache, paidRow(), 'history');
    expect(cache.get(paidRow(), 'history')).toBeDefined();
  });

  it('replaces the details of a row that has changed', () => {
    const { cache, clock } = cacheWithClock();
    for (const name of names) add(cache, paidRow(), name);
    clock.time = updatedAt + 2 * stableAfterMs;
    const changed = paidRow({ updated_at: '2026-03-01T12:01:00Z' });
    add(cache, changed, 'history');
    expect(cache.get(changed, 'history')).toBeDefined();
    expect(cache.get(changed, 'intent')).toBeUndefined();
    expect(cache.get(paidRow(), 'intent')).toBeUndefined();
  });

  it('caches nothing if it has no memory', () => {
    const { cache } = cacheWithClock(0);
    add(cache, paidRow(), 'intent');
    expect(cache.get(paidRow(), 'intent')).toBeUndefined();
    expect(cache.statistics).toEqual({ hits: 0, misses: 0, bytes: 0 });
  });

  it('holds the payouts that were used last, and no more than its bytes allow', () => {
    const use = fc.record({ index: fc.nat({ max: 20 }), text: fc.nat({ max: 4000 }) });
    fc.assert(
      fc.property(fc.integer({ min: 3000, max: 40_000 }), fc.array(use), (bytes, uses) => {
        const { cache } = cacheWithClock(bytes);
        for (const { index, text } of uses) {
          const row = paidRow({
            payment_intent_id: `i${String(index)}`,
            payment_id: `p${String(index)}`,
            description: 'x'.repeat(text),
          });
          add(cache, row, 'history');
          const { bytes: held } = cache.statistics;
          expect(held).toBeLessThanOrEqual(bytes);
          expect(cache.get(row, 'history') !== undefined).toBe(held > 0 && fits(row, bytes));
        }
      }),
      { seed: 20_261_129 },
    );
  });
});

/** Whether a cache of this size can hold a payout with this row alone. */
function fits(row: PayoutRow, bytes: number): boolean {
  const { cache } = cacheWithClock(bytes);
  add(cache, row, 'history');
  return cache.statistics.bytes > 0;
}
