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
