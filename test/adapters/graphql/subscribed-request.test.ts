import { parse, type ExecutionArgs } from 'graphql';
import { expect, it } from 'vitest';
import { Subscriptions } from '../../../src/adapters/graphql/subscriptions.ts';
import { useSubscribedRequests } from '../../../src/adapters/graphql/subscribed-request.ts';

const query =
  'subscription S($id: ID, $missing: String) { payoutUpdated(id: $id, after: $missing) { status } }';

/** A subscription as it is when it begins: what its caller sent, and what Yoga keeps. */
function begun(variables: Record<string, unknown>) {
  const params = { query, operationName: 'S', variables, extensions: { anything: 1 } };
  const args = {
    document: parse(query),
    operationName: 'S',
    variableValues: variables,
    contextValue: { params },
  } as unknown as ExecutionArgs;
  return { params, args };
}

it('a subscription keeps the variables that it declares, and nothing else that its caller sent', async () => {
  const subscriptions = new Subscriptions();
  const plugin = useSubscribedRequests(subscriptions);
  const { params, args } = begun({ id: 'po_1', other: ['x'.repeat(1000)], toString: 1 });
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

it('subscriptions with the same text keep one syntax tree', async () => {
  const subscriptions = new Subscriptions();
  const plugin = useSubscribedRequests(subscriptions);
  const first = begun({});
  await plugin.onSubscribe?.({ args: first.args } as never);
  const { subscribed } = first.args.contextValue as { subscribed: Parameters<Subscriptions['begin']>[1] };
  subscriptions.begin('ann', subscribed);
  const second = begun({});
  await plugin.onSubscribe?.({ args: second.args } as never);
  expect(second.args.document).toBe(first.args.document);
});
