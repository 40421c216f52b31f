import {
  getOperationAST,
  GraphQLError,
  type DocumentNode,
  type ExecutionArgs,
  type OperationDefinitionNode,
} from 'graphql';
import { requireScopes } from '../../../access/caller.ts';
import type { GraphContext } from '../../../schema/context.ts';
import { errorForCaller } from '../../../schema/errors.ts';
import { LeanCost } from '../../../schema/lean-cost.ts';
import { requiredScopes } from '../../../schema/scope-rules.ts';
import { authContextOf } from '../authentication.ts';
import type { RequestContext } from '../request-context.ts';
import { rootFieldNames } from '../../../schema/selection-fold.ts';

/** The most Lean calls that one operation may cost. */
export interface CallLimits {
  readonly maxUpstreamCalls: number;
  /** The same for a request of the router. */
  readonly routerMaxUpstreamCalls: number;
}

/**
 * Creates a function that checks a whole operation: the caller must have the scopes for every field, only a router may
 * use the router's fields, and the estimated Lean calls must be within the limit. For a router, only the entities beyond
 * the limit are refused, because its request may contain the entities of many fields.
 * @returns the function, which returns the reason to refuse an operation, or undefined if it may be executed
 */
export function operationPolicy({
  maxUpstreamCalls,
  routerMaxUpstreamCalls,
}: CallLimits): (args: ExecutionArgs) => GraphQLError | undefined {
  // Requirements do not depend on the caller, so they are computed once for each operation.
  const cache = new WeakMap<OperationDefinitionNode, Requirements>();
  return ({ schema, document, operationName, variableValues, contextValue }) => {
    const operation = getOperationAST(document, operationName);
    // The execution reports an operation name that is missing or unknown.
    if (operation == null) return undefined;
    const { caller, isRouter, mayActAsRouter } = authContextOf(contextValue as RequestContext);
    let requirements = cache.get(operation);
    if (requirements === undefined) {
      requirements = {
        scopes: requiredScopes(schema, document, operation),
        router: selectsRouterFields(document, operation),
        cost: new LeanCost({ schema, document, operation }),
      };
      cache.set(operation, requirements);
    }
    if (requirements.router && !mayActAsRouter)
      return policyError('Only the router may ask for _entities and _service.', 'FORBIDDEN', {
        http: { status: 403 },
      });
    try {
      requireScopes(caller, ...requirements.scopes);
    } catch (error) {
      const callerError = errorForCaller(error);
      if (callerError === undefined) throw error;
      return new GraphQLError(callerError.message, { extensions: callerError.extensions });
    }
    const variables = variableValues ?? {};
    if (!isRouter) return costError(requirements.cost.estimate(variables), maxUpstreamCalls);
    const { cost, refusedEntities } = requirements.cost.estimateWithin(variables, routerMaxUpstreamCalls);
    (contextValue as GraphContext).refusedEntities = refusedEntities;
    return costError(cost, routerMaxUpstreamCalls);
  };
}

/** The scopes, the kind of caller and the Lean calls that an operation needs. */
interface Requirements {
  readonly scopes: ReadonlySet<string>;
  /** Whether only a router may run it. */
  readonly router: boolean;
  readonly cost: LeanCost;
}

function costError(cost: number, maxCost: number): GraphQLError | undefined {
  if (cost <= maxCost) return undefined;
  return policyError(
    `This operation could cost ${String(cost)} Lean calls; accepted: at most ${String(maxCost)}. Ask for fewer rows, or for ` +
      'fewer of the fields that cost a call each.',
    'OPERATION_TOO_EXPENSIVE',
    { cost, maxCost },
  );
}

function policyError(message: string, code: string, extensions: Record<string, unknown>): GraphQLError {
  return new GraphQLError(message, { extensions: { code, ...extensions } });
}

/** Whether the operation selects a root field that only routers may use. */
function selectsRouterFields(document: DocumentNode, operation: OperationDefinitionNode): boolean {
  const fields = rootFieldNames(document, operation);
  return fields.has('_entities') || fields.has('_service');
}
