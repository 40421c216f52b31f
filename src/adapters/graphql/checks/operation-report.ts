import {
  getOperationAST,
  type DocumentNode,
  type ExecutionArgs,
  type OperationDefinitionNode,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { maskText } from '../../../access/masking.ts';
import type { RequestContext } from '../request-context.ts';
import { rootFieldNames } from '../../../schema/selection-fold.ts';

/**
 * Makes a function that writes an operation's name into the report of its request: the caller's own name for the log,
 * and a label for metrics. The label of a persisted operation is its name. The label of any other operation is its
 * root field, because callers choose operation names freely and the number of labels must stay bounded.
 */
export function operationNameReporter(
  manifest: ReadonlyMap<string, string> = new Map(),
): (args: ExecutionArgs) => void {
  const persistedTexts = new Set(manifest.values());
  const labels = new WeakMap<OperationDefinitionNode, string>();

  function labelOf(document: DocumentNode, operation: OperationDefinitionNode, text: string): string {
    let label = labels.get(operation);
    if (label === undefined) {
      const ownName = persistedTexts.has(text) ? operation.name?.value : undefined;
      label = ownName ?? rootLabelOf(rootFieldNames(document, operation));
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
    report.operationLabel = operation == null ? 'none' : labelOf(document, operation, params?.query ?? '');
  };
}

/** The longest operation name that is logged, in characters. */
const maxNameLength = 100;

/**
 * An operation name for the log and for traces. A name that is too long, or that contains digits that could be an
 * account number, becomes `…`, because callers choose names freely.
 */
export function loggedName(name: string | undefined): string | undefined {
  return name === undefined || (name.length <= maxNameLength && maskText(name) === name) ? name : '…';
}

function rootLabelOf(fields: ReadonlySet<string>): string {
  const names = [...fields].filter(name => name !== '__typename');
  if (names.some(name => name.startsWith('__'))) return 'introspection';
  return names.length > 1 ? 'several' : (names[0] ?? '__typename');
}

/** Writes the outcome of an operation into the report of its request: `ok`, or the code of the first error. */
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
