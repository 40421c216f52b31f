import { describe, expect, it } from 'vitest';
import { type DestinationBehaviour, destinations } from '../../src/sandbox/fixtures.ts';
import { startTestSandbox, creationBody } from './test-sandbox.ts';

/** The expected state of a payout, `at` seconds after its creation at speed 1. */
type ExpectedState = readonly [
  at: number,
  status: string,
  postInitiationStatus: string | null,
  payment: boolean,
];

const expectedStates: Record<Exclude<DestinationBehaviour, 'slow' | 'refused'>, readonly ExpectedState[]> = {
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
  it.each(Object.keys(expectedStates) as (keyof typeof expectedStates)[])(
    'a payout to %s goes through its documented lifecycle',
    async behaviour => {
      const { create, list, advance } = await startTestSandbox({ speed });
      const created = await create(creationBody(destinations[behaviour]));
      expect(created.status).toBe(200);
      let elapsed = 0;
      for (const [at, status, post, payment] of expectedStates[behaviour]) {
        advance(at / speed - elapsed);
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

  it('a payout without automatic authorisation waits for a person', async () => {
    const { create, sandbox, advance } = await startTestSandbox({ speed });
    await create(creationBody(destinations.pays, { authorize_payment: false }));
    const statuses: string[] = [];
    for (const step of [0, 1, 18.9, 0.1, 6]) {
      advance(step / speed);
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

it('a payout that fails at once gets the status 200 with an error message in the body', async () => {
  const { create } = await startTestSandbox();
  const { json } = await create(creationBody(destinations.failsAtOnce));
  expect(json.payouts_payment_details[0].destination_details).toMatchObject({
    payment_status: 'FAILED',
    error_message: expect.stringMatching(/\w/),
  });
});

it('a payout to the slow destination gets a late response and is paid', async () => {
  const { create, sandbox, advance } = await startTestSandbox({ speed: 30 });
  const startedAt = performance.now();
  await create(creationBody(destinations.slow));
  expect(performance.now() - startedAt).toBeGreaterThan(90);
  advance(8);
  expect(sandbox.payouts.all()[0]?.postInitiationStatus).toBe('PROCESSED');
});

it('a payment that the bank failed has a code for the reason', async () => {
  const { create, get, advance, list } = await startTestSandbox();
  await create(creationBody(destinations.failsAtBank));
  advance(8);
  const [row] = await list();
  const { json } = await get(`/payouts/v1/${row.payment_id}`);
  expect(json).toMatchObject({ status: 'FAILED', granular_status_code: 'BANK_ISSUE' });
});

describe('payouts.authorize', () => {
  it('sends a waiting payout to the bank at once', async () => {
    const { create, sandbox, advance } = await startTestSandbox();
    await create(creationBody(destinations.waitsForAuthorization));
    advance(100);
    const intentId = sandbox.payouts.all()[0]?.intentId ?? '';
    expect(sandbox.payouts.authorize(intentId)).toBe('authorized');
    expect(sandbox.payouts.all()[0]).toMatchObject({
      status: 'ACCEPTED_BY_BANK',
      postInitiationStatus: null,
    });
    advance(6);
    expect(sandbox.payouts.all()[0]?.postInitiationStatus).toBe('PROCESSED');
    expect(sandbox.payouts.authorize(intentId)).toBe('not_waiting');
  });

  it('replaces the authorisation that the lifecycle would bring later', async () => {
    const { create, sandbox, advance } = await startTestSandbox();
    await create(creationBody(destinations.failsAtBank, { authorize_payment: false }));
    advance(5);
    sandbox.payouts.authorize(sandbox.payouts.all()[0]?.intentId ?? '');
    advance(6);
    expect(sandbox.payouts.all()[0]).toMatchObject({ status: 'FAILED', updatedAt: '2026-06-01T12:00:11Z' });
  });

  it('returns unknown for an unknown id', async () => {
    const { sandbox } = await startTestSandbox();
    expect(sandbox.payouts.authorize('nobody')).toBe('unknown');
  });
});
