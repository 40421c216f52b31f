import { getOperationAST, type ExecutionArgs, type OperationDefinitionNode } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { RequestContext } from '../request-context.ts';
import type { Subscriptions } from './subscriptions.ts';

/** The part of Yoga's context that holds the parameters of the request. */
interface ParamsHolder {
  readonly params?: { readonly query?: string };
}

/**
 * Reduces the memory of a waiting subscription. It keeps only the variables that the operation declares, shares the
 * document with open subscriptions of the same text, and empties the request's parameters. It must come after plugins
 * that read these parameters.
 */
export function useSubscribedRequests(subscriptions: Subscriptions): Plugin<RequestContext> {
  return {
    onSubscribe({ args }) {
      const context = args.contextValue as RequestContext & ParamsHolder;
      const subscribed = subscriptions.shared({ text: context.params?.query ?? '', document: args.document });
      context.subscribedDocument = subscribed;
      const operation = getOperationAST(subscribed.document, args.operationName);
      args.document = subscribed.document;
      args.operationName = operation?.name?.value;
      args.variableValues = declaredOnly(operation, args.variableValues);
      if (context.params !== undefined) forgetParams(context.params);
    },
  };
}

/** Empties the parameters of a request, because the libraries keep this object as long as the operation runs. */
export function forgetParams(params: object): void {
  Object.assign(params, { query: '', operationName: undefined, variables: undefined, extensions: undefined });
}

/** The values of the variables that the operation declares. GraphQL ignores all others. */
function declaredOnly(
  operation: OperationDefinitionNode | null | undefined,
  values: ExecutionArgs['variableValues'],
): Record<string, unknown> {
  const sent = new Map(Object.entries(values ?? {}));
  return Object.fromEntries(
    (operation?.variableDefinitions ?? []).flatMap(({ variable: { name } }) =>
      sent.has(name.value) ? [[name.value, sent.get(name.value)]] : [],
    ),
  );
}
