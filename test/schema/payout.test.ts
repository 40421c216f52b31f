import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { payoutIdOf } from '../../src/payouts/values/ids.ts';
import {
  destinations,
  exampleIntentId,
  examplePayoutId,
  waitingIntentId,
} from '../../src/sandbox/fixtures.ts';
import { startTestGateway } from '../support/test-gateway.ts';

const byId = `query ($id: ID!) { payout(id: $id) {
  id paymentId intentId status leanStatus outcome postInitiationStatus recipient { legalName accountNumber }
  history { payoutId paymentId leanStatus }
} }`;

describe('an amount', () => {
  it('has exactly the digits that Lean sent, in lists, payouts and intents', async () => {
    const gateway = await startTestGateway({ sandbox: { payouts: 0 } });
    const digits = (length: number) => fc.stringMatching(new RegExp(`^[1-9]\\d{0,${String(length - 1)}}$`));
    await fc.assert(
      fc.asyncProperty(digits(17), fc.stringMatching(/^\d{0,3}$/), async (whole, fraction) => {
        const amount = fraction === '' ? whole : `${whole}.${fraction}`;
        gateway.lean.payouts.clear();
        const { intentId } = gateway.lean.payouts.add({ amount });
        const money = { amount: { amount, currency: 'AED' } };
        const { data } = await gateway.run(
          `query ($id: ID!, $intent: ID!) {
            payouts { nodes { amount { amount currency } } }
            payout(id: $id) { amount { amount currency } }
            payoutIntent(id: $intent) { amount { amount currency } payout { amount { amount currency } } }
          }`,
          { id: payoutIdOf(intentId), intent: intentId },
        );
        expect(data).toEqual({
          payouts: { nodes: [money] },
          payout: money,
          payoutIntent: { ...money, payout: money },
        });
      }),
      { numRuns: 100 },
    );
  });

  it('with more digits than a binary float holds keeps all of them', async () => {
    const gateway = await startTestGateway({ sandbox: { payouts: 0 } });
    gateway.lean.payouts.add({ amount: '9007199254740993.01' });
    const { data } = await gateway.run('{ payouts { nodes { amount { amount } } } }');
    expect(data).toEqual({ payouts: { nodes: [{ amount: { amount: '9007199254740993.01' } }] } });
  });
});

describe('a payout', () => {
  it('that Lean does not know is null', async () => {
    const gateway = await startTestGateway();
    const unknown = '00000000-0000-4000-8000-000000000000';
    const { data, errors } = await gateway.run(
      `{ payout(id: "${payoutIdOf(unknown)}") { id } payoutByIntent(intentId: "${unknown}") { id }
        payoutByPayment(paymentId: "${unknown}") { id } payoutDestination(id: "${unknown}") { id } }`,
    );
    expect({ data, errors }).toEqual({
      data: { payout: null, payoutByIntent: null, payoutByPayment: null, payoutDestination: null },
      errors: undefined,
    });
  });

  it.each([
    '',
    'nope',
    'po_',
    'po_nope',
    'b0000000-0000-4000-8000-000000000001',
    '../payments',
    'payments',
    '3fa85f64-5717-4562-b3fc-2c963f66afa6/history',
  ])('cannot have the id %j', async id => {
    const gateway = await startTestGateway();
    const { errors } = await gateway.run(byId, { id });
    expect(errors?.map(error => error.extensions)).toEqual([{ code: 'BAD_USER_INPUT', argument: 'id' }]);
    expect(gateway.received()).toEqual({});
  });

  it('queried by an id of Lean gets an error that names the fields for it', async () => {
    const gateway = await startTestGateway();
    const { errors } = await gateway.run(byId, { id: examplePayoutId });
    expect(errors?.[0]?.message).toMatch(/payoutByIntent.*payoutByPayment/s);
  });

  it('that awaits authorisation has its status from the list', async () => {
    const gateway = await startTestGateway();
    const id = payoutIdOf(waitingIntentId);
    const { data } = await gateway.run(byId, { id });
    expect(data).toMatchObject({
      payout: {
        id,
        paymentId: null,
        intentId: waitingIntentId,
        status: 'AWAITING_AUTHORIZATION',
        leanStatus: 'AWAITING_AUTHORIZATION',
        outcome: 'IN_PROGRESS',
        history: [{ payoutId: id, paymentId: null, leanStatus: 'AWAITING_AUTHORIZATION' }],
      },
    });
    expect(gateway.received()).toEqual({ getPayoutIntent: 1, listPayouts: 1, getPayoutPaymentHistory: 1 });
  });

  it('keeps its id when Lean makes a payment of it', async () => {
    let now = Date.UTC(2026, 2, 1);
    const gateway = await startTestGateway({ sandbox: { clock: () => now } });
    const id = payoutIdOf(waitingIntentId);
    gateway.lean.payouts.authorize(waitingIntentId);
    now += 3_600_000;
    const { data } = await gateway.run<{ payout: { paymentId: string } }>(byId, { id });
    expect(data).toMatchObject({
      payout: { id, paymentId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string, outcome: 'PAID' },
    });
  });

  it('that failed before it had a payment has its status from the list', async () => {
    const gateway = await startTestGateway({ sandbox: { payouts: 0 } });
    const { intentId } = gateway.lean.payouts.add({ status: 'FAILED', paymentId: null });
    const { data } = await gateway.run(byId, { id: payoutIdOf(intentId) });
    expect(data).toMatchObject({ payout: { status: 'FAILED', outcome: 'NOT_PAID', paymentId: null } });
  });

  it('is null with an error if its status cannot be found, instead of having the status UNKNOWN', async () => {
    const gateway = await startTestGateway({ sandbox: { payouts: 0 } });
    const { intentId } = gateway.lean.payouts.add({ status: 'CREATED', paymentId: null });
    gateway.lean.behaviour.listingMs = 86_400_000;
    const { data, errors } = await gateway.run(byId, { id: payoutIdOf(intentId) });
    expect(data).toEqual({ payout: null });
    expect(errors?.map(({ path, extensions }) => [path, extensions?.['code']])).toContainEqual([
      ['payout', 'status'],
      'LEAN_ROW_NOT_FOUND',
    ]);
  });

  it('shows a status of Lean that is not known yet as leanStatus', async () => {
    const gateway = await startTestGateway({ sandbox: { payouts: 0 } });
    gateway.lean.payouts.add({ status: 'HELD_FOR_REVIEW' });
    const { data } = await gateway.run('{ payouts { nodes { status leanStatus outcome } } }');
    expect(data).toEqual({
      payouts: { nodes: [{ status: 'UNKNOWN', leanStatus: 'HELD_FOR_REVIEW', outcome: null }] },
    });
  });

  it('with two payments has the values of the newest payment and the events of both', async () => {
    const gateway = await startTestGateway({ sandbox: { payouts: 0 } });
    const intentId = 'c0000000-0000-4000-8000-00000000abcd';
    const failed = gateway.lean.payouts.add({
      intentId,
      status: 'FAILED',
      createdAt: '2026-01-01T00:00:00Z',
    });
    const paid = gateway.lean.payouts.add({
      intentId,
      status: 'ACCEPTED_BY_BANK',
      postInitiationStatus: 'PROCESSED',
      createdAt: '2026-01-02T00:00:00Z',
    });
    const fields = 'id paymentId status outcome history { paymentId leanStatus }';
    const { data, errors } = await gateway.run(
      `query ($failed: ID!) { payouts { totalCount nodes { ${fields} } } payoutByPayment(paymentId: $failed) { ${fields} } }`,
      { failed: failed.paymentId },
    );
    expect(errors).toBeUndefined();
    const payout = {
      id: payoutIdOf(intentId),
      paymentId: paid.paymentId,
      status: 'ACCEPTED_BY_BANK',
      outcome: 'PAID',
      history: [
        { paymentId: failed.paymentId, leanStatus: 'FAILED' },
        { paymentId: paid.paymentId, leanStatus: 'ACCEPTED_BY_BANK' },
      ],
    };
    expect(data).toMatchObject({ payouts: { totalCount: 2, nodes: [payout, payout] } });
    const { data: later } = await gateway.run(
      `query ($id: ID!) { payoutByPayment(paymentId: $id) { ${fields} } }`,
      {
        id: failed.paymentId,
      },
    );
    expect(later).toMatchObject({ payoutByPayment: payout });
  });

  it('has one deadline for all Lean calls of its fields', async () => {
    const gateway = await startTestGateway({ env: { LEAN_TIMEOUT_MS: '1000' } });
    gateway.lean.faults.add({ kind: 'latency', ms: 700 });
    const startedAt = performance.now();
    const { errors } = await gateway.run('query ($id: ID!) { payout(id: $id) { status } }', {
      id: payoutIdOf(waitingIntentId),
    });
    expect(errors).toMatchObject([{ extensions: { code: 'LEAN_TIMEOUT' } }]);
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });
});

describe('if Lean fails', () => {
  it('a failed call makes only its own field null', async () => {
    const gateway = await startTestGateway({ env: { LEAN_HISTORY_KEY: 'payment_intent_id' } });
    gateway.lean.faults.add({ kind: 'status', status: 422, operation: 'getPayoutPaymentHistory', times: 1 });
    gateway.lean.faults.add({ kind: 'html', status: 200, operation: 'getPayoutIntent', times: 1 });
    const { data, errors } = await gateway.run<{
      payouts: { nodes: { id: string; intent: object | null; history: object[] | null }[] };
    }>('{ payouts(first: 10) { nodes { id intent { id } history { status } } } }');
    expect(data?.payouts.nodes).toHaveLength(10);
    expect(data?.payouts.nodes.filter(node => node.intent === null)).toHaveLength(1);
    expect(data?.payouts.nodes.filter(node => node.history === null)).toHaveLength(1);
    expect(errors?.map(error => [error.path?.at(-1), error.extensions?.['code']]).toSorted()).toEqual([
      ['history', 'LEAN_REFUSED'],
      ['intent', 'LEAN_BAD_RESPONSE'],
    ]);
  });

  it('a call that fails once is retried, and no field is null', async () => {
    const gateway = await startTestGateway({ env: { LEAN_HISTORY_KEY: 'payment_intent_id' } });
    gateway.lean.faults.add({ kind: 'status', status: 503, operation: 'getPayoutPaymentHistory', times: 1 });
    gateway.lean.faults.add({ kind: 'drop_before', operation: 'getPayoutIntent', times: 1 });
    const { data, errors } = await gateway.run<{
      payouts: { nodes: { intent: object | null; history: object[] | null }[] };
    }>('{ payouts(first: 10) { nodes { intent { id } history { status } } } }');
    expect(errors).toBeUndefined();
    expect(data?.payouts.nodes).toHaveLength(10);
    for (const node of data?.payouts.nodes ?? []) {
      expect(node.intent).not.toBeNull();
      expect(node.history).not.toBeNull();
    }
    expect(gateway.received()).toEqual({ listPayouts: 1, getPayoutPaymentHistory: 11, getPayoutIntent: 11 });
  });

  const failures = [
    ['refuses the token', { kind: 'status', status: 401 }, 'LEAN_UNAUTHORIZED'],
    ['refuses the request', { kind: 'status', status: 422 }, 'LEAN_REFUSED'],
    ['limits the rate', { kind: 'status', status: 429 }, 'LEAN_RATE_LIMITED'],
    ['has an internal error', { kind: 'status', status: 500 }, 'LEAN_UNAVAILABLE'],
    ['shows an HTML error page', { kind: 'html' }, 'LEAN_UNAVAILABLE'],
    ['sends an HTML page with status 200', { kind: 'html', status: 200 }, 'LEAN_BAD_RESPONSE'],
    ['sends truncated JSON', { kind: 'broken_json' }, 'LEAN_BAD_RESPONSE'],
    ['sends an empty body', { kind: 'empty' }, 'LEAN_BAD_RESPONSE'],
    ['drops the connection', { kind: 'drop_before' }, 'LEAN_UNAVAILABLE'],
    ['closes the connection within the body', { kind: 'truncate' }, 'LEAN_UNAVAILABLE'],
    ['sends no headers', { kind: 'stall', part: 'headers' }, 'LEAN_TIMEOUT'],
    ['does not end its body', { kind: 'stall', part: 'body' }, 'LEAN_TIMEOUT'],
  ] as const;

  it.each(failures)(
    'and %s, the error has a code for it and none of Lean’s text',
    async (_description, fault, code) => {
      // Faults that end by themselves get a long timeout, because the machine may be busy.
      const timeout = code === 'LEAN_TIMEOUT' ? '300' : '30000';
      const gateway = await startTestGateway({ env: { LEAN_TIMEOUT_MS: timeout } });
      gateway.lean.faults.add(fault);
      const { data, errors } = await gateway.run(byId, { id: payoutIdOf(exampleIntentId) });
      expect(data).toEqual({ payout: null });
      expect(errors).toMatchObject([{ path: ['payout'], extensions: { code } }]);
      expect(JSON.stringify(errors)).not.toMatch(/<html|stack|sandbox-token|127\.0\.0\.1/i);
    },
  );

  it('and cannot be reached, the error says so', async () => {
    const gateway = await startTestGateway();
    await gateway.lean.close();
    const { errors } = await gateway.run(byId, { id: payoutIdOf(exampleIntentId) });
    expect(errors).toMatchObject([
      { message: 'Lean cannot be reached; nothing was sent.', extensions: { code: 'LEAN_UNAVAILABLE' } },
    ]);
  });
});

describe('createPayout', () => {
  const create = `mutation ($input: CreatePayoutInput!) { createPayout(input: $input) { __typename
    ... on PayoutCreated { payoutId status payout { status outcome } }
    ... on PayoutRejected { code inputErrors { field code } leanCode rejectedIntentId message payout { status } }
    ... on PayoutOutcomeUnknown { idempotencyKey } } }`;
  const input = {
    idempotencyKey: 'key 1',
    accountId: 'a0000000-0000-4000-8000-000000000001',
    destinationId: destinations.pays,
    amount: { amount: '16.50', currency: 'AED' },
    description: 'INV 001',
  };

  it('returns the reason of an unknown outcome, and when to repeat the request', async () => {
    const gateway = await startTestGateway();
    gateway.lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
    const { data } = await gateway.run<{ createPayout: { readonly resendAt: string } }>(
      `mutation ($input: CreatePayoutInput!) { createPayout(input: $input) { ... on PayoutOutcomeUnknown {
        message idempotencyKey reason retryAfterSeconds resendAt } } }`,
      { input },
    );
    const { resendAt } = data?.createPayout ?? { resendAt: '' };
    expect(data?.createPayout).toEqual({
      message: expect.stringContaining(`After ${resendAt}, a repetition sends it again`) as string,
      idempotencyKey: 'key 1',
      reason: 'WAITING',
      retryAfterSeconds: 30,
      resendAt: expect.stringMatching(/Z$/) as string,
    });
    expect(Date.parse(resendAt)).toBeGreaterThan(Date.now() + 500_000);
  });

  it.each([' INV 7', 'INV 7 ', 'x'.repeat(65), '\u00a0'])(
    'refuses the reference %j, which Lean might change, and sends nothing',
    async externalReference => {
      const gateway = await startTestGateway();
      const { data } = await gateway.run(create, { input: { ...input, externalReference } });
      expect(data).toMatchObject({
        createPayout: {
          __typename: 'PayoutRejected',
          code: 'INVALID_INPUT',
          inputErrors: [{ field: 'externalReference' }],
          message: expect.stringContaining('1 to 64 characters with no whitespace at either end') as string,
        },
      });
      expect(gateway.lean.requests).toEqual([]);
    },
  );

  it('returns the status of Lean’s response before there is an event', async () => {
    const gateway = await startTestGateway();
    const { data } = await gateway.run(create, { input });
    expect(data).toMatchObject({
      createPayout: { status: 'CREATED', payout: { status: 'CREATED', outcome: 'IN_PROGRESS' } },
    });
  });

  it('sends the exact digits of the amount, with the key and the reference', async () => {
    const gateway = await startTestGateway();
    for (const amount of ['16.50', '0.01', '999999.99'])
      await gateway.run(create, {
        input: { ...input, idempotencyKey: `key ${amount}`, amount: { amount, currency: 'AED' } },
      });
    const sent = gateway.lean.requests.filter(request => request.operation === 'createPayoutPayment');
    expect(
      sent.map(request => [request.idempotencyKey, /"amount":([^,]+),/.exec(request.body)?.[1]]),
    ).toEqual([
      ['key 16.50', '16.50'],
      ['key 0.01', '0.01'],
      ['key 999999.99', '999999.99'],
    ]);
    expect(sent[0]?.body).toContain('"external_reference":"key 16.50"');
  });

  it('accepts an amount as a number literal, and keeps its digits', async () => {
    const gateway = await startTestGateway();
    const literal = create.replace('($input: CreatePayoutInput!)', '').replace(
      '$input',
      `{ idempotencyKey: "k", accountId: "${input.accountId}", destinationId: "${input.destinationId}",
           amount: { amount: 100000.10, currency: "AED" }, description: "x" }`,
    );
    await gateway.run(literal);
    expect(gateway.lean.requests[0]?.body).toContain('"amount":100000.10,');
  });

  it('returns a payout that Lean fails with status 200 as rejected, with its intent', async () => {
    const gateway = await startTestGateway();
    const { data } = await gateway.run<{ createPayout: { rejectedIntentId: string } }>(create, {
      input: { ...input, destinationId: destinations.failsAtOnce },
    });
    expect(data).toMatchObject({
      createPayout: {
        __typename: 'PayoutRejected',
        code: 'REJECTED_BY_LEAN',
        inputErrors: [],
        payout: { status: 'FAILED' },
      },
    });
    expect(data?.createPayout.rejectedIntentId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('pays once if the same request is sent ten times at once', async () => {
    const gateway = await startTestGateway();
    const before = gateway.lean.payouts.all().length;
    const results = await Promise.all(Array.from({ length: 10 }, () => gateway.run(create, { input })));
    expect(new Set(results.map(({ data }) => JSON.stringify(data))).size).toBe(1);
    expect(gateway.lean.payouts.all().length).toBe(before + 1);
  });

  it('accepts the longest key for several transfers', async () => {
    const gateway = await startTestGateway();
    const { accountId, destinationId, amount, description } = input;
    const transfer = { accountId, destinationId, amount, description };
    const { data } = await gateway.run(
      `mutation ($input: CreatePayoutsInput!) { createPayouts(input: $input) { ... on PayoutsCreated {
        created { intent { externalReference } } } ... on PayoutRejected { message } } }`,
      { input: { idempotencyKey: 'k'.repeat(255), transfers: [transfer] } },
    );
    expect(data).toEqual({
      createPayouts: {
        created: [{ intent: { externalReference: expect.stringMatching(/^k{20}\.[\w-]{43}$/) as string } }],
      },
    });
  });

  it('refuses a key that was used with another input', async () => {
    const gateway = await startTestGateway();
    await gateway.run(create, { input });
    const { data } = await gateway.run(create, { input: { ...input, description: 'INV 002' } });
    expect(data).toMatchObject({
      createPayout: {
        code: 'IDEMPOTENCY_CONFLICT',
        inputErrors: [{ field: 'idempotencyKey', code: 'ALREADY_USED' }],
      },
    });
  });
});
