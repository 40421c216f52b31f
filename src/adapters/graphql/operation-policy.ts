import {
  getOperationAST,
  GraphQLError,
  type DocumentNode,
  type ExecutionArgs,
  type OperationDefinitionNode,
} from 'graphql';
import { demandScopes } from '../../access/caller.ts';
import { errorForCaller } from '../../schema/errors.ts';
import { LeanCost } from '../../schema/lean-cost.ts';
import { neededScopes } from '../../schema/scope-rules.ts';
import { authContextOf } from './authentication.ts';
import type { RequestContext } from './request-context.ts';
import { rootFieldsOf } from './root-fields.ts';

/**
 * Decides on an operation as a whole before any of it is executed: whether this caller may do all of it, and whether
 * it could cost Lean more calls than one operation may.
 * @returns a function that tells what keeps an operation from being executed; undefined when nothing does
 */
export function operationPolicy(maxUpstreamCalls: number): (args: ExecutionArgs) => GraphQLError | undefined {
  /** What an operation needs does not depend on who asks, and is found out once. */
  const needsOf = new WeakMap<OperationDefinitionNode, Needs>();
  return ({ schema, document, operationName, variableValues, contextValue }) => {
    const operation = getOperationAST(document, operationName);
    // Which one is meant, if any, is for the execution to tell.
    if (operation == null) return undefined;
    const { caller, asRouter } = authContextOf(contextValue as RequestContext);
    let needs = needsOf.get(operation);
    if (needs === undefined) {
      needs = {
        scopes: neededScopes(schema, document, operation),
        router: asksAsRouter(document, operation),
        cost: new LeanCost({ schema, document, operation }),
      };
      needsOf.set(operation, needs);
    }
    if (needs.router && !asRouter)
      return refused('Only the router may ask for _entities and _service.', 'FORBIDDEN', {
        http: { status: 403 },
      });
    try {
      demandScopes(caller, ...needs.scopes);
    } catch (error) {
      const known = errorForCaller(error);
      if (known === undefined) throw error;
      return new GraphQLError(known.message, { extensions: known.extensions });
    }
    const cost = needs.cost.of(variableValues ?? {});
    if (cost <= maxUpstreamCalls) return undefined;
    return refused(
      `This operation could cost ${String(cost)} Lean calls; accepted are ${String(maxUpstreamCalls)}. Ask for ` +
        'fewer rows, or for fewer of the fields that cost a call each.',
      'OPERATION_TOO_EXPENSIVE',
      { cost, maxCost: maxUpstreamCalls },
    );
  };
}

interface Needs {
  readonly scopes: ReadonlySet<string>;
  /** Whether only a router may ask for it. */
  readonly router: boolean;
  readonly cost: LeanCost;
}

function refused(message: string, code: string, extensions: Record<string, unknown>): GraphQLError {
  return new GraphQLError(message, { extensions: { code, ...extensions } });
}

/** Whether a root field is one of those that routers alone ask for. */
function asksAsRouter(document: DocumentNode, operation: OperationDefinitionNode): boolean {
  const fields = rootFieldsOf(document, operation);
  return fields.has('_entities') || fields.has('_service');
}
