import { getOperationAST, type ExecutionArgs } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { RequestContext } from './request-context.ts';
import type { Subscriptions } from './subscriptions.ts';

/** The request as Yoga's context keeps it. */
interface KeptRequest {
  readonly params?: { readonly query?: string };
}

/**
 * Lets go of what a subscriber has sent before its subscription begins to wait: the variables that its operation does
 * not declare, and a document that another subscription has as well. It comes after plugins that report what was asked
 * for.
 */
export function useSubscribedRequests(subscriptions: Subscriptions): Plugin<RequestContext> {
  return {
    onSubscribe({ args }) {
      const context = args.contextValue as RequestContext & KeptRequest;
      const subscribed = subscriptions.shared({ text: context.params?.query ?? '', document: args.document });
      context.subscribed = subscribed;
      args.document = subscribed.document;
      args.operationName = getOperationAST(args.document, args.operationName)?.name?.value;
      args.variableValues = declaredOnly(args);
      // Yoga keeps this very object.
      Object.assign(context.params ?? {}, {
        query: '',
        operationName: undefined,
        variables: undefined,
        extensions: undefined,
      });
    },
  };
}

/** The variables that an operation declares. Others may be given, and mean nothing. */
function declaredOnly({
  document,
  operationName,
  variableValues,
}: Pick<ExecutionArgs, 'document' | 'operationName' | 'variableValues'>): Record<string, unknown> {
  const declared = getOperationAST(document, operationName)?.variableDefinitions ?? [];
  const given = new Map(Object.entries(variableValues ?? {}));
  return Object.fromEntries(
    declared.flatMap(({ variable: { name } }) =>
      given.has(name.value) ? [[name.value, given.get(name.value)]] : [],
    ),
  );
}
