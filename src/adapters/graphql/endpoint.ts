import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  GraphQLError,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLSchema,
} from 'graphql';
import type { GraphQLParams } from 'graphql-yoga';
import type { AuthContext, Authenticator } from '../../access/authenticator.ts';
import type { CancellationSignal } from '../../lean/cancellation.ts';
import type { GraphContext } from '../../schema/context.ts';
import { eventLoop } from '../../scheduling/event-loop-batcher.ts';
import { readBody, tooLarge } from '../http/body.ts';
import type { HttpRequestContext } from '../http/http-request-context.ts';
import type { Tracing } from '../observability/tracing.ts';
import { noteCaller } from './authentication.ts';
import { responseType, isAnswerable } from './response-type.ts';
import { HotOperations } from './fast-path/hot-operations.ts';
import type { Execute } from './fast-path/hot-operation.ts';
import { isJson, maxBodyBytes, paramsOfBody } from './exact-request.ts';
import type { PreExecutionChecks } from './pre-execution-checks.ts';
import { tracedExecution } from './traced-execution.ts';
import { documentFor, type PersistedOperations } from './persisted-operations.ts';
import type { RequestContext } from './request-context.ts';
import type { GraphqlServer } from './graphql-server.ts';

export interface EndpointOptions {
  /** Answers everything; the endpoint only spares it what is asked again and again. */
  readonly yoga: GraphqlServer;
  readonly schema: GraphQLSchema;
  readonly authenticator: Authenticator;
  readonly gate: PreExecutionChecks;
  readonly persisted: PersistedOperations | undefined;
  /** What resolvers may use for a request. */
  readonly contextFor: (admission: AuthContext, signal: CancellationSignal) => GraphContext;
  readonly hotAfter: number;
  readonly tracing: Tracing | undefined;
}

/** A longer body is left to Yoga alone, because finding out what is wrong with it may take long. */
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
  readonly #documents: HotOperations;

  constructor(options: EndpointOptions) {
    this.#options = options;
    const { yoga, schema, hotAfter } = options;
    this.#documents = new HotOperations({
      schema,
      hotAfter,
      validated: text => validated(yoga, text),
    });
  }

  async handle(exchange: HttpRequestContext): Promise<void> {
    const { request, response, connection, report } = exchange;
    // Checked first: Yoga would execute the operation before it finds that no accepted type is left.
    if (!isAnswerable(request.headers.accept)) {
      answerError(response, 406, notAcceptable);
      return;
    }
    const admitting = request.method === 'POST' ? this.#admitting(request) : undefined;
    const context: RequestContext = { report, ...(admitting !== undefined && { admitting }) };
    if (admitting === undefined) await eventLoop.take(connection);
    else {
      // A caller that is turned away goes to Yoga, which asks the door again and answers. The body is not read.
      const admission = await noteCaller(context, admitting).catch(() => undefined);
      if (admission !== undefined && (await this.#answered(exchange, context, admission))) return;
    }
    // A response whose turn has not come does not say that its caller has left.
    if (exchange.leaving.aborted) return;
    // Yoga waits until its reader has taken what it writes, and one that has left never does.
    await Promise.race([
      this.#options.yoga.handle(request, response, { ...context, log: exchange.log }),
      closed(response),
    ]);
  }

  /** Whether the request is answered; otherwise what is known of it by then is in its context. */
  async #answered(
    exchange: HttpRequestContext,
    context: RequestContext,
    admission: AuthContext,
  ): Promise<boolean> {
    const { request, response, report } = exchange;
    const body = await readBody(exchange, maxBodyBytes);
    if (body === undefined) {
      answerError(response, 413, tooLarge(maxBodyBytes));
      return true;
    }
    // Yoga would keep the body as long as the request is answered, so it takes it from here.
    context.sent = { body };
    const type = body.length > longestBody ? undefined : answerTypeOf(request);
    const asked = type === undefined ? undefined : this.#asked(body, admission);
    if (asked === undefined) return false;

    const result = await this.#executed(asked, admission, exchange, context);
    if (result === undefined || context.executed !== undefined) return false;
    report.outcome = 'ok';
    const text = JSON.stringify(result);
    const bytes = Buffer.byteLength(text);
    // Of plain ASCII nothing has to be encoded.
    const encoding = bytes === text.length ? 'latin1' : 'utf8';
    response.writeHead(200, { 'content-type': type, 'content-length': bytes }).end(text, encoding);
    return true;
  }

  #admitting({ headers }: IncomingMessage): Promise<AuthContext> {
    const secret = headers['x-router-secret'];
    return this.#options.authenticator.authenticate({
      authorization: headers.authorization,
      routerSecret: typeof secret === 'string' ? secret : undefined,
    });
  }

  #asked(body: string, admission: AuthContext): Asked | undefined {
    try {
      const params = paramsOfBody(body);
      if (!isPlain(params)) return undefined;
      const text = documentFor(this.#options.persisted, params, admission);
      const operation = this.#documents.find(text, params.operationName ?? undefined);
      if (operation === undefined) return undefined;
      const { document } = operation;
      return { document, text, params, execute: operation.prepared(params.variables ?? {}) };
    } catch (error) {
      // What is wrong with a request is told by Yoga, which finds the same.
      if (error instanceof GraphQLError) return undefined;
      throw error;
    }
  }

  /** Undefined where it may not be executed. What is not a plain success is left in the context. */
  async #executed(
    { document, execute, text, params }: Asked,
    admission: AuthContext,
    { leaving }: HttpRequestContext,
    context: RequestContext,
  ): Promise<ExecutionResult | undefined> {
    const { schema, gate, contextFor, tracing } = this.#options;
    const args: ExecutionArgs = {
      schema,
      document,
      operationName: params.operationName,
      variableValues: params.variables,
      contextValue: {
        ...contextFor(admission, leaving),
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

const notAcceptable =
  'The accept header takes none of application/graphql-response+json, application/json and text/event-stream. Nothing ' +
  'was done.';

/** Answers a request whose body is not read. */
function answerError(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
  response.end(JSON.stringify({ errors: [{ message, extensions: { code: 'BAD_USER_INPUT' } }] }));
}

function closed(response: ServerResponse): Promise<void> {
  return new Promise(resolve => {
    response.once('close', () => {
      resolve();
    });
  });
}

/** The media type to answer in; undefined if the body is not JSON. */
function answerTypeOf({ headers }: IncomingMessage): string | undefined {
  return isJson(headers['content-type']) ? responseType(headers.accept) : undefined;
}

function validated(yoga: GraphqlServer, text: string): DocumentNode | undefined {
  const { parse, validate, schema } = yoga.getEnveloped({ params: { query: text } } as never);
  try {
    const document = parse(text) as DocumentNode;
    return (validate(schema, document) as readonly unknown[]).length === 0 ? document : undefined;
  } catch (error) {
    if (error instanceof GraphQLError) return undefined;
    throw error;
  }
}

/** Whether the parameters are nothing but what they are for: a document or the name of one, and what goes with it. */
function isPlain(params: GraphQLParams & { readonly documentId?: unknown }): boolean {
  const { query, documentId, operationName, variables, extensions, ...others } = params;
  return (
    (query == null) !== (documentId == null) &&
    typeof (query ?? documentId) === 'string' &&
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
