import { usePersistedOperations as useManifest } from '@graphql-yoga/plugin-persisted-operations';
import { GraphQLError } from 'graphql';
import type { GraphQLParams, Plugin } from 'graphql-yoga';
import type { AuthContext } from '../../../access/authenticator.ts';
import { authContextOf } from '../authentication.ts';
import { hashOf } from './operation-manifest.ts';
import { badRequest } from './request-error.ts';
import type { RequestContext } from '../request-context.ts';

export interface PersistedOperations {
  /**
   * `allow`: an operation of the manifest may be named by its hash, and any other operation may be sent as a
   * document. `only`: only operations of the manifest run, except for the router, which may send any document.
   */
  readonly mode: 'allow' | 'only';
  /** Documents by their SHA-256, as 64 lower-case hexadecimal digits. */
  readonly documents: ReadonlyMap<string, string>;
}

/** Runs operations that are named by their hash, and refuses documents in the mode `only`. */
export function usePersistedOperations(persisted: PersistedOperations | undefined): Plugin<RequestContext> {
  return {
    onPluginInit({ addPlugin }) {
      if (persisted !== undefined)
        addPlugin(
          useManifest({
            allowArbitraryOperations: true,
            extractPersistedOperationId: params => operationIdIn(params) ?? null,
            getPersistedOperation: id => persisted.documents.get(hashOf(id.toLowerCase())) ?? null,
            customErrors: {
              notFound: ({ params }) => notFound(params, persisted),
              keyNotFound: () => noOperation(),
            },
          }) as Plugin<RequestContext>,
        );
    },
    onParams({ params, context }) {
      if (hasDocument(params)) {
        if (persisted?.mode === 'only' && !authContextOf(context).isRouter)
          throw persistedOperationRequired();
      } else if (operationIdIn(params) === undefined) throw noOperation();
      else if (persisted === undefined) throw notFound(params, persisted);
    },
  };
}

/**
 * The text of the document that a request names or sends. It applies the same rules as the plugin to requests that do
 * not go through Yoga's HTTP handling: WebSocket and the fast path.
 * @throws GraphQLError
 */
export function documentTextFor(
  persisted: PersistedOperations | undefined,
  params: GraphQLParams,
  { isRouter }: AuthContext,
): string {
  if (hasDocument(params)) {
    if (persisted?.mode === 'only' && !isRouter) throw persistedOperationRequired();
    return params.query;
  }
  const id = operationIdIn(params);
  if (id === undefined) throw noOperation();
  const document = persisted?.documents.get(hashOf(id.toLowerCase()));
  if (document === undefined) throw notFound(params, persisted);
  return document;
}

/** Whether a request sends a document. Some clients send an empty one together with the id of an operation. */
function hasDocument(params: GraphQLParams): params is GraphQLParams & { readonly query: string } {
  return params.query != null && params.query !== '';
}

/**
 * The id of the persisted operation that a request names: `documentId`, or the extension that Apollo's clients send.
 */
function operationIdIn(params: GraphQLParams): string | undefined {
  const { documentId } = params as { readonly documentId?: unknown };
  if (typeof documentId === 'string') return documentId;
  const { sha256Hash } = (params.extensions?.['persistedQuery'] ?? {}) as { readonly sha256Hash?: unknown };
  return typeof sha256Hash === 'string' ? sha256Hash : undefined;
}

function notFound(params: GraphQLParams, persisted: PersistedOperations | undefined): GraphQLError {
  const code = 'PERSISTED_OPERATION_NOT_FOUND';
  if ('documentId' in params)
    return badRequest(
      persisted === undefined
        ? 'Persisted operations are off. Send query instead of documentId.'
        : 'No persisted operation has this documentId.',
      code,
    );
  // Apollo's clients look for exactly these messages. After `PersistedQueryNotFound` they send the document. After
  // `PersistedQueryNotSupported` they send only documents. Apollo's gateway understands them only with the status 200.
  const message = persisted === undefined ? 'PersistedQueryNotSupported' : 'PersistedQueryNotFound';
  return new GraphQLError(message, { extensions: { code, http: { spec: true, status: 400 } } });
}

function persistedOperationRequired(): GraphQLError {
  return badRequest(
    'This gateway runs only operations of its manifest. Send documentId ("sha256:" and the hash of the operation) ' +
      'instead of query.',
    'PERSISTED_OPERATION_REQUIRED',
  );
}

function noOperation(): GraphQLError {
  return badRequest('The request has neither query nor documentId.');
}
