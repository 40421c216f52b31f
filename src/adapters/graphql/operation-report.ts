import { createHash } from 'node:crypto';
import { getOperationAST, type DocumentNode, type ExecutionArgs } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { RequestContext } from './request-context.ts';

/** Labels that documents of no manifest may have; more than these have one together. */
const mostHashes = 100;

/**
 * Tells how to report what an operation is called. In numbers an operation of the manifest has its own name; any other,
 * whose name is anybody's choice, has the beginning of its hash.
 */
export function operationNames(
  manifest: ReadonlyMap<string, string> = new Map(),
): (args: ExecutionArgs) => void {
  const persisted = new Set(manifest.values());
  const labels = new WeakMap<DocumentNode, string>();
  const hashes = new Set<string>();

  function labelOf(document: DocumentNode, text: string): string {
    const known = labels.get(document);
    if (known !== undefined) return known;
    const label = persisted.has(text)
      ? (getOperationAST(document)?.name?.value ?? hashOf(text))
      : bounded(hashOf(text));
    labels.set(document, label);
    return label;
  }

  function bounded(hash: string): string {
    if (hashes.size < mostHashes) hashes.add(hash);
    return hashes.has(hash) ? hash : 'other';
  }

  return ({ contextValue, document, operationName }) => {
    const { report, params } = contextValue as RequestContext & {
      readonly params?: { readonly query?: string };
    };
    if (report === undefined) return;
    const operation = getOperationAST(document, operationName);
    report.operation = operation?.name?.value ?? operation?.operation ?? 'none';
    report.label = labelOf(document, params?.query ?? '');
  };
}

/** Reports what came of an operation: `ok`, or the code of the first error. */
export function useOutcome(): Plugin<RequestContext> {
  return {
    onResultProcess({ result, serverContext }) {
      const { report } = serverContext as RequestContext;
      if (report === undefined || Array.isArray(result)) return;
      if (Symbol.asyncIterator in result) {
        report.outcome ??= 'ok';
        return;
      }
      const [error] = result.errors ?? [];
      report.outcome ??= error === undefined ? 'ok' : String(error.extensions['code']);
    },
  };
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
