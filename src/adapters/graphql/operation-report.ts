import {
  getOperationAST,
  type DocumentNode,
  type ExecutionArgs,
  type OperationDefinitionNode,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { maskedProse } from '../../access/masking.ts';
import type { RequestContext } from './request-context.ts';
import { rootFieldsOf } from './root-fields.ts';

/**
 * Tells how to report what an operation is called. In metrics an operation of the manifest has its own name; any other,
 * whose name is anybody's choice, has the name of its root field, so that there are only so many labels.
 */
export function operationNames(
  manifest: ReadonlyMap<string, string> = new Map(),
): (args: ExecutionArgs) => void {
  const persisted = new Set(manifest.values());
  const labels = new WeakMap<OperationDefinitionNode, string>();

  function labelOf(document: DocumentNode, operation: OperationDefinitionNode, text: string): string {
    let label = labels.get(operation);
    if (label === undefined) {
      const ownName = persisted.has(text) ? operation.name?.value : undefined;
      label = ownName ?? rootLabelOf(rootFieldsOf(document, operation));
      labels.set(operation, label);
    }
    return label;
  }

  return ({ contextValue, document, operationName }) => {
    const { report, params } = contextValue as RequestContext & {
      readonly params?: { readonly query?: string };
    };
    if (report === undefined) return;
    const operation = getOperationAST(document, operationName);
    report.operation = loggedName(operation?.name?.value) ?? operation?.operation ?? 'none';
    report.label = operation == null ? 'none' : labelOf(document, operation, params?.query ?? '');
  };
}

/** Longer names, and those with as many digits as account numbers have, are left out of the log. */
const longestName = 100;

/** A name as it may be logged, because callers write what they want in it. */
export function loggedName(name: string | undefined): string | undefined {
  return name === undefined || (name.length <= longestName && maskedProse(name) === name) ? name : '…';
}

function rootLabelOf(fields: ReadonlySet<string>): string {
  const asked = [...fields].filter(name => name !== '__typename');
  if (asked.some(name => name.startsWith('__'))) return 'introspection';
  return asked.length > 1 ? 'several' : (asked[0] ?? '__typename');
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
