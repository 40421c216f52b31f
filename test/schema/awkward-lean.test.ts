import { describe, expect, it } from 'vitest';
import { payoutIdOf } from '../../src/payouts/values/ids.ts';
import { destinations, exampleIntentId } from '../../src/sandbox/named.ts';
import type { SandboxOptions } from '../../src/sandbox/sandbox.ts';
import { editRows, startEditedLean } from '../support/edited-lean.ts';
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

/** A gateway in front of a sandbox whose answers the test may change. */
async function edited(sandbox: SandboxOptions = {}, env: Record<string, string> = {}) {
  const lean = await startEditedLean();
  const gateway = await startTestGateway({
    sandbox: { payouts: 0, ...sandbox },
    env: { LEAN_BASE_URL: lean.url, ...env },
  });
  lean.target = gateway.lean.url;
  return { lean, gateway };
}

describe('a value that one answer lacks, or has as null, is read from another one:', () => {
  const ways = `query ($id: ID!, $payment: ID!) {
    payouts { nodes { FIELDS } } payout(id: $id) { FIELDS } payoutByPayment(paymentId: $payment) { FIELDS } }`;
  const fields = 'description recipient { id iban bankName }';

  async function read(change: (row: Record<string, unknown>) => object, isList: boolean) {
    const { lean, gateway } = await edited();
    const { intentId, paymentId } = gateway.lean.payouts.add({ postInitiationStatus: 'PROCESSED' });
    lean.edit = (answer, path) => {
      if (isList) return editRows(rows => rows.map(change))(answer, path);
      if (path.includes('/intents/')) return { ...answer, payment: change(answer.payment) };
      return path.endsWith(`/v1/${String(paymentId)}`) ? change(answer) : answer;
    };
    const { data, errors } = await gateway.run<Record<string, unknown>>(ways.replaceAll('FIELDS', fields), {
      id: payoutIdOf(intentId),
      payment: paymentId,
    });
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

  it('where payments lack it', async () => {
    const data = await read(
      payment => ({ ...payment, description: undefined, recipient_details: { name: 'A', iban: null } }),
      false,
    );
    expect(data).toEqual({ payouts: { nodes: [known] }, payout: known, payoutByPayment: known });
  });

  it('where rows have null', async () => {
    const data = await read(
      row => ({ ...row, description: null, recipient_iban: null, recipient_bank_name: null }),
      true,
    );
    expect(data).toEqual({ payouts: { nodes: [known] }, payout: known, payoutByPayment: known });
  });

  it('where the answer to a creation lacks it', async () => {
    const { lean, gateway } = await edited();
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

it('a destination has one status, that of its own call, and what no answer carries is not offered', async () => {
  const { gateway } = await edited();
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

it('a payout that Lean has just created is there, although Lean does not know its intent yet', async () => {
  const { lean, gateway } = await edited();
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

describe.each(['v1', 'ksa'] as const)('where Lean has few calls (%s)', profile => {
  it('a payout that was listed is not what it was created as, where the list could not be read to its end', async () => {
    const { gateway } = await edited({ profile });
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
    // Our record still has what never changes.
    const { data: constant } = await gateway.run(byId('amount { amount }'), { id: payoutId });
    expect(constant).toEqual({ payout: { amount: { amount: '16.5' } } });
  });

  it('asking for a payout by its payment as well finds it, whichever comes first', async () => {
    const { gateway } = await edited({ profile });
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

it('the history of a payout whose payment must be looked for takes one deadline', async () => {
  const { lean, gateway } = await edited({}, { LEAN_TIMEOUT_MS: '1500' });
  const { intentId } = gateway.lean.payouts.add({ postInitiationStatus: 'PROCESSED' });
  lean.edit = editRows(rows => rows.map(row => ({ ...row, payment_id: undefined })));
  for (const operation of ['getPayoutIntent', 'getPayoutPaymentHistory'] as const)
    gateway.lean.faults.add({ kind: 'latency', ms: 1000, operation });
  const { data, errors } = await gateway.run('{ payouts { nodes { intentId history { status } } } }');
  expect(data).toEqual({ payouts: { nodes: [{ intentId, history: null }] } });
  expect(errors).toMatchObject([{ extensions: { code: 'LEAN_TIMEOUT' } }]);
});
