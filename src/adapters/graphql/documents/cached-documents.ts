import type { DocumentNode } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { documentCaches } from './document-cache.ts';
import type { RequestContext } from '../request-context.ts';

/**
 * Caches parsed documents and parse errors. The router has caches of its own, because a document that the router may
 * send may exceed the limits of other callers. A plugin that changes parse errors must come before this one.
 */
export function useDocumentCaches(): Plugin<RequestContext> {
  const ofCallers = documentCaches();
  const ofRouter = documentCaches();
  return {
    onParse({ context, params, setParsedDocument }) {
      const { documentCache, errorCache } = context.auth?.isRouter === true ? ofRouter : ofCallers;
      const text = params.source.toString();
      const document = documentCache.get(text);
      if (document !== undefined) {
        setParsedDocument(document);
        return undefined;
      }
      const error = errorCache.get(text);
      if (error !== undefined) throw error;
      return ({ result }) => {
        if (result instanceof Error) errorCache.set(text, result);
        else if (result !== null) documentCache.set(text, result as DocumentNode);
      };
    },
  };
}

/** Yoga must not cache documents, because it does not distinguish the router from other callers. */
export const noDocumentCache = { get: () => undefined, set: () => undefined };
