import { getOperationAST, type ExecutionArgs, type OperationDefinitionNode } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { RequestContext } from './request-context.ts';
import type { Subscriptions } from './subscriptions.ts';

/** The part of Yoga's context that keeps a request. */
interface KeptRequest {
  readonly params?: { readonly query?: string };
}

/**
 * Lets go of what a subscriber has sent before its subscription begins to wait: it keeps only the variables that its
 * operation declares, and uses the document of an open subscription with the same text. It comes after plugins that report
 * what was asked for.
 */
export function useSubscribedRequests(subscriptions: Subscriptions): Plugin<RequestContext> {
  return {
    onSubscribe({ args }) {
      const context = args.contextValue as RequestContext & KeptRequest;
      const subscribed = subscriptions.shared({ text: context.params?.query ?? '', document: args.document });
      context.subscribed = subscribed;
      const operation = getOperationAST(subscribed.document, args.operationName);
      args.document = subscribed.document;
      args.operationName = operation?.name?.value;
      args.variableValues = declaredOnly(operation, args.variableValues);
      if (context.params !== undefined) forgetParams(context.params);
    },
  };
}

/** Empties the parameters of a request. The libraries keep this very object as long as the operation runs. */
export function forgetParams(params: object): void {
  Object.assign(params, { query: '', operationName: undefined, variables: undefined, extensions: undefined });
}

/** The variables that an operation declares. Others may be given, and mean nothing. */
function declaredOnly(
  operation: OperationDefinitionNode | null | undefined,
  values: ExecutionArgs['variableValues'],
): Record<string, unknown> {
  const given = new Map(Object.entries(values ?? {}));
  return Object.fromEntries(
    (operation?.variableDefinitions ?? []).flatMap(({ variable: { name } }) =>
      given.has(name.value) ? [[name.value, given.get(name.value)]] : [],
    ),
  );
}
