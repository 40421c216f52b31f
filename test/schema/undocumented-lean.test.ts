import { describe, expect, it } from 'vitest';
import { payoutIdOf } from '../../src/payouts/values/ids.ts';
import { destinations, exampleIntentId } from '../../src/sandbox/fixtures.ts';
import type { SandboxOptions } from '../../src/sandbox/sandbox.ts';
import { editRows, startLeanProxy } from '../support/lean-proxy.ts';
import { payoutInput } from '../support/payout-input.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';

/*
 * Payouts stay consistent if Lean's list is long, truncated, late or incomplete, and if its responses fail.
 */

const byId = (fields: string): string => `query ($id: ID!) { payout(id: $id) { ${fields} } }`;

/** Adds paid payouts of one amount, created one second apart. Returns their intent ids. */
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

describe('a field that only lists have is found', () => {
  it('among hundreds of payouts of one amount, created one after the other', async () => {
    const gateway = await startTestGateway({
      sandbox: { payouts: 0 },
      env: { READ_CACHE_MB: '0', MAX_UPSTREAM_CALLS: '1000' },
    });
    const ids = addPaid(gateway, 300);
    expect(await createdAtOf(gateway, ids.slice(100, 200))).not.toContain(null);
  });

  it('if Lean gives fewer rows than requested', async () => {
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

describe('the status of a payout', () => {
  it('is the same in every row of a page if its intent has two payments', async () => {
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

  it('is missing, instead of that at its creation, if the list could not be read to its end', async () => {
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

  it('is that of the gateway’s record if Lean failed it at once and does not list it yet', async () => {
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

it('two statuses that contradict each other have no outcome in any query', async () => {
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

describe('one failed response does not change which calls Lean is assumed to offer:', () => {
  it('a 404 for an intent id, on an application without that call', async () => {
    const gateway = await startTestGateway({ sandbox: { profile: 'ksa' } });
    gateway.lean.faults.add({ kind: 'status', status: 404, operation: 'getPayoutIntent', times: 1 });
    const variables = { id: payoutIdOf(exampleIntentId) };
    await gateway.run(byId('status'), variables);
    const { data, errors } = await gateway.run(byId('status'), variables);
    expect(errors).toBeUndefined();
    expect(data).toEqual({ payout: { status: 'ACCEPTED_BY_BANK' } });
  });

  it('a single INVALID_URL, on an application with the call', async () => {
    const gateway = await startTestGateway();
    const variables = { id: payoutIdOf(exampleIntentId) };
    await gateway.run(byId('statusDetails'), variables);
    gateway.lean.faults.add({ kind: 'status', status: 404, code: 'INVALID_URL', times: 1 });
    await gateway.run(byId('statusDetails'), variables);
    const { errors } = await gateway.run(byId('statusDetails'), variables);
    expect(errors).toBeUndefined();
  });
});

/** A gateway whose sandbox is behind a proxy, so that the test can change responses. */
async function startProxied(sandbox: SandboxOptions = {}, env: Record<string, string> = {}) {
  const lean = await startLeanProxy();
  const gateway = await startTestGateway({
    sandbox: { payouts: 0, ...sandbox },
    env: { LEAN_BASE_URL: lean.url, ...env },
  });
  lean.target = gateway.lean.url;
  return { lean, gateway };
}

describe('a value that one response lacks is read from another one:', () => {
  const queries = `query ($id: ID!, $payment: ID!) {
    payouts { nodes { FIELDS } } payout(id: $id) { FIELDS } payoutByPayment(paymentId: $payment) { FIELDS } }`;
  const fields = 'description recipient { id iban bankName }';

  async function read(change: (row: Record<string, unknown>) => object, isList: boolean) {
    const { lean, gateway } = await startProxied();
    const { intentId, paymentId } = gateway.lean.payouts.add({ postInitiationStatus: 'PROCESSED' });
    lean.edit = (answer, path) => {
      if (isList) return editRows(rows => rows.map(change))(answer, path);
      if (path.includes('/intents/')) return { ...answer, payment: change(answer.payment) };
      return path.endsWith(`/v1/${String(paymentId)}`) ? change(answer) : answer;
    };
    const { data, errors } = await gateway.run<Record<string, unknown>>(
      queries.replaceAll('FIELDS', fields),
      {
        id: payoutIdOf(intentId),
        payment: paymentId,
      },
    );
    expect(errors).toBeUndefined();
    return data;
  }

  const known = {
    description: expect.any(String) as string,
    recipient: {
      id: expect.any(String) as string,
      iban: expect.any(String) as string,
      bankName: expect.any(String) as string,
    },
  };

  it('if payments lack it', async () => {
    const data = await read(
      payment => ({ ...payment, description: undefined, recipient_details: { name: 'A', iban: null } }),
      false,
    );
    expect(data).toEqual({ payouts: { nodes: [known] }, payout: known, payoutByPayment: known });
  });

  it('if rows have null', async () => {
    const data = await read(
      row => ({ ...row, description: null, recipient_iban: null, recipient_bank_name: null }),
      true,
    );
    expect(data).toEqual({ payouts: { nodes: [known] }, payout: known, payoutByPayment: known });
  });

  it('if the response to a creation lacks it', async () => {
    const { lean, gateway } = await startProxied();
    lean.edit = answer => {
      for (const each of answer.payouts_payment_details ?? []) {
        delete each.iban;
        delete each.destination_details.recipient_details;
      }
      return answer;
    };
    const { data, errors } = await gateway.run(
      `mutation ($input: CreatePayoutInput!) { createPayout(input: $input) {
        ... on PayoutCreated { recipient { iban } payout { recipient { iban } } } } }`,
      { input: payoutInput('poor') },
    );
    expect(errors).toBeUndefined();
    const recipient = { iban: expect.any(String) as string };
    expect(data).toEqual({ createPayout: { recipient, payout: { recipient } } });
  });
});

it('a destination has the status of its own call, and fields that no response has get NOT_OFFERED_BY_LEAN', async () => {
  const { gateway } = await startProxied();
  const { intentId } = gateway.lean.payouts.add({ destinationId: destinations.refused });
  const { data, errors } = await gateway.run<{
    payoutDestination: object;
    payoutIntent: { destination: object };
  }>(
    `query ($id: ID!, $intent: ID!) {
      payoutDestination(id: $id) { id status iban isDefault }
      payoutIntent(id: $intent) { destination { id status iban isDefault } } }`,
    { id: destinations.refused, intent: intentId },
  );
  expect(data?.payoutDestination).toMatchObject({ status: 'AWAITING_BENEFICIARY_COOL_OFF' });
  expect(data?.payoutIntent.destination).toEqual(data?.payoutDestination);
  expect(errors?.map(({ path, extensions }) => [path?.join('.'), extensions?.['code']])).toEqual([
    ['payoutDestination.isDefault', 'NOT_OFFERED_BY_LEAN'],
    ['payoutIntent.destination.isDefault', 'NOT_OFFERED_BY_LEAN'],
  ]);
});

it('a payout that was just created can be read, although Lean does not know its intent yet', async () => {
  const { lean, gateway } = await startProxied();
  lean.refuse = path => (path.includes('/intents/') ? 404 : undefined);
  const { data, errors } = await gateway.run(
    `mutation ($input: CreatePayoutInput!) { createPayout(input: $input) {
      ... on PayoutCreated { status payout { status outcome amount { amount } } intent { externalReference } } } }`,
    { input: { ...payoutInput('new'), externalReference: 'order-1' } },
  );
  expect(errors).toBeUndefined();
  expect(data).toEqual({
    createPayout: {
      status: 'CREATED',
      payout: { status: 'CREATED', outcome: 'IN_PROGRESS', amount: { amount: '16.5' } },
      intent: { externalReference: 'order-1' },
    },
  });
});

describe.each(['v1', 'ksa'] as const)('if Lean has no calls for single payouts (%s)', profile => {
  it('a payout that has been listed has no status, instead of that at its creation, if the list cannot be read to its end', async () => {
    const { gateway } = await startProxied({ profile });
    const input = {
      ...payoutInput('listed'),
      amount: { amount: '16.5', currency: profile === 'ksa' ? 'SAR' : 'AED' },
    };
    const { data } = await gateway.run<{ createPayout: { payoutId: string; intentId: string } }>(
      `mutation ($input: CreatePayoutInput!) { createPayout(input: $input) {
        ... on PayoutCreated { payoutId intentId } } }`,
      { input },
    );
    const { payoutId = '', intentId = '' } = data?.createPayout ?? {};
    gateway.lean.payouts.change(intentId, { status: 'FAILED' });
    const listed = await gateway.run('{ payouts { nodes { status } } }');
    expect(listed.data).toEqual({ payouts: { nodes: [{ status: 'FAILED' }] } });
    const createdAt = gateway.lean.payouts.all()[0]?.createdAt ?? '';
    for (let index = 0; index < 250; index += 1) gateway.lean.payouts.add({ amount: '16.5', createdAt });
    const { data: read, errors } = await gateway.run(byId('status'), { id: payoutId });
    expect(read).toEqual({ payout: null });
    expect(errors).toMatchObject([{ extensions: { code: 'LEAN_ROW_NOT_FOUND' } }]);
    // The gateway's record still has the constant values.
    const { data: constant } = await gateway.run(byId('amount { amount }'), { id: payoutId });
    expect(constant).toEqual({ payout: { amount: { amount: '16.5' } } });
  });

  it('a payout that is also queried by its payment is found, in either order', async () => {
    const { gateway } = await startProxied({ profile });
    const old = gateway.lean.payouts.add({ createdAt: '2026-01-01T00:00:00Z' });
    for (let index = 0; index < 250; index += 1)
      gateway.lean.payouts.add({ createdAt: new Date(Date.UTC(2026, 1, 1) + index * 60_000).toISOString() });
    const both = [{ id: payoutIdOf(old.intentId) }, { paymentId: old.paymentId }];
    for (const of of [both, both.toReversed()]) {
      const { data, errors } = await gateway.run<{ _entities: unknown[] }>(
        'query ($of: [_Any!]!) { _entities(representations: $of) { ... on Payout { status } } }',
        { of: of.map(each => ({ __typename: 'Payout', ...each })) },
      );
      expect(data?._entities).toContainEqual({ status: 'ACCEPTED_BY_BANK' });
      for (const { extensions } of errors ?? []) expect(extensions?.['code']).toBe('LEAN_ROW_NOT_FOUND');
    }
  });
});

it('a history that first needs the payment of the payout has one deadline', async () => {
  const { lean, gateway } = await startProxied({}, { LEAN_TIMEOUT_MS: '1500' });
  const { intentId } = gateway.lean.payouts.add({ postInitiationStatus: 'PROCESSED' });
  lean.edit = editRows(rows => rows.map(row => ({ ...row, payment_id: undefined })));
  for (const operation of ['getPayoutIntent', 'getPayoutPaymentHistory'] as const)
    gateway.lean.faults.add({ kind: 'latency', ms: 1000, operation });
  const { data, errors } = await gateway.run('{ payouts { nodes { intentId history { status } } } }');
  expect(data).toEqual({ payouts: { nodes: [{ intentId, history: null }] } });
  expect(errors).toMatchObject([{ extensions: { code: 'LEAN_TIMEOUT' } }]);
});
