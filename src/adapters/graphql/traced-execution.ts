import { getOperationAST, type ExecutionArgs } from 'graphql';
import type { Tracing } from '../observability/tracing.ts';
import { loggedName } from './checks/operation-report.ts';

/** Executes an operation in its own span. */
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
  return tracing.inSpan(`graphql ${type}`, attributes, () => execute(args));
}
