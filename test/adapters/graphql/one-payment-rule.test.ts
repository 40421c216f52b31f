import { describe, expect, it } from 'vitest';
import { payoutInput } from '../../support/payout-input.ts';
import { startTestGateway } from '../../support/test-gateway.ts';

const pay = 'createPayout(input: $i) { __typename }';
const payMany = 'createPayouts(input: { idempotencyKey: "k", transfers: [] }) { __typename }';
const variables = { i: payoutInput('key-1') };

describe('a document that moves money more than once is refused, and nothing is paid', () => {
  it.each([
    ['by aliases', `mutation ($i: CreatePayoutInput!) { a: ${pay} b: ${pay} }`],
    ['by both of the fields', `mutation ($i: CreatePayoutInput!) { ${pay} ${payMany} }`],
    ['by the same field twice', `mutation ($i: CreatePayoutInput!) { ${pay} ${pay} }`],
    [
      'by a fragment beside a field',
      `mutation ($i: CreatePayoutInput!) { a: ${pay} ...F } fragment F on Mutation { b: ${pay} }`,
    ],
    [
      'by a fragment that is spread twice',
      `mutation ($i: CreatePayoutInput!) { ...F ...F } fragment F on Mutation { ${pay} }`,
    ],
    [
      'by fragments in fragments',
      `mutation ($i: CreatePayoutInput!) { ...F } fragment F on Mutation { a: ${pay} ...G }
       fragment G on Mutation { b: ${pay} }`,
    ],
    [
      'by inline fragments',
      `mutation ($i: CreatePayoutInput!) { ... on Mutation { a: ${pay} } ... { b: ${pay} } }`,
    ],
    [
      'by several operations, whichever is to run',
      `mutation A($i: CreatePayoutInput!) { ${pay} } mutation B($i: CreatePayoutInput!) { ${pay} }`,
    ],
    [
      'by directives that would leave one out',
      `mutation ($i: CreatePayoutInput!) { a: ${pay} b: createPayout(input: $i) @skip(if: true) { __typename } }`,
    ],
  ])('%s', async (_how, query) => {
    const gateway = await startTestGateway();
    const answer = await gateway.run(
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
    expect(answer.status).toBe(400);
    expect(answer.data).toBeUndefined();
    expect(answer.errors).toContainEqual(
      expect.objectContaining({
        message: expect.stringContaining('at most one field that moves money') as string,
        extensions: { code: 'BAD_USER_INPUT' },
      }),
    );
    expect(gateway.received()).toEqual({});
  });
});

describe('a document that moves money once', () => {
  it.each([
    ['beside __typename', `mutation ($i: CreatePayoutInput!) { __typename ${pay} }`],
    ['by a fragment', `mutation ($i: CreatePayoutInput!) { ...F } fragment F on Mutation { ${pay} }`],
    [
      'beside a query',
      `mutation A($i: CreatePayoutInput!) { ${pay} } query B { __typename payouts { totalCount } }`,
    ],
  ])('%s pays', async (_how, query) => {
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

describe('fragments that double sixty times', () => {
  const bomb = (last: string): string =>
    Array.from({ length: 60 }, (_, index) => {
      const next = index === 59 ? last : `...F${String(index + 1)} ...F${String(index + 1)}`;
      return `fragment F${String(index)} on Mutation { ${next} }`;
    }).join('\n');

  // Counting what is spread instead of each fragment once would take longer than any test may.
  it.each([pay, '__typename'])('are refused, whatever they ask for: %s', async last => {
    const gateway = await startTestGateway();
    const { status, errors } = await gateway.run(
      `mutation ($i: CreatePayoutInput!) { ...F0 } ${bomb(last)}`,
      variables,
    );
    expect(status).toBe(400);
    expect(errors).toMatchObject([{ extensions: { code: 'OPERATION_TOO_EXPENSIVE' } }]);
    expect(gateway.received()).toEqual({});
  });

  it('that go round in a circle are refused', async () => {
    const gateway = await startTestGateway();
    const { status, errors } = await gateway.run(
      'mutation { ...A } fragment A on Mutation { ...B } fragment B on Mutation { ...A }',
    );
    expect(status).toBe(400);
    expect(errors).toMatchObject([{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }]);
  });
});
