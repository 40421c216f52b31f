import { getOperationAST, Kind, type DocumentNode, type GraphQLError } from 'graphql';
import type { GraphQLParams, Plugin } from 'graphql-yoga';
import { badRequest } from './request-error.ts';
import type { RequestContext } from '../request-context.ts';

/** The most operations that an error message names. */
const maxNames = 10;

/** The problem if a request does not name exactly one operation of its document; undefined if it does. */
export function operationNameError(
  document: DocumentNode,
  operationName: string | null | undefined,
): GraphQLError | undefined {
  if (getOperationAST(document, operationName) != null) return undefined;
  const operations = document.definitions.filter(each => each.kind === Kind.OPERATION_DEFINITION);
  const names = operations.flatMap(({ name }) => (name === undefined ? [] : [name.value]));
  if (operations.length === 0) return badRequest('The document has no operation.');
  if (names.length === 0)
    return badRequest('operationName: is set, but the operation of the document has no name.');
  const problem =
    operationName == null
      ? 'is not set, and the document has several operations'
      : 'is not an operation of the document';
  const more = names.length > maxNames ? ', …' : '';
  return badRequest(`operationName: ${problem}; accepted: ${names.slice(0, maxNames).join(', ')}${more}.`);
}

/**
 * Refuses a request over HTTP that does not name exactly one operation of its document. Yoga would do that without the
 * names. It must come after the plugin that caches documents and parse errors, because its error depends on the request.
 */
export function useOperationNames(): Plugin<RequestContext & { readonly params?: GraphQLParams }> {
  return {
    onParse:
      () =>
      ({ result, context, replaceParseResult }) => {
        // Other transports check the name themselves, and the fast path checks it when it looks an operation up.
        if (context.request === undefined || result === null || result instanceof Error) return;
        const error = operationNameError(result as DocumentNode, context.params.operationName);
        if (error !== undefined) replaceParseResult(error as never);
      },
  };
}
