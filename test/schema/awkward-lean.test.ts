import { describe, expect, it } from 'vitest';
import { payoutIdOf } from '../../src/payouts/ids.ts';
import { destinations, exampleIntentId } from '../../src/sandbox/named.ts';
import { payoutInput } from '../support/payout-input.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';

/*
 * One payout is one thing also where Lean's list is long, cut, late or poor, and where its answers break off.
 */

const byId = (fields: string): string => `query ($id: ID!) { payout(id: $id) { ${fields} } }`;

/** Payouts that were paid, each a second after the one before, all of one amount. */
function addPaid(gateway: TestGateway, count: number): readonly string[] {
  const start = Date.now() - 3_600_000;
  return Array.from({ length: count }, (_, index) => {
    const createdAt = new Date(start + index * 1000).toISOString();
    return gateway.lean.payouts.add({ amount: '10', createdAt, postInitiationStatus: 'PROCESSED' }).intentId;
  });
}

async function createdAtOf(gateway: TestGateway, intentIds: readonly string[]): Promise<readonly unknown[]> {
  const { data, errors } = await gateway.run<{ _entities: { createdAt: string | null }[] }>(
    'query ($of: [_Any!]!) { _entities(representations: $of) { ... on Payout { createdAt } } }',
    { of: intentIds.map(intentId => ({ __typename: 'Payout', intentId })) },
  );
  expect(errors).toBeUndefined();
  return data?._entities.map(({ createdAt }) => createdAt) ?? [];
}

describe('what only lists carry is found', () => {
  it('among hundreds of payouts of one amount that were made one after the other', async () => {
    const gateway = await startTestGateway({
      sandbox: { payouts: 0 },
      env: { READ_CACHE_MB: '0', MAX_UPSTREAM_CALLS: '1000' },
    });
    const ids = addPaid(gateway, 300);
    expect(await createdAtOf(gateway, ids.slice(100, 200))).not.toContain(null);
  });

  it('where Lean gives fewer rows than were asked for', async () => {
    const gateway = await startTestGateway({ sandbox: { payouts: 0 }, env: { READ_CACHE_MB: '0' } });
    gateway.lean.behaviour.listCap = 40;
    const createdAt = new Date(Date.now() - 3_600_000).toISOString();
    const ids = Array.from(
      { length: 60 },
      () => gateway.lean.payouts.add({ amount: '10', createdAt }).intentId,
    );
    expect(await createdAtOf(gateway, ids)).not.toContain(null);
  });
});

describe('a payout has one status', () => {
  it('in every row of one page, where Lean has made two payments of its intent', async () => {
    const gateway = await startTestGateway({ sandbox: { payouts: 0 }, env: { READ_CACHE_MB: '0' } });
    const intentId = 'c0000000-0000-4000-8000-00000000abcd';
    const at = (day: number): string => `2026-01-0${String(day)}T00:00:00Z`;
    gateway.lean.payouts.add({ intentId, status: 'FAILED', createdAt: at(1) });
    gateway.lean.payouts.add({ intentId, postInitiationStatus: 'PROCESSED', createdAt: at(2) });
    for (const listOrder of ['newest', 'unsorted'] as const) {
      gateway.lean.behaviour.listOrder = listOrder;
      const { data } = await gateway.run('{ payouts { nodes { id outcome updatedAt paymentId } } }');
      const { payouts } = data as { payouts: { nodes: { outcome: string }[] } };
      expect(payouts.nodes).toHaveLength(2);
      expect(payouts.nodes[0]).toEqual(payouts.nodes[1]);
      expect(payouts.nodes[0]?.outcome).toBe('PAID');
    }
  });

  it('and that is not the one that it was created with, where the list could not be read to its end', async () => {
    const gateway = await startTestGateway({ sandbox: { payouts: 0 }, env: { READ_CACHE_MB: '0' } });
    const create = `mutation ($input: CreatePayoutInput!) { createPayout(input: $input) {
      ... on PayoutCreated { payoutId intentId } } }`;
    const { data } = await gateway.run<{ createPayout: { payoutId: string; intentId: string } }>(create, {
      input: payoutInput('crowd'),
    });
    const { payoutId = '', intentId = '' } = data?.createPayout ?? {};
    gateway.lean.payouts.change(intentId, { status: 'AWAITING_AUTHORIZATION' });
    const own = gateway.lean.payouts.all()[0];
    for (let index = 0; index < 250; index += 1)
      gateway.lean.payouts.add({ amount: own?.amount ?? '', createdAt: own?.createdAt ?? '' });
    const { data: read, errors } = await gateway.run(byId('status'), { id: payoutId });
    expect(read).toEqual({ payout: null });
    expect(errors).toMatchObject([{ extensions: { code: 'LEAN_ROW_NOT_FOUND' } }]);
  });

  it('which our record tells, where Lean failed it at once and does not list it yet', async () => {
    const gateway = await startTestGateway();
    gateway.lean.behaviour.listingMs = 3_600_000;
    const { data, errors } = await gateway.run(
      `mutation ($input: CreatePayoutInput!) { createPayout(input: $input) {
        ... on PayoutRejected { payout { status outcome } } } }`,
      { input: { ...payoutInput('fails'), destinationId: destinations.failsAtOnce } },
    );
    expect(errors).toBeUndefined();
    expect(data).toEqual({ createPayout: { payout: { status: 'FAILED', outcome: 'NOT_PAID' } } });
  });
});

it('two words that contradict each other have no outcome, by whichever way', async () => {
  const gateway = await startTestGateway({ sandbox: { payouts: 0 } });
  gateway.lean.behaviour.answers = 'documented';
  const { intentId, paymentId } = gateway.lean.payouts.add({
    status: 'FAILED',
    postInitiationStatus: 'PROCESSED',
  });
  const { data, errors } = await gateway.run(
    `query ($id: ID!, $payment: ID!) { payouts { nodes { outcome } } payout(id: $id) { outcome }
      payoutByPayment(paymentId: $payment) { outcome } }`,
    { id: payoutIdOf(intentId), payment: paymentId },
  );
  expect(errors).toBeUndefined();
  const outcome = { outcome: null };
  expect(data).toEqual({ payouts: { nodes: [outcome] }, payout: outcome, payoutByPayment: outcome });
});

describe('one answer that broke off says little of what Lean offers:', () => {
  it('an unknown id does not make an older application a newer one', async () => {
    const gateway = await startTestGateway({ sandbox: { profile: 'ksa' } });
    gateway.lean.faults.add({ kind: 'status', status: 404, operation: 'getPayoutIntent', times: 1 });
    const variables = { id: payoutIdOf(exampleIntentId) };
    await gateway.run(byId('status'), variables);
    const { data, errors } = await gateway.run(byId('status'), variables);
    expect(errors).toBeUndefined();
    expect(data).toEqual({ payout: { status: 'ACCEPTED_BY_BANK' } });
  });

  it('a path that is not there, once, costs no more than that answer', async () => {
    const gateway = await startTestGateway();
    const variables = { id: payoutIdOf(exampleIntentId) };
    await gateway.run(byId('statusDetails'), variables);
    gateway.lean.faults.add({ kind: 'status', status: 404, code: 'INVALID_URL', times: 1 });
    await gateway.run(byId('statusDetails'), variables);
    const { errors } = await gateway.run(byId('statusDetails'), variables);
    expect(errors).toBeUndefined();
  });
});
