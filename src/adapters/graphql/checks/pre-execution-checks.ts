import type { ExecutionArgs, GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { variableErrors } from './input-errors.ts';
import { operationPolicy, type CallLimits } from './operation-policy.ts';
import { operationNameReporter } from './operation-report.ts';
import type { RequestContext } from '../request-context.ts';

/**
 * The checks that every operation must pass before it is executed, over HTTP and WebSocket, on the fast path and in
 * Yoga.
 */
export interface PreExecutionChecks {
  /**
   * Writes the operation's name into the request's report, and applies the operation policy (scopes and cost). It
   * does not check the variables.
   * @returns the reason to refuse the operation; undefined if it may be executed
   */
  checkPolicy(args: ExecutionArgs): GraphQLError | undefined;
  /**
   * Does the same, and checks the variables as well.
   * @returns the reasons to refuse the operation; undefined if it may be executed
   */
  checkAll(args: ExecutionArgs): readonly GraphQLError[] | undefined;
}

export interface PreExecutionOptions extends CallLimits {
  /** Documents of the persisted operations by their hash. Metrics show these operations under their own names. */
  readonly manifest: ReadonlyMap<string, string> | undefined;
  /** Whether error messages may contain names from the schema that the caller did not send. */
  readonly names: boolean;
}

export function preExecutionChecks({ manifest, names, ...limits }: PreExecutionOptions): PreExecutionChecks {
  const reportName = operationNameReporter(manifest);
  const policy = operationPolicy(limits);
  const checkPolicy = (args: ExecutionArgs): GraphQLError | undefined => {
    reportName(args);
    return policy(args);
  };
  return {
    checkPolicy,
    checkAll(args) {
      const error = checkPolicy(args);
      return error === undefined ? variableErrors(args, names) : [error];
    },
  };
}

/** Runs the checks before each execution and each subscription in Yoga. */
export function usePreExecutionChecks(checks: PreExecutionChecks): Plugin<RequestContext> {
  return {
    onExecute({ args, setResultAndStopExecution }) {
      const errors = checks.checkAll(args);
      if (errors !== undefined) setResultAndStopExecution({ errors });
    },
    onSubscribe({ args, setResultAndStopExecution }) {
      const errors = checks.checkAll(args);
      if (errors !== undefined) setResultAndStopExecution({ errors });
    },
  };
}
