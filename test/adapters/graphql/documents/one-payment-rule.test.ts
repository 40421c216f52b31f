import { describe, expect, it } from 'vitest';
import { payoutInput } from '../../../support/payout-input.ts';
import { startTestGateway } from '../../../support/test-gateway.ts';

const pay = 'createPayout(input: $i) { __typename }';
const payMany = 'createPayouts(input: { idempotencyKey: "k", transfers: [] }) { __typename }';
const variables = { i: payoutInput('key-1') };

describe('a document with several fields that move money is refused, and nothing is paid', () => {
  it.each([
    ['aliases', `mutation ($i: CreatePayoutInput!) { a: ${pay} b: ${pay} }`],
    ['both fields', `mutation ($i: CreatePayoutInput!) { ${pay} ${payMany} }`],
    ['the same field twice', `mutation ($i: CreatePayoutInput!) { ${pay} ${pay} }`],
    [
      'a fragment and a field',
      `mutation ($i: CreatePayoutInput!) { a: ${pay} ...F } fragment F on Mutation { b: ${pay} }`,
    ],
    [
      'a fragment that is spread twice',
      `mutation ($i: CreatePayoutInput!) { ...F ...F } fragment F on Mutation { ${pay} }`,
    ],
    [
      'nested fragments',
      `mutation ($i: CreatePayoutInput!) { ...F } fragment F on Mutation { a: ${pay} ...G }
       fragment G on Mutation { b: ${pay} }`,
    ],
    [
      'inline fragments',
      `mutation ($i: CreatePayoutInput!) { ... on Mutation { a: ${pay} } ... { b: ${pay} } }`,
    ],
    [
      'several operations, of which one is to run',
      `mutation A($i: CreatePayoutInput!) { ${pay} } mutation B($i: CreatePayoutInput!) { ${pay} }`,
    ],
    [
      'a directive that would skip one of them',
      `mutation ($i: CreatePayoutInput!) { a: ${pay} b: createPayout(input: $i) @skip(if: true) { __typename } }`,
    ],
  ])('%s', async (_name, query) => {
    const gateway = await startTestGateway();
    const result = await gateway.run(
      '',
      {},
      {
        body: JSON.stringify({
          query,
          variables,
          ...(query.includes('mutation A') && { operationName: 'A' }),
        }),
      },
    );
    expect(result.status).toBe(400);
    expect(result.data).toBeUndefined();
    expect(result.errors).toContainEqual(
      expect.objectContaining({
        message: expect.stringContaining('at most one field that moves money') as string,
        extensions: { code: 'BAD_USER_INPUT' },
      }),
    );
    expect(gateway.received()).toEqual({});
  });
});

describe('a document with one field that moves money', () => {
  it.each([
    ['next to __typename', `mutation ($i: CreatePayoutInput!) { __typename ${pay} }`],
    ['in a fragment', `mutation ($i: CreatePayoutInput!) { ...F } fragment F on Mutation { ${pay} }`],
    [
      'next to a query',
      `mutation A($i: CreatePayoutInput!) { ${pay} } query B { __typename payouts { totalCount } }`,
    ],
  ])('%s pays', async (_name, query) => {
    const gateway = await startTestGateway();
    const operationName = query.includes('mutation A') ? { operationName: 'A' } : {};
    const { data, errors } = await gateway.run(
      '',
      {},
      { body: JSON.stringify({ query, variables, ...operationName }) },
    );
    expect(errors).toBeUndefined();
    expect(data).toMatchObject({ createPayout: { __typename: 'PayoutCreated' } });
    expect(gateway.received()).toEqual({ createPayoutPayment: 1 });
  });
});

describe('a document with recursive fragments', () => {
  const doublingFragments = (last: string): string =>
    Array.from({ length: 60 }, (_, index) => {
      const next = index === 59 ? last : `...F${String(index + 1)} ...F${String(index + 1)}`;
      return `fragment F${String(index)} on Mutation { ${next} }`;
    }).join('\n');

  // A count of each spread, instead of each fragment, would not end.
  it.each([pay, '__typename'])('is refused if they double sixty times: %s', async last => {
    const gateway = await startTestGateway();
    const { status, errors } = await gateway.run(
      `mutation ($i: CreatePayoutInput!) { ...F0 } ${doublingFragments(last)}`,
      variables,
    );
    expect(status).toBe(400);
    expect(errors).toMatchObject([{ extensions: { code: 'OPERATION_TOO_EXPENSIVE' } }]);
    expect(gateway.received()).toEqual({});
  });

  it('is refused if they form a cycle', async () => {
    const gateway = await startTestGateway();
    const { status, errors } = await gateway.run(
      'mutation { ...A } fragment A on Mutation { ...B } fragment B on Mutation { ...A }',
    );
    expect(status).toBe(400);
    expect(errors).toMatchObject([{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }]);
  });
});
