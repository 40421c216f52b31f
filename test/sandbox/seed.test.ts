import { describe, expect, it } from 'vitest';
import { isIban } from '../../src/sandbox/iban.ts';
import { exampleIntentId, waitingIntentId } from '../../src/sandbox/named.ts';
import { createSandbox, type SandboxOptions } from '../../src/sandbox/sandbox.ts';
import { callLean, noon } from './lean-caller.ts';

const seeded = (options: SandboxOptions = {}) =>
  createSandbox({ clock: () => noon, ...options }).payouts.all();

describe('the seeded payouts', () => {
  it('are as many as asked for, spread over sixty days, the newest a few minutes old, no two at once', () => {
    const times = seeded().map(payout => Date.parse(payout.createdAt));
    expect(times).toHaveLength(300);
    expect(noon - Math.max(...times)).toBeLessThan(5 * 60_000);
    const day = 86_400_000;
    expect((noon - Math.min(...times)) / day).toBeGreaterThan(59);
    expect((noon - Math.min(...times)) / day).toBeLessThanOrEqual(60);
    expect(new Set(seeded({ payouts: 5000 }).map(payout => payout.createdAt)).size).toBe(5000);
  });

  it('have every status and outcome', () => {
    const found = seeded().map(({ status, postInitiationStatus: post, paymentId }) =>
      [status, ...(post === null ? [] : [post]), paymentId === null ? 'no payment' : 'payment'].join(', '),
    );
    expect([...new Set(found)].sort()).toEqual([
      'ACCEPTED_BY_BANK, PROCESSED, payment',
      'ACCEPTED_BY_BANK, REJECTED, payment',
      'ACCEPTED_BY_BANK, payment',
      'AUTHORISATION_FAILED, payment',
      'AWAITING_AUTHORIZATION, no payment',
      'CREATED, no payment',
      'FAILED, no payment',
      'FAILED, payment',
      'PENDING_WITH_BANK, payment',
      'UNDER_REVIEW, payment',
    ]);
  });

  it('have references for most intents, and one amount that no double holds', () => {
    const payouts = seeded();
    const referenced = payouts.filter(payout => /^INV-2026-\d{4}$/.test(payout.externalReference ?? ''));
    expect(referenced.length).toBeGreaterThan(180);
    expect(referenced.length).toBeLessThan(280);
    expect(payouts.filter(payout => payout.amount === '912345678901234.56')).toHaveLength(1);
  });

  it('are an intent each', () => {
    const payouts = seeded({ payouts: 5000 });
    expect(new Set(payouts.map(({ intentId }) => intentId)).size).toBe(payouts.length);
  });

  it('are the same in every profile, but for money and banks', () => {
    const [v2, v1, ksa] = (['v2', 'v1', 'ksa'] as const).map(profile =>
      seeded({ profile }).map(payout => ({ ...payout, currency: '', externalReference: null })),
    );
    expect(v1).toEqual(v2);
    expect(ksa).toEqual(v2);
  });

  it.each(['v2', 'ksa'] as const)(
    'go to destinations that can be asked for, with valid IBANs, in %s',
    async profile => {
      const { sandbox, get } = await callLean({ profile, payouts: 300 });
      const ids = new Set(sandbox.payouts.all().map(payout => payout.destinationId));
      expect(ids.size).toBeGreaterThan(20);
      for (const id of ids) {
        const { json } = await get(`/payouts/v1/payment/destinations/${id}`);
        expect(isIban(json.iban)).toBe(true);
      }
    },
  );

  it('begin with the example and the waiting intent', () => {
    expect(seeded({ payouts: 2 }).map(payout => payout.intentId)).toEqual([exampleIntentId, waitingIntentId]);
    expect(seeded({ payouts: 0 })).toEqual([]);
  });

  it('follow the seed', () => {
    expect(seeded({ seed: 7 })).toEqual(seeded({ seed: 7 }));
    expect(seeded({ seed: 7 })).not.toEqual(seeded({ seed: 8 }));
  });
});
