import type { ExecutionArgs, GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { variableErrors } from './input-errors.ts';
import { operationPolicy } from './operation-policy.ts';
import { operationNames } from './operation-report.ts';
import type { RequestContext } from './request-context.ts';

/** What every operation goes through before it is executed, whichever way it has come. */
export interface PreExecutionChecks {
  /**
   * Names an operation in the report of its request, and decides on it.
   * @returns what keeps it from being executed; undefined when nothing does but what may be wrong with its variables
   */
  decide(args: ExecutionArgs): GraphQLError | undefined;
  /**
   * The same, for whoever has not read its variables.
   * @returns all that keeps it from being executed; undefined when nothing does
   */
  errors(args: ExecutionArgs): readonly GraphQLError[] | undefined;
}

export interface PreExecutionOptions {
  /** Lean calls that one operation may cost at worst. */
  readonly maxUpstreamCalls: number;
  /** Documents of persisted operations, which go by their own names in numbers. */
  readonly manifest: ReadonlyMap<string, string> | undefined;
  /** Whether messages may suggest names of the schema. */
  readonly suggestions: boolean;
}

export function preExecutionChecks({
  maxUpstreamCalls,
  manifest,
  suggestions,
}: PreExecutionOptions): PreExecutionChecks {
  const name = operationNames(manifest);
  const policy = operationPolicy(maxUpstreamCalls);
  const decide = (args: ExecutionArgs): GraphQLError | undefined => {
    name(args);
    return policy(args);
  };
  return {
    decide,
    errors(args) {
      const problem = decide(args);
      return problem === undefined ? variableErrors(args, suggestions) : [problem];
    },
  };
}

export function usePreExecutionChecks(gate: PreExecutionChecks): Plugin<RequestContext> {
  return {
    onExecute({ args, setResultAndStopExecution }) {
      const errors = gate.errors(args);
      if (errors !== undefined) setResultAndStopExecution({ errors });
    },
    onSubscribe({ args, setResultAndStopExecution }) {
      const errors = gate.errors(args);
      if (errors !== undefined) setResultAndStopExecution({ errors });
    },
  };
}
