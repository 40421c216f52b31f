import { describe, expect, it } from 'vitest';
import { payoutIdOf } from '../../src/payouts/values/ids.ts';
import { exampleIntentId } from '../../src/sandbox/fixtures.ts';
import { startTestGateway, type OperationResult, type TestGateway } from '../support/test-gateway.ts';

const secret = 'secret-of-the-router';
const exampleId = payoutIdOf(exampleIntentId);
const example = { __typename: 'Payout', id: exampleId };

function startGateway(env: Record<string, string> = {}): Promise<TestGateway> {
  return startTestGateway({ env: { ROUTER_SECRET: secret, INTROSPECTION: 'off', ...env } });
}

/** Sends a body as the router, or as another caller. */
function send(gateway: TestGateway, sender: 'router' | 'caller', body: object, padTo = 0) {
  return gateway.run('', undefined, {
    headers: {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json',
      ...(sender === 'router' && { 'x-router-secret': secret }),
    },
    body: JSON.stringify(body).padEnd(padTo),
  });
}

function many(count: number, generate: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => generate(index)).join(' ');
}

function codesOf({ errors }: OperationResult): unknown[] {
  return (errors ?? []).map(({ extensions }) => extensions['code']);
}

const kib = 1024;

describe('the body of a request', () => {
  const body = { query: `{ payout(id: "${exampleId}") { id } }` };

  it.each([
    ['router', 1024],
    ['caller', 64],
  ] as const)('of the %s may have %i KiB', async (sender, maxKib) => {
    const gateway = await startGateway();
    expect(await send(gateway, sender, body, maxKib * kib)).toEqual({
      status: 200,
      data: { payout: { id: exampleId } },
    });
    expect(gateway.received()).toEqual({ getPayoutIntent: 1 });
    expect(await send(gateway, sender, body, maxKib * kib + 1)).toEqual({
      status: 413,
      errors: [
        {
          message: `The body is larger than ${String(maxKib)} KiB.`,
          extensions: { code: 'BAD_USER_INPUT' },
        },
      ],
    });
    expect(gateway.received()).toEqual({});
  });

  it('of the router may have more values than that of another caller', async () => {
    const gateway = await startGateway();
    const query = 'query ($of: [_Any!]!) { _entities(representations: $of) { ... on Payout { id } } }';
    const bodyOf = (count: number) => ({ query, variables: { of: Array(count).fill(example) as object[] } });
    const { data, errors } = await send(gateway, 'router', bodyOf(8000));
    expect(errors).toBeUndefined();
    expect(data?.['_entities']).toHaveLength(8000);
    expect(gateway.received()).toEqual({ getPayoutIntent: 1 });
    const tooMany = { query: '{ __typename }', variables: { list: Array(100_001).fill(1) as number[] } };
    expect(codesOf(await send(gateway, 'router', tooMany))).toEqual(['BAD_USER_INPUT']);
    const ofCaller = { query: '{ __typename }', variables: { list: Array(10_001).fill(1) as number[] } };
    expect(codesOf(await send(gateway, 'caller', ofCaller))).toEqual(['BAD_USER_INPUT']);
    expect(gateway.received()).toEqual({});
  });
});

describe('a document of the router', () => {
  const field = `payout(id: "${exampleId}")`;

  it.each([
    ['root fields', `{ ${many(40, index => `a${String(index)}: ${field} { id }`)} }`],
    ['aliases', `{ ${field} { ${many(200, index => `a${String(index)}: id`)} } }`],
    ['directives', `{ ${field} { id ${many(15, index => `a${String(index)}: id @include(if: true)`)} } }`],
    [
      'tokens',
      `{ ${field} { id ${many(200, index => `...F${String(index)}`)} } } ${many(200, index => `fragment F${String(index)} on Payout { id }`)}`,
    ],
    [
      'tokens on many lines',
      `{ ${field} { id ${many(200, index => `...F${String(index)}`)} } } ${many(200, index => `fragment F${String(index)} on Payout { id }`)}${'\n'.repeat(3000)}`,
    ],
  ])('may have any number of %s, and the same document of another caller is refused', async (_, query) => {
    const gateway = await startGateway();
    for (const sender of ['caller', 'router', 'caller', 'router'] as const) {
      const result = await send(gateway, sender, { query });
      if (sender === 'caller') {
        expect(result.status).toBe(400);
        expect(new Set(codesOf(result))).toEqual(new Set(['OPERATION_TOO_EXPENSIVE']));
        expect(gateway.received()).toEqual({});
      } else {
        expect(result.errors).toBeUndefined();
        expect(Object.values(result.data ?? {})[0]).toMatchObject(
          query.includes('...F') ? { id: exampleId } : {},
        );
        expect(gateway.received()).toEqual({ getPayoutIntent: 1 });
      }
    }
  });

  it('is refused if it is deeper than 10', async () => {
    const gateway = await startGateway();
    const query = `{ ${field} { ${'intent { payout { '.repeat(5)} id ${'} } '.repeat(5)} } }`;
    const result = await send(gateway, 'router', { query });
    expect(result.errors).toMatchObject([
      {
        message: 'Query depth limit of 10 exceeded, found 12.',
        extensions: { code: 'OPERATION_TOO_EXPENSIVE' },
      },
    ]);
    expect(gateway.received()).toEqual({});
  });

  it.each([500, 1000, 1300, 1600, 2000, 50_000])(
    'is refused if it is nested %i levels deep',
    async levels => {
      const gateway = await startGateway();
      const query = `${'{ payout '.repeat(levels)}${'} '.repeat(levels)}`;
      const result = await send(gateway, 'router', { query });
      expect(result.status).toBeLessThan(500);
      expect(codesOf(result)[0]).toMatch(/^(?:GRAPHQL_PARSE_FAILED|OPERATION_TOO_EXPENSIVE)$/);
      expect(gateway.received()).toEqual({});
    },
  );

  it('that fills the largest body is executed within seconds', async () => {
    const gateway = await startGateway();
    const count = 40_000;
    const query = `{ ${many(count, index => `a${String(index)}:__typename`)} }`;
    const began = performance.now();
    const { data, errors } = await send(gateway, 'router', { query });
    expect(errors).toBeUndefined();
    expect(Object.keys(data ?? {})).toHaveLength(count);
    expect(performance.now() - began).toBeLessThan(20_000);
  });
});

describe('the Lean calls of the router', () => {
  const entityFields = (selection: string, ...aliases: readonly string[]) =>
    `query ($of: [_Any!]!, $again: [_Any!]!) {
      ${aliases.map((alias, index) => `${alias}: _entities(representations: ${index === 0 ? '$of' : '$again'}) { ... on Payout { ${selection} } }`).join(' ')}
    }`;
  const idsOf = (gateway: TestGateway, count: number): string[] =>
    gateway.lean.payouts
      .all()
      // Payouts without a payment have no history by its id.
      .filter(({ paymentId }) => paymentId !== null)
      .slice(0, count)
      .map(({ intentId }) => payoutIdOf(intentId));
  const payouts = (ids: readonly string[]) => ids.map(id => ({ __typename: 'Payout', id }));
  const values = (ids: readonly string[]) => ids.map(id => ({ id }));
  const tooExpensive = (path: readonly (string | number)[], maxCost: number) =>
    expect.objectContaining({
      message: expect.stringContaining(`limit of ${String(maxCost)} Lean calls`) as string,
      path,
      extensions: { code: 'OPERATION_TOO_EXPENSIVE', maxCost },
    }) as object;

  it.each(['on', 'off'])(
    'refuse only the entities beyond the limit, and the others are answered (FAST_PATH=%s)',
    async FAST_PATH => {
      const gateway = await startGateway({ ROUTER_MAX_UPSTREAM_CALLS: '5', FAST_PATH });
      const ids = idsOf(gateway, 8);
      const query = entityFields('id', '_e0', '_e1');
      const variables = {
        of: payouts(ids.slice(0, 4)),
        again: payouts([...ids.slice(3), ...ids.slice(0, 2)]),
      };
      for (let times = 0; times < 2; times += 1) {
        const { status, data, errors } = await send(gateway, 'router', { query, variables });
        expect(status).toBe(200);
        expect(data).toEqual({
          _e0: values(ids.slice(0, 4)),
          _e1: [...values(ids.slice(3, 5)), null, null, null, ...values(ids.slice(0, 2))],
        });
        expect(errors).toHaveLength(3);
        for (const index of [2, 3, 4]) expect(errors).toContainEqual(tooExpensive(['_e1', index], 5));
        expect(gateway.received()).toEqual({ getPayoutIntent: 5 });
      }
    },
  );

  it('count each call of an entity, also of a literal representation', async () => {
    const gateway = await startGateway({ ROUTER_MAX_UPSTREAM_CALLS: '5', LEAN_HISTORY_KEY: 'payment_id' });
    const ids = idsOf(gateway, 3);
    const literals = ids.map(id => `{ __typename: "Payout", id: "${id}" }`).join(' ');
    const query = `{ _entities(representations: [${literals}]) { ... on Payout { id history { payoutId } } } }`;
    const { data, errors } = await send(gateway, 'router', { query });
    expect(data?.['_entities']).toEqual([
      ...ids.slice(0, 2).map(id => expect.objectContaining({ id }) as object),
      null,
    ]);
    expect(errors).toEqual([tooExpensive(['_entities', 2], 5)]);
    expect(gateway.received()).toEqual({ getPayoutIntent: 2, getPayoutPaymentHistory: 2 });
  });

  it('refuse the whole operation if the fields besides entities exceed the limit', async () => {
    const gateway = await startGateway({ ROUTER_MAX_UPSTREAM_CALLS: '5' });
    const query = '{ payouts(first: 5) { nodes { history { payoutId } } } }';
    const { status, errors } = await send(gateway, 'router', { query });
    expect(status).toBe(400);
    expect(errors).toMatchObject([{ extensions: { code: 'OPERATION_TOO_EXPENSIVE', cost: 6, maxCost: 5 } }]);
    expect(gateway.received()).toEqual({});
  });

  it('count retries, and none is made beyond the limit', async () => {
    const gateway = await startGateway({ ROUTER_MAX_UPSTREAM_CALLS: '4' });
    gateway.lean.faults.add({ kind: 'status', status: 503 });
    const query = 'query ($of: [_Any!]!) { _entities(representations: $of) { ... on Payout { id } } }';
    const variables = { of: payouts(idsOf(gateway, 4)) };
    const { data } = await send(gateway, 'router', { query, variables });
    expect(data).toEqual({ _entities: [null, null, null, null] });
    expect(gateway.received()).toEqual({ getPayoutIntent: 4 });
  });

  it('are limited by ROUTER_MAX_UPSTREAM_CALLS, and those of other callers by MAX_UPSTREAM_CALLS', async () => {
    const gateway = await startGateway({ MAX_UPSTREAM_CALLS: '3', LEAN_HISTORY_KEY: 'payment_id' });
    const query = '{ payouts(first: 3) { nodes { history { payoutId } } } }';
    const refused = await send(gateway, 'caller', { query });
    expect(refused.errors).toMatchObject([{ extensions: { cost: 4, maxCost: 3 } }]);
    expect(gateway.received()).toEqual({});
    expect((await send(gateway, 'router', { query })).errors).toBeUndefined();
    expect(gateway.received()).toMatchObject({
      listPayouts: 1,
      getPayoutPaymentHistory: expect.any(Number) as number,
    });
  });

  it('are at most 1000 by default', async () => {
    const gateway = await startGateway();
    const of = Array.from({ length: 1001 }, (_, index) => ({
      __typename: 'Payout',
      id: payoutIdOf(`b0000000-0000-4000-8000-${String(index).padStart(12, '0')}`),
    }));
    const query = 'query ($of: [_Any!]!) { _entities(representations: $of) { ... on Payout { id } } }';
    const { errors } = await send(gateway, 'router', { query, variables: { of } });
    expect(errors).toEqual([tooExpensive(['_entities', 1000], 1000)]);
    expect(gateway.received()).toEqual({ getPayoutIntent: 1000 });
  });
});
