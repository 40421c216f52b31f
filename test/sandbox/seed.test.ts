import { describe, expect, it } from 'vitest';
import { compareAccounts } from '../../src/payouts/creation/resemblance.ts';
import { exampleIntentId, waitingIntentId } from '../../src/sandbox/fixtures.ts';
import { createSandbox, type SandboxOptions } from '../../src/sandbox/sandbox.ts';
import { startTestSandbox, noon } from './test-sandbox.ts';

const seededPayouts = (options: SandboxOptions = {}) =>
  createSandbox({ clock: () => noon, ...options }).payouts.all();

describe('the seeded payouts', () => {
  it('are spread over sixty days, with different creation times and the newest a few minutes old', () => {
    const times = seededPayouts().map(payout => Date.parse(payout.createdAt));
    expect(times).toHaveLength(300);
    expect(noon - Math.max(...times)).toBeLessThan(5 * 60_000);
    const day = 86_400_000;
    expect((noon - Math.min(...times)) / day).toBeGreaterThan(59);
    expect((noon - Math.min(...times)) / day).toBeLessThanOrEqual(60);
    expect(new Set(seededPayouts({ payouts: 5000 }).map(payout => payout.createdAt)).size).toBe(5000);
  });

  it('have every status and every outcome', () => {
    const found = seededPayouts().map(({ status, postInitiationStatus: post, paymentId }) =>
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

  it('have references for most intents, and one amount that a double cannot represent', () => {
    const payouts = seededPayouts();
    const referenced = payouts.filter(payout => /^INV-2026-\d{4}$/.test(payout.externalReference ?? ''));
    expect(referenced.length).toBeGreaterThan(180);
    expect(referenced.length).toBeLessThan(280);
    expect(payouts.filter(payout => payout.amount === '912345678901234.56')).toHaveLength(1);
  });

  it('have one intent each, because Lean is not known to pay an intent twice', () => {
    const payouts = seededPayouts();
    expect(new Set(payouts.map(({ intentId }) => intentId)).size).toBe(payouts.length);
  });

  it('are the same in every profile, except for currency and references', () => {
    const [v2, v1, ksa] = (['v2', 'v1', 'ksa'] as const).map(profile =>
      seededPayouts({ profile }).map(payout => ({ ...payout, currency: '', externalReference: null })),
    );
    expect(v1).toEqual(v2);
    expect(ksa).toEqual(v2);
  });

  it.each(['v2', 'ksa'] as const)(
    'go to existing destinations with valid IBANs in profile %s',
    async profile => {
      const { sandbox, get } = await startTestSandbox({ profile, payouts: 300 });
      const ids = new Set(sandbox.payouts.all().map(payout => payout.destinationId));
      expect(ids.size).toBeGreaterThan(20);
      for (const id of ids) {
        const { json } = await get(`/payouts/v1/payment/destinations/${id}`);
        // Only valid IBANs compare as the same account.
        expect(compareAccounts(json.iban, json.iban)).toBe('same');
      }
    },
  );

  it('start with the example and the waiting intent', () => {
    expect(seededPayouts({ payouts: 2 }).map(payout => payout.intentId)).toEqual([
      exampleIntentId,
      waitingIntentId,
    ]);
    expect(seededPayouts({ payouts: 0 })).toEqual([]);
  });

  it('depend on the seed', () => {
    expect(seededPayouts({ seed: 7 })).toEqual(seededPayouts({ seed: 7 }));
    expect(seededPayouts({ seed: 7 })).not.toEqual(seededPayouts({ seed: 8 }));
  });
});
