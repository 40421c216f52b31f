import { describe, expect, it } from 'vitest';
import { type Behaviour, destinations } from '../../src/sandbox/named.ts';
import { callLean, order } from './lean-caller.ts';

type Standing = readonly [at: number, status: string, postInitiationStatus: string | null, payment: boolean];

const automatic: Record<Exclude<Behaviour, 'slow' | 'refused'>, readonly Standing[]> = {
  pays: [
    [0, 'CREATED', null, false],
    [2, 'ACCEPTED_BY_BANK', null, true],
    [8, 'ACCEPTED_BY_BANK', 'PROCESSED', true],
  ],
  waitsForAuthorization: [
    [0, 'CREATED', null, false],
    [1, 'AWAITING_AUTHORIZATION', null, false],
    [99, 'AWAITING_AUTHORIZATION', null, false],
  ],
  failsAtOnce: [
    [0, 'FAILED', null, false],
    [99, 'FAILED', null, false],
  ],
  failsAtBank: [
    [0, 'CREATED', null, false],
    [2, 'PENDING_WITH_BANK', null, true],
    [8, 'FAILED', null, true],
  ],
  rejectedAfterAcceptance: [
    [0, 'CREATED', null, false],
    [2, 'ACCEPTED_BY_BANK', null, true],
    [8, 'ACCEPTED_BY_BANK', 'REJECTED', true],
  ],
  staysPending: [
    [0, 'CREATED', null, false],
    [2, 'PENDING_WITH_BANK', null, true],
    [99, 'PENDING_WITH_BANK', null, true],
  ],
  authorisationFails: [
    [0, 'CREATED', null, false],
    [2, 'AUTHORISATION_FAILED', null, true],
    [99, 'AUTHORISATION_FAILED', null, true],
  ],
};

describe.each([1, 10])('at speed %i', speed => {
  it.each(Object.keys(automatic) as (keyof typeof automatic)[])(
    'a payout to %s lives as documented',
    async behaviour => {
      const { create, list, pass } = await callLean({ speed });
      const created = await create(order(destinations[behaviour]));
      expect(created.status).toBe(200);
      let elapsed = 0;
      for (const [at, status, post, payment] of automatic[behaviour]) {
        pass(at / speed - elapsed);
        elapsed = at / speed;
        const [row] = await list();
        expect([row.status, row.post_initiation_status, 'payment_id' in row]).toEqual([
          status,
          post,
          payment,
        ]);
      }
    },
  );

  it('a payout that a person authorises waits for one', async () => {
    const { create, sandbox, pass } = await callLean({ speed });
    await create(order(destinations.pays, { authorize_payment: false }));
    const statuses: string[] = [];
    for (const step of [0, 1, 18.9, 0.1, 6]) {
      pass(step / speed);
      const [payout] = sandbox.payouts.all();
      statuses.push(`${payout?.status ?? ''} ${payout?.postInitiationStatus ?? ''}`.trim());
    }
    expect(statuses).toEqual([
      'CREATED',
      'AWAITING_AUTHORIZATION',
      'AWAITING_AUTHORIZATION',
      'ACCEPTED_BY_BANK',
      'ACCEPTED_BY_BANK PROCESSED',
    ]);
  });
});

it('says why a payout failed at once, inside a 200', async () => {
  const { create } = await callLean();
  const { json } = await create(order(destinations.failsAtOnce));
  expect(json.payouts_payment_details[0].destination_details).toMatchObject({
    payment_status: 'FAILED',
    error_message: expect.stringMatching(/\w/),
  });
});

it('answers late for the slow destination, and pays', async () => {
  const { create, sandbox, pass } = await callLean({ speed: 30 });
  const begun = performance.now();
  await create(order(destinations.slow));
  expect(performance.now() - begun).toBeGreaterThan(90);
  pass(8);
  expect(sandbox.payouts.all()[0]?.postInitiationStatus).toBe('PROCESSED');
});

it('knows why the bank failed a payment', async () => {
  const { create, get, pass, list } = await callLean();
  await create(order(destinations.failsAtBank));
  pass(8);
  const [row] = await list();
  const { json } = await get(`/payouts/v1/${row.payment_id}`);
  expect(json).toMatchObject({ status: 'FAILED', granular_status_code: 'BANK_ISSUE' });
});

describe('authorising by hand', () => {
  it('sends a waiting payout to the bank at once', async () => {
    const { create, sandbox, pass } = await callLean();
    await create(order(destinations.waitsForAuthorization));
    pass(100);
    const intentId = sandbox.payouts.all()[0]?.intentId ?? '';
    expect(sandbox.payouts.authorize(intentId)).toBe('authorized');
    expect(sandbox.payouts.all()[0]).toMatchObject({
      status: 'ACCEPTED_BY_BANK',
      postInitiationStatus: null,
    });
    pass(6);
    expect(sandbox.payouts.all()[0]?.postInitiationStatus).toBe('PROCESSED');
    expect(sandbox.payouts.authorize(intentId)).toBe('not_waiting');
  });

  it('comes before the person who would have done it', async () => {
    const { create, sandbox, pass } = await callLean();
    await create(order(destinations.failsAtBank, { authorize_payment: false }));
    pass(5);
    sandbox.payouts.authorize(sandbox.payouts.all()[0]?.intentId ?? '');
    pass(6);
    expect(sandbox.payouts.all()[0]).toMatchObject({ status: 'FAILED', updatedAt: '2026-06-01T12:00:11Z' });
  });

  it('knows no other ids', async () => {
    const { sandbox } = await callLean();
    expect(sandbox.payouts.authorize('nobody')).toBe('unknown');
  });
});
