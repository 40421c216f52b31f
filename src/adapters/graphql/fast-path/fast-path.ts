import {
  GraphQLError,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLSchema,
} from 'graphql';
import type { GraphQLParams } from 'graphql-yoga';
import type { AuthContext } from '../../../access/authenticator.ts';
import { isJsonObject } from '../../../json/json-object.ts';
import type { CancellationSignal } from '../../../lean/cancellation.ts';
import type { GraphContext } from '../../../schema/context.ts';
import type { Tracing } from '../../observability/tracing.ts';
import { paramsOfBody } from '../request/exact-request.ts';
import type { GraphqlServer } from '../graphql-server.ts';
import { documentTextFor, type PersistedOperations } from '../request/persisted-operations.ts';
import type { PreExecutionChecks } from '../checks/pre-execution-checks.ts';
import type { RequestContext } from '../request-context.ts';
import { tracedExecution } from '../traced-execution.ts';
import type { Execute } from './hot-operation.ts';
import { HotOperations } from './hot-operations.ts';

export interface FastPathOptions {
  /** Parses and validates documents, by the rules of all other requests. */
  readonly yoga: GraphqlServer;
  readonly schema: GraphQLSchema;
  readonly checks: PreExecutionChecks;
  readonly persisted: PersistedOperations | undefined;
  /** Makes the context of the resolvers for one request. */
  readonly contextFor: (auth: AuthContext, signal: CancellationSignal) => GraphContext;
  /** The number of requests for an operation before it becomes hot. */
  readonly hotAfter: number;
  readonly tracing: Tracing | undefined;
}

/**
 * The longest body that the fast path parses, in characters. To find the error in a longer body may take long, and Yoga
 * would do that work a second time.
 */
const maxBodyLength = 16 * 1024;

/** A hot operation with the variables of one request. */
interface PreparedRequest {
  readonly document: DocumentNode;
  readonly text: string;
  readonly params: GraphQLParams;
  readonly execute: Execute;
}

/** Executes requests for hot operations without Yoga; see `HotOperations`. */
export class FastPath {
  readonly #options: FastPathOptions;
  readonly #operations: HotOperations;
  /** The hot operations of the router are kept apart, because they may exceed the limits of other callers. */
  readonly #routerOperations: HotOperations;

  constructor(options: FastPathOptions) {
    this.#options = options;
    const { yoga, schema, hotAfter } = options;
    const hotOperations = (isRouter: boolean): HotOperations =>
      new HotOperations({ schema, hotAfter, parseValid: text => parseValid(yoga, text, isRouter) });
    this.#operations = hotOperations(false);
    this.#routerOperations = hotOperations(true);
  }

  /**
   * Executes the operation of a request if the fast path may do that.
   * @param body the body of the request, in JSON
   * @returns the result if it has no errors. Otherwise Yoga must answer the request, and `context.fastPathResult` is
   *   set if the operation was executed.
   */
  async execute(
    body: string,
    auth: AuthContext,
    signal: CancellationSignal,
    context: RequestContext,
  ): Promise<ExecutionResult | undefined> {
    const prepared = this.#prepare(body, auth);
    if (prepared === undefined) return undefined;
    const { document, execute, text, params } = prepared;
    const { schema, checks, contextFor, tracing } = this.#options;
    const args: ExecutionArgs = {
      schema,
      document,
      operationName: params.operationName,
      variableValues: params.variables,
      contextValue: { ...contextFor(auth, signal), auth, report: context.report, params: { query: text } },
    };
    if (checks.checkPolicy(args) !== undefined) return undefined;
    try {
      const run = (): ReturnType<Execute> => execute(args.contextValue);
      const result = await (tracing === undefined ? run() : tracedExecution(tracing, args, run));
      if (result.errors === undefined) return result;
      context.fastPathResult = () => result;
    } catch (error) {
      context.fastPathResult = () => {
        throw error;
      };
    }
    return undefined;
  }

  #prepare(body: string, auth: AuthContext): PreparedRequest | undefined {
    // Without this, a gateway whose fast path is off would still parse each body here.
    if (this.#options.hotAfter === Infinity || body.length > maxBodyLength) return undefined;
    try {
      const params = paramsOfBody(body, auth);
      if (!isPlainRequest(params)) return undefined;
      const text = documentTextFor(this.#options.persisted, params, auth);
      const operations = auth.isRouter ? this.#routerOperations : this.#operations;
      const operation = operations.find(text, params.operationName ?? undefined);
      if (operation === undefined) return undefined;
      const { document } = operation;
      return { document, text, params, execute: operation.prepare(params.variables ?? {}) };
    } catch (error) {
      // Yoga finds the same error in the request, and reports it.
      if (error instanceof GraphQLError) return undefined;
      throw error;
    }
  }
}

/** Parses and validates a document of the router or another caller with Yoga's plugins; undefined if it is not valid. */
function parseValid(yoga: GraphqlServer, text: string, isRouter: boolean): DocumentNode | undefined {
  const context = { params: { query: text }, auth: { isRouter } };
  const { parse, validate, schema } = yoga.getEnveloped(context as never);
  try {
    const document = parse(text) as DocumentNode;
    return (validate(schema, document) as readonly unknown[]).length === 0 ? document : undefined;
  } catch (error) {
    if (error instanceof GraphQLError) return undefined;
    throw error;
  }
}

/** Whether a request has either a document or the id of one, its variables, and no other parameters. */
function isPlainRequest(params: GraphQLParams & { readonly documentId?: unknown }): boolean {
  const { query, documentId, operationName, variables, extensions, ...others } = params;
  return (
    (query == null) !== (documentId == null) &&
    typeof (query ?? documentId) === 'string' &&
    (operationName == null || typeof operationName === 'string') &&
    (variables == null || isJsonObject(variables)) &&
    // Apollo's clients name persisted operations in the extensions, and Yoga handles these requests.
    (extensions == null || (isJsonObject(extensions) && Object.keys(extensions).length === 0)) &&
    Object.keys(others).length === 0
  );
}
