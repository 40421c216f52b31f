import { getOperationAST, type ExecutionArgs } from 'graphql';
import type { Tracing } from '../observability/tracing.ts';
import { loggedName } from './operation-report.ts';

/** An execution, as a span of its own. */
export function tracedExecution<Result>(
  tracing: Tracing,
  args: ExecutionArgs,
  execute: (args: ExecutionArgs) => Result | Promise<Result>,
): Promise<Result> {
  const operation = getOperationAST(args.document, args.operationName);
  const { name, operation: type = 'none' } = operation ?? {};
  const attributes = {
    'graphql.operation.type': type,
    'graphql.operation.name': loggedName(name?.value) ?? '',
  };
  return tracing.work(`graphql ${type}`, attributes, () => execute(args));
}
