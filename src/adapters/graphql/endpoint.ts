import type { IncomingMessage, ServerResponse } from 'node:http';
import type { DocumentNode, ExecutionArgs, ExecutionResult, GraphQLSchema } from 'graphql';
import type { GraphQLParams } from 'graphql-yoga';
import type { Admission, Door } from '../../access/door.ts';
import type { GraphContext } from '../../schema/context.ts';
import { readBody } from '../body.ts';
import type { Exchange } from '../listener.ts';
import type { Tracing } from '../tracing.ts';
import { letIn } from './admission.ts';
import { answerType } from './answer-type.ts';
import { CompiledDocuments } from './compiled-documents.ts';
import type { Execute } from './compiled-operation.ts';
import { isJson, paramsOfBody } from './exact-request.ts';
import type { OperationGate } from './operation-gate.ts';
import { tracedExecution } from './traced-execution.ts';
import { documentFor, type PersistedOperations } from './persisted-operations.ts';
import type { RequestContext } from './request-context.ts';

export interface EndpointOptions {
  /** Answers everything; the endpoint only spares it what is asked again and again. */
  readonly yoga: Yoga;
  readonly schema: GraphQLSchema;
  readonly door: Door;
  readonly gate: OperationGate;
  readonly persisted: PersistedOperations | undefined;
  /** What resolvers may use for a request. */
  readonly contextFor: (admission: Admission, signal: AbortSignal) => GraphContext;
  readonly compileAfter: number;
  readonly tracing: Tracing | undefined;
}

interface Yoga {
  handle(request: IncomingMessage, response: ServerResponse, context: RequestContext): Promise<unknown>;
  /** What it parses and validates documents with. */
  getEnveloped(context: object): {
    readonly schema: GraphQLSchema;
    parse(text: string): DocumentNode;
    validate(schema: GraphQLSchema, document: DocumentNode): readonly unknown[];
  };
}

/** Of a longer one it may take long to find out what is wrong, and that is not to be done twice. */
const longestBody = 16 * 1024;

/** An operation, and what its caller has sent for it. */
interface Asked {
  readonly document: DocumentNode;
  readonly text: string;
  readonly params: GraphQLParams;
  readonly execute: Execute;
}

/**
 * Serves GraphQL over HTTP. An operation that is asked again and again, by a plain POST of JSON, is answered with no
 * more work than it takes; anything else, and whatever is not a plain success, is Yoga's to answer. Both go through the
 * same door and the same gate, once.
 */
export class GraphqlEndpoint {
  readonly #options: EndpointOptions;
  readonly #documents: CompiledDocuments;

  constructor(options: EndpointOptions) {
    this.#options = options;
    const { yoga, schema, compileAfter } = options;
    this.#documents = new CompiledDocuments({
      schema,
      compileAfter,
      validated: text => validated(yoga, text),
    });
  }

  async handle(exchange: Exchange): Promise<void> {
    const context: RequestContext = { report: exchange.report };
    if (await this.#answered(exchange, context)) return;
    const { request, response, log } = exchange;
    await this.#options.yoga.handle(request, response, { ...context, log });
  }

  /** Whether the request is answered; otherwise what is known of it by then is in its context. */
  async #answered({ request, response, report }: Exchange, context: RequestContext): Promise<boolean> {
    const { headers } = request;
    const type = answerType(headers.accept);
    if (type === undefined || request.method !== 'POST' || !isJson(headers['content-type'])) return false;
    if (!isShort(headers['content-length'])) return false;
    const admission = await this.#admit(request, context);
    if (admission === undefined) return false;

    const body = await readBody(request, longestBody).catch(() => undefined);
    // Gone before all of it was in: nobody is there to be told anything.
    if (body === undefined) return true;
    // Where Yoga finds what has been read from the request already.
    Object.assign(request, { body });
    const asked = this.#asked(body, admission);
    if (asked === undefined) return false;

    const result = await this.#executed(asked, admission, response, context);
    if (result === undefined || context.executed !== undefined) return false;
    report.outcome = 'ok';
    const text = JSON.stringify(result);
    response.writeHead(200, { 'content-type': type, 'content-length': Buffer.byteLength(text) }).end(text);
    return true;
  }

  async #admit({ headers }: IncomingMessage, context: RequestContext): Promise<Admission | undefined> {
    const secret = headers['x-router-secret'];
    try {
      return await letIn(this.#options.door, context, {
        authorization: headers.authorization,
        routerSecret: typeof secret === 'string' ? secret : undefined,
      });
    } catch {
      // Yoga asks again, is refused again, and tells the caller.
      return undefined;
    }
  }

  #asked(body: string, admission: Admission): Asked | undefined {
    try {
      const params = paramsOfBody(body);
      if (!isPlain(params)) return undefined;
      const text = documentFor(this.#options.persisted, params, admission);
      const operation = this.#documents.find(text, params.operationName ?? undefined);
      if (operation === undefined) return undefined;
      const { document } = operation;
      return { document, text, params, execute: operation.prepared(params.variables ?? {}) };
    } catch {
      // Whatever is wrong with it is told by Yoga, which finds the same.
      return undefined;
    }
  }

  /** Undefined where it may not be executed. What is not a plain success is left in the context. */
  async #executed(
    { document, execute, text, params }: Asked,
    admission: Admission,
    response: ServerResponse,
    context: RequestContext,
  ): Promise<ExecutionResult | undefined> {
    const { schema, gate, contextFor, tracing } = this.#options;
    const args: ExecutionArgs = {
      schema,
      document,
      operationName: params.operationName,
      variableValues: params.variables,
      contextValue: {
        ...contextFor(admission, leavingOf(response)),
        admission,
        report: context.report,
        params: { query: text },
      },
    };
    if (gate.decide(args) !== undefined) return undefined;
    try {
      const work = (): ReturnType<Execute> => execute(args.contextValue);
      const result = await (tracing === undefined ? work() : tracedExecution(tracing, args, work));
      if (result.errors !== undefined) context.executed = () => result;
      return result;
    } catch (error) {
      context.executed = () => {
        throw error;
      };
      return undefined;
    }
  }
}

function isShort(length: string | undefined): boolean {
  return length !== undefined && /^[1-9]\d{0,8}$/.test(length) && Number(length) <= longestBody;
}

function validated(yoga: Yoga, text: string): DocumentNode | undefined {
  const { parse, validate, schema } = yoga.getEnveloped({ params: { query: text } });
  try {
    const document = parse(text);
    return validate(schema, document).length === 0 ? document : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the parameters are nothing but what they are for: a document or the name of one, and what goes with it. */
function isPlain(params: GraphQLParams & { readonly documentId?: unknown }): boolean {
  const { query, documentId, operationName, variables, extensions, ...others } = params;
  return (
    (typeof query === 'string') !== (typeof documentId === 'string') &&
    (query == null || documentId == null) &&
    (operationName == null || typeof operationName === 'string') &&
    (variables == null || isObject(variables)) &&
    // What Apollo's clients name a document by.
    (extensions == null || (isObject(extensions) && Object.keys(extensions).length === 0)) &&
    Object.keys(others).length === 0
  );
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Aborted when the caller leaves before the answer is out. */
function leavingOf(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort();
  });
  return controller.signal;
}
