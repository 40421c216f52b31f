import { describe, expect, it, onTestFinished } from 'vitest';
import { destinations, exampleIntentId } from '../../src/sandbox/named.ts';
import { startLean } from '../lean/wiring.ts';
import { creatingAt, keyOf, transfer } from '../support/creating.ts';
import { startHeldLean } from '../support/held-lean.ts';
import { startIssuer } from '../support/issuer.ts';
import { createPayoutDocument, payoutInput } from '../support/payout-input.ts';
import { freshStore, opened } from '../support/stores.ts';
import { startTestGateway } from '../support/test-gateway.ts';

const unknownFields = 'message idempotencyKey reason retryAfterSeconds resendAt';
const asked = `query ($key: String!) { payoutRequest(idempotencyKey: $key) { idempotencyKey requestedAt results {
  __typename
  ... on PayoutCreated { transferIndex intentId payoutId paymentId status leanStatus amount { amount currency } }
  ... on PayoutRejected { code transferIndex rejectedIntentId leanCode inputErrors { field code } }
  ... on PayoutOutcomeUnknown { ${unknownFields} } } } }`;
const create = `mutation ($input: CreatePayoutInput!) { createPayout(input: $input) { __typename
  ... on PayoutOutcomeUnknown { ${unknownFields} } } }`;
const createMany = `mutation ($input: CreatePayoutsInput!) { createPayouts(input: $input) { __typename } }`;

interface Asked {
  readonly payoutRequest: { readonly requestedAt: string; readonly results: readonly object[] } | null;
}

describe('what became of a key', () => {
  it.each(['', ' key', 'k\u00e9y', 'k'.repeat(256)])('cannot be asked of %j', async key => {
    const gateway = await startTestGateway();
    const { errors } = await gateway.run(asked, { key });
    expect(errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', argument: 'idempotencyKey' });
  });

  it('is null without a record, and Lean hears nothing', async () => {
    const gateway = await startTestGateway();
    expect((await gateway.run(asked, { key: 'key-1' })).data).toEqual({ payoutRequest: null });
    // What was refused before anything was recorded has left its key free.
    await gateway.run(create, { input: payoutInput('key-1', { description: '' }) });
    expect((await gateway.run(asked, { key: 'key-1' })).data).toEqual({ payoutRequest: null });
    expect(gateway.lean.requests).toEqual([]);
  });

  it('is the recorded answer, without a Lean call but for the payout as it stands now', async () => {
    const gateway = await startTestGateway();
    await gateway.run(createPayoutDocument, { input: payoutInput('key-1') });
    expect(gateway.received()).toEqual({ createPayoutPayment: 1 });
    const { data } = await gateway.run<Asked>(asked, { key: 'key-1' });
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
    const now = await gateway.run(
      '{ payoutRequest(idempotencyKey: "key-1") { results { ... on PayoutCreated { payout { intentId } intent { id } } } } }',
    );
    expect(now.data).toEqual({
      payoutRequest: { results: [{ payout: { intentId: made?.intentId }, intent: { id: made?.intentId } }] },
    });
    expect(gateway.received()).toEqual({ getPayoutIntent: 1 });
  });

  it('is one result for each transfer, in their order', async () => {
    const gateway = await startTestGateway();
    const { idempotencyKey, ...pays } = payoutInput('key-1');
    const fails = { ...pays, destinationId: destinations.failsAtOnce };
    await gateway.run(createMany, { input: { idempotencyKey, transfers: [pays, fails, pays, fails] } });
    const { data } = await gateway.run<Asked>(asked, { key: idempotencyKey });
    expect(data?.payoutRequest?.results).toMatchObject([
      { __typename: 'PayoutCreated', transferIndex: 0 },
      { __typename: 'PayoutRejected', transferIndex: 1, rejectedIntentId: expect.any(String) as string },
      { __typename: 'PayoutCreated', transferIndex: 2 },
      { __typename: 'PayoutRejected', transferIndex: 3 },
    ]);
    expect(gateway.received()).toEqual({ createPayoutPayment: 1 });
  });

  it('is Lean’s refusal, with the field that it is about', async () => {
    const gateway = await startTestGateway();
    const input = payoutInput('key-1', { destinationId: destinations.refused });
    await gateway.run(create, { input });
    const { data } = await gateway.run<Asked>(asked, { key: 'key-1' });
    expect(data?.payoutRequest?.results).toMatchObject([
      {
        code: 'REJECTED_BY_LEAN',
        inputErrors: [{ field: 'destinationId', code: 'REFUSED_BY_LEAN' }],
      },
    ]);
  });

  it.each(['drop_before', 'drop_after'] as const)(
    'is unknown as the creation told it (%s), and nothing is sent or looked for',
    async kind => {
      const gateway = await startTestGateway();
      gateway.lean.faults.add({ kind, operation: 'createPayoutPayment', times: 1 });
      const input = payoutInput('key-1');
      const created = await gateway.run<{ createPayout: object }>(create, { input });
      gateway.received();
      for (let times = 0; times < 3; times += 1) {
        const { data } = await gateway.run<Asked>(asked, { key: 'key-1' });
        expect(data?.payoutRequest?.results).toEqual([created.data?.createPayout]);
      }
      expect(created.data?.createPayout).toMatchObject({
        __typename: 'PayoutOutcomeUnknown',
        reason: 'WAITING',
      });
      expect(gateway.received()).toEqual({});
    },
  );

  it('is unknown while it is on its way to Lean, and its answer afterwards', async () => {
    const held = await startHeldLean();
    onTestFinished(() => held.close());
    const gateway = await startTestGateway({ env: { LEAN_BASE_URL: held.url } });
    const creating = gateway.run(create, { input: payoutInput('key-1') });
    const atLean = await held.request(0);
    const { data } = await gateway.run<Asked>(asked, { key: 'key-1' });
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
    expect((await gateway.run<Asked>(asked, { key: 'key-1' })).data?.payoutRequest?.results).toMatchObject([
      { __typename: 'PayoutCreated', intentId: exampleIntentId },
    ]);
  });

  it('is told to whoever used it, and may read', async () => {
    const issuer = await startIssuer();
    onTestFinished(() => issuer.close());
    const gateway = await startTestGateway({ env: issuer.env });
    const runAs = async (sub: string, scope: string, query: string, variables: object) =>
      gateway.run<Asked>(query, undefined, {
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${await issuer.token({ sub, scope })}`,
        },
        body: JSON.stringify({ query, variables }),
      });
    await runAs('anna', 'payouts:create', create, { input: payoutInput('key-1') });
    const variables = { key: 'key-1' };
    expect((await runAs('anna', 'payouts:read', asked, variables)).data?.payoutRequest?.results).toHaveLength(
      1,
    );
    expect((await runAs('bert', 'payouts:read', asked, variables)).data).toEqual({ payoutRequest: null });
    const { errors } = await runAs('anna', 'payouts:create', asked, variables);
    expect(errors?.[0]?.extensions?.['code']).toBe('FORBIDDEN');
    expect(gateway.received()).toEqual({ createPayoutPayment: 1 });
  });

  it('is told from the record as it is, also of another application, and to nobody but its own caller', async () => {
    const lean = await startLean();
    const database = opened(await freshStore('SQLite'));
    const before = creatingAt(lean.url, database, { application: 'before' });
    lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
    await before.create('key-1', transfer());
    const now = creatingAt(lean.url, database, { application: 'now' });
    const recorded = async () => ({ ...(await now.records.read(keyOf('key-1'))), readAt: 0 });
    const record = await recorded();
    const seen = lean.requests.length;
    expect(await now.creation.report(keyOf('key-1', 'anna'))).toBeNull();
    const report = await now.creation.report(keyOf('key-1'));
    expect(report?.results).toMatchObject([{ kind: 'unknown', reason: 'OPERATOR', resendAt: null }]);
    // A repetition is told the same.
    expect(report?.results).toEqual([await now.create('key-1', transfer())]);
    expect(await recorded()).toEqual(record);
    expect(lean.requests.length).toBe(seen);
  });
});
