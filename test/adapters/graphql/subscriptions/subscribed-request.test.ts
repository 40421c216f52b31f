import { parse, type ExecutionArgs } from 'graphql';
import { expect, it } from 'vitest';
import { Subscriptions } from '../../../../src/adapters/graphql/subscriptions/subscriptions.ts';
import { useSubscribedRequests } from '../../../../src/adapters/graphql/subscriptions/subscribed-request.ts';

const query =
  'subscription S($id: ID, $missing: String) { payoutUpdated(id: $id, after: $missing) { status } }';

/** The request of a new subscription: its parameters, which Yoga keeps, and the execution arguments. */
function createRequest(variables: Record<string, unknown>) {
  const params = { query, operationName: 'S', variables, extensions: { anything: 1 } };
  const args = {
    document: parse(query),
    operationName: 'S',
    variableValues: variables,
    contextValue: { params },
  } as unknown as ExecutionArgs;
  return { params, args };
}

it('a subscription keeps only the variables that its operation declares', async () => {
  const subscriptions = new Subscriptions();
  const plugin = useSubscribedRequests(subscriptions);
  const { params, args } = createRequest({ id: 'po_1', other: ['x'.repeat(1000)], toString: 1 });
  await plugin.onSubscribe?.({ args } as never);
  expect(args.variableValues).toEqual({ id: 'po_1' });
  expect(params).toEqual({
    query: '',
    operationName: undefined,
    variables: undefined,
    extensions: undefined,
  });
  expect(args.operationName).toBe('S');
});

it('subscriptions with the same text share one syntax tree', async () => {
  const subscriptions = new Subscriptions();
  const plugin = useSubscribedRequests(subscriptions);
  const first = createRequest({});
  await plugin.onSubscribe?.({ args: first.args } as never);
  const { subscribedDocument } = first.args.contextValue as {
    subscribedDocument: Parameters<Subscriptions['begin']>[1];
  };
  subscriptions.begin('ann', subscribedDocument);
  const second = createRequest({});
  await plugin.onSubscribe?.({ args: second.args } as never);
  expect(second.args.document).toBe(first.args.document);
});
