import { describe, expect, it, onTestFinished } from 'vitest';
import { destinations, exampleIntentId } from '../../src/sandbox/fixtures.ts';
import { startLean } from '../lean/fixtures.ts';
import { createTestCore, keyOf, transfer } from '../support/test-core.ts';
import { startHeldLean } from '../support/held-lean.ts';
import { startIssuer } from '../support/issuer.ts';
import { createPayoutDocument, payoutInput } from '../support/payout-input.ts';
import { freshStore, openTestStore } from '../support/stores.ts';
import { startTestGateway } from '../support/test-gateway.ts';

const unknownFields = 'message idempotencyKey reason retryAfterSeconds resendAt';
const requestQuery = `query ($key: String!) { payoutRequest(idempotencyKey: $key) { idempotencyKey requestedAt results {
  __typename
  ... on PayoutCreated { transferIndex intentId payoutId paymentId status leanStatus amount { amount currency } }
  ... on PayoutRejected { code transferIndex rejectedIntentId leanCode inputErrors { field code } }
  ... on PayoutOutcomeUnknown { ${unknownFields} } } } }`;
const create = `mutation ($input: CreatePayoutInput!) { createPayout(input: $input) { __typename
  ... on PayoutOutcomeUnknown { ${unknownFields} } } }`;
const createMany = `mutation ($input: CreatePayoutsInput!) { createPayouts(input: $input) { __typename } }`;

interface RequestData {
  readonly payoutRequest: { readonly requestedAt: string; readonly results: readonly object[] } | null;
}

describe('payoutRequest', () => {
  it.each(['', ' key', 'k\u00e9y', 'k'.repeat(256)])('refuses the key %j', async key => {
    const gateway = await startTestGateway();
    const { errors } = await gateway.run(requestQuery, { key });
    expect(errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', argument: 'idempotencyKey' });
  });

  it('is null without a record, and causes no Lean call', async () => {
    const gateway = await startTestGateway();
    expect((await gateway.run(requestQuery, { key: 'key-1' })).data).toEqual({ payoutRequest: null });
    // A request that was refused as invalid leaves no record.
    await gateway.run(create, { input: payoutInput('key-1', { description: '' }) });
    expect((await gateway.run(requestQuery, { key: 'key-1' })).data).toEqual({ payoutRequest: null });
    expect(gateway.lean.requests).toEqual([]);
  });

  it('returns the recorded result without a Lean call, except for the current payout', async () => {
    const gateway = await startTestGateway();
    await gateway.run(createPayoutDocument, { input: payoutInput('key-1') });
    expect(gateway.received()).toEqual({ createPayoutPayment: 1 });
    const { data } = await gateway.run<RequestData>(requestQuery, { key: 'key-1' });
    const made = gateway.lean.payouts.all().find(({ description }) => description === 'INV 001');
    expect(data).toEqual({
      payoutRequest: {
        idempotencyKey: 'key-1',
        requestedAt: expect.stringMatching(/Z$/) as string,
        results: [
          {
            __typename: 'PayoutCreated',
            transferIndex: 0,
            intentId: made?.intentId,
            payoutId: `po_${made?.intentId ?? ''}`,
            paymentId: null,
            status: 'CREATED',
            leanStatus: 'CREATED',
            amount: { amount: '16.5', currency: 'AED' },
          },
        ],
      },
    });
    expect(Math.abs(Date.parse(data?.payoutRequest?.requestedAt ?? '') - Date.now())).toBeLessThan(60_000);
    expect(gateway.received()).toEqual({});
    const current = await gateway.run(
      '{ payoutRequest(idempotencyKey: "key-1") { results { ... on PayoutCreated { payout { intentId } intent { id } } } } }',
    );
    expect(current.data).toEqual({
      payoutRequest: { results: [{ payout: { intentId: made?.intentId }, intent: { id: made?.intentId } }] },
    });
    expect(gateway.received()).toEqual({ getPayoutIntent: 1 });
  });

  it('returns one result for each transfer, in order', async () => {
    const gateway = await startTestGateway();
    const { idempotencyKey, ...transferInput } = payoutInput('key-1');
    const failing = { ...transferInput, destinationId: destinations.failsAtOnce };
    await gateway.run(createMany, {
      input: { idempotencyKey, transfers: [transferInput, failing, transferInput, failing] },
    });
    const { data } = await gateway.run<RequestData>(requestQuery, { key: idempotencyKey });
    expect(data?.payoutRequest?.results).toMatchObject([
      { __typename: 'PayoutCreated', transferIndex: 0 },
      { __typename: 'PayoutRejected', transferIndex: 1, rejectedIntentId: expect.any(String) as string },
      { __typename: 'PayoutCreated', transferIndex: 2 },
      { __typename: 'PayoutRejected', transferIndex: 3 },
    ]);
    // Each transfer has the destination and amount of another one, so its intent is read.
    expect(gateway.received()).toEqual({ createPayoutPayment: 1, getPayoutIntent: 4 });
  });

  it('returns the refusal by Lean, with the refused field', async () => {
    const gateway = await startTestGateway();
    const input = payoutInput('key-1', { destinationId: destinations.refused });
    await gateway.run(create, { input });
    const { data } = await gateway.run<RequestData>(requestQuery, { key: 'key-1' });
    expect(data?.payoutRequest?.results).toMatchObject([
      {
        code: 'REJECTED_BY_LEAN',
        inputErrors: [{ field: 'destinationId', code: 'REFUSED_BY_LEAN' }],
      },
    ]);
  });

  it.each(['drop_before', 'drop_after'] as const)(
    'returns the same unknown outcome as the creation (%s), without a Lean call',
    async kind => {
      const gateway = await startTestGateway();
      gateway.lean.faults.add({ kind, operation: 'createPayoutPayment', times: 1 });
      const input = payoutInput('key-1');
      const created = await gateway.run<{ createPayout: object }>(create, { input });
      gateway.received();
      for (let times = 0; times < 3; times += 1) {
        const { data } = await gateway.run<RequestData>(requestQuery, { key: 'key-1' });
        expect(data?.payoutRequest?.results).toEqual([created.data?.createPayout]);
      }
      expect(created.data?.createPayout).toMatchObject({
        __typename: 'PayoutOutcomeUnknown',
        reason: 'WAITING',
      });
      expect(gateway.received()).toEqual({});
    },
  );

  it('returns the refusal of a whole batch once for each transfer, with the index of the transfer', async () => {
    const clock = { ms: Date.now() };
    const now = () => clock.ms;
    const lean = await startLean({ clock: now });
    const core = createTestCore(lean.url, openTestStore(await freshStore('SQLite'), { clock: now }), { now });
    const batch = [destinations.pays, destinations.failsAtOnce, destinations.refused].map((id, index) =>
      transfer(id, { externalReference: `order-${String(index)}` }),
    );
    expect(await core.createAll('key-1', batch)).toMatchObject({ kind: 'unknown' });
    clock.ms += 625_000;
    expect(await core.createAll('key-1', batch)).toMatchObject({
      kind: 'rejected',
      leanCode: 'BENEFICIARY_NOT_ACTIVE',
      transferIndex: null,
    });
    expect(lean.requests.filter(({ operation }) => operation === 'createPayoutPayment')).toHaveLength(1);
    const refused = { kind: 'rejected', leanCode: 'BENEFICIARY_NOT_ACTIVE' };
    expect((await core.creation.findRequest(keyOf('key-1')))?.results).toMatchObject(
      [0, 1, 2].map(transferIndex => ({ ...refused, transferIndex })),
    );
  });

  it('returns an unknown outcome while the creation is in flight, and its result afterwards', async () => {
    const held = await startHeldLean();
    onTestFinished(() => held.close());
    const gateway = await startTestGateway({ env: { LEAN_BASE_URL: held.url } });
    const creating = gateway.run(create, { input: payoutInput('key-1') });
    const atLean = await held.request(0);
    const { data } = await gateway.run<RequestData>(requestQuery, { key: 'key-1' });
    expect(data?.payoutRequest?.results).toMatchObject([
      { __typename: 'PayoutOutcomeUnknown', reason: 'WAITING', retryAfterSeconds: 1 },
    ]);
    atLean.answer(200, {
      payouts_payment_details: [
        {
          payment_intent_id: exampleIntentId,
          destination_details: { payment_status: 'CREATED', amount: 16.5, currency: 'AED' },
        },
      ],
    });
    await creating;
    expect(
      (await gateway.run<RequestData>(requestQuery, { key: 'key-1' })).data?.payoutRequest?.results,
    ).toMatchObject([{ __typename: 'PayoutCreated', intentId: exampleIntentId }]);
  });

  it('returns only the requests of the caller, and needs the read scope', async () => {
    const issuer = await startIssuer();
    onTestFinished(() => issuer.close());
    const gateway = await startTestGateway({ env: issuer.env });
    const runAs = async (sub: string, scope: string, query: string, variables: object) =>
      gateway.run<RequestData>(query, undefined, {
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${await issuer.token({ sub, scope })}`,
        },
        body: JSON.stringify({ query, variables }),
      });
    await runAs('anna', 'payouts:create', create, { input: payoutInput('key-1') });
    const variables = { key: 'key-1' };
    expect(
      (await runAs('anna', 'payouts:read', requestQuery, variables)).data?.payoutRequest?.results,
    ).toHaveLength(1);
    expect((await runAs('bert', 'payouts:read', requestQuery, variables)).data).toEqual({
      payoutRequest: null,
    });
    const { errors } = await runAs('anna', 'payouts:create', requestQuery, variables);
    expect(errors?.[0]?.extensions?.['code']).toBe('FORBIDDEN');
    expect(gateway.received()).toEqual({ createPayoutPayment: 1 });
  });

  it('returns the unchanged record, also of another application, and only to its caller', async () => {
    const lean = await startLean();
    const database = openTestStore(await freshStore('SQLite'));
    const oldCore = createTestCore(lean.url, database, { application: 'before' });
    lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
    await oldCore.create('key-1', transfer());
    const core = createTestCore(lean.url, database, { application: 'now' });
    const recorded = async () => ({ ...(await core.records.read(keyOf('key-1'))), readAt: 0 });
    const record = await recorded();
    const requestCount = lean.requests.length;
    expect(await core.creation.findRequest(keyOf('key-1', 'anna'))).toBeNull();
    const report = await core.creation.findRequest(keyOf('key-1'));
    expect(report?.results).toMatchObject([{ kind: 'unknown', reason: 'OPERATOR', resendAt: null }]);
    // A repeated creation returns the same.
    expect(report?.results).toEqual([await core.create('key-1', transfer())]);
    expect(await recorded()).toEqual(record);
    expect(lean.requests.length).toBe(requestCount);
  });
});
