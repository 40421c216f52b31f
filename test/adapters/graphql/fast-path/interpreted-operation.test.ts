import { GraphQLError, parse } from 'graphql';
import { describe, expect, it, vi } from 'vitest';
import { interpretedOperation } from '../../../../src/adapters/graphql/fast-path/interpreted-operation.ts';
import { schema } from '../../../../src/schema/index.ts';
import { payoutInput } from '../../../support/payout-input.ts';

const document = parse(`
  mutation Pay($input: CreatePayoutInput!, $also: Boolean = true) {
    createPayout(input: $input) { __typename ... on PayoutOutcomeUnknown { idempotencyKey @include(if: $also) } }
  }
`);

function createPayment() {
  const createPayout = vi.fn(() => ({ kind: 'unknown', idempotencyKey: 'key-1' }));
  const context = { creation: { createPayout }, caller: { subject: 'caller' } };
  return { createPayout, context, operation: interpretedOperation(schema, document, 'Pay') };
}

describe('a mutation', () => {
  it('has no effect until it is executed, and then runs with its variables and their defaults', async () => {
    const { createPayout, context, operation } = createPayment();
    const execute = operation.prepare({ input: payoutInput('key-1') });
    expect(createPayout).not.toHaveBeenCalled();
    const { data, errors } = await execute(context);
    expect(errors).toBeUndefined();
    expect(JSON.parse(JSON.stringify(data))).toEqual({
      createPayout: { __typename: 'PayoutOutcomeUnknown', idempotencyKey: 'key-1' },
    });
    expect(createPayout).toHaveBeenCalledTimes(1);
  });

  it('throws before the execution if its variables cannot be read', () => {
    const { operation } = createPayment();
    for (const variables of [{}, { input: null }, { input: { ...payoutInput('key-1'), amount: 'much' } }])
      expect(() => operation.prepare(variables)).toThrow(GraphQLError);
  });
});
