import type { Authenticator } from '../../access/authenticator.ts';
import { operations, type Operation } from '../../lean/operations.ts';
import { eventLoop } from '../../scheduling/event-loop-batcher.ts';
import { demandScopes, scopeOf, type Caller } from '../../access/caller.ts';
import { JsonBeyondBounds, parseExactJson } from '../../json/exact-json.ts';
import type { OperationCalls, OperationOutcome } from '../../operations/operation-calls.ts';
import { readBody, tooLarge } from '../http/body.ts';
import type { HttpRequestContext } from '../http/http-request-context.ts';
import { startListener, type Listener, type ListenerBasics } from '../http/listener.ts';
import { openApiDocument, type OpenApiOptions } from './openapi.ts';
import { answerProblem, problemOf, type Problem } from './problem.ts';
import { refusalOf } from '../http/refusal.ts';
import { codeOfStatus } from '../observability/request-report.ts';
import { RestRoutes } from './routes.ts';

export interface RestOptions extends ListenerBasics {
  readonly calls: OperationCalls;
  /** Lets callers in. */
  readonly authenticator: Authenticator;
  /** What the description of the routes says of keys and tokens. */
  readonly described: OpenApiOptions;
  /** @default the table */
  readonly operations?: readonly Operation[];
}

const maxBodyBytes = 256 * 1024;

/**
 * Lean's operations as REST routes, read off their table: Lean's own word byte for byte, and this gateway's as problem
 * details. `/openapi.json` describes them.
 */
export function startRestServer(options: RestOptions): Promise<Listener> {
  const { calls, authenticator, described } = options;
  const table = options.operations ?? Object.values(operations);
  const routes = new RestRoutes(table);
  const description = JSON.stringify(openApiDocument(table, described));
  return startListener({
    ...options,
    surface: 'rest',
    route,
    onBug: response => {
      answerProblem(response, {
        status: 500,
        code: 'INTERNAL_SERVER_ERROR',
        detail: 'Unexpected error.',
      });
    },
  });

  async function route(exchange: HttpRequestContext): Promise<void> {
    const { request, response, path, draining, report } = exchange;
    if (path === '/openapi.json' && request.method === 'GET') {
      response.writeHead(200, { 'content-type': 'application/json' }).end(description);
      return;
    }
    const found = routes.routeOf(request.method ?? '', path);
    if (found.kind === 'nothing')
      return answerProblem(response, {
        status: 404,
        code: 'BAD_USER_INPUT',
        detail: 'There is nothing at this address; GET /openapi.json tells what there is.',
      });
    if (found.kind === 'other method')
      return answerProblem(
        response,
        {
          status: 405,
          code: 'BAD_USER_INPUT',
          detail: `This address takes ${found.allowed.join(', ')} only.`,
        },
        { allow: found.allowed.join(', ') },
      );
    if (found.kind === 'malformed')
      return answerProblem(response, {
        status: 400,
        code: 'BAD_USER_INPUT',
        detail: 'The path is not well-formed: a % in it must be followed by two hexadecimal digits.',
      });
    if (draining)
      return answerProblem(
        response,
        { status: 503, code: 'LEAN_UNAVAILABLE', detail: 'The gateway is stopping; nothing was done.' },
        { 'retry-after': '1' },
      );
    const { operation } = found;
    report.operation = report.label = operation.name;
    const caller = await callerOf(exchange, operation);
    if (caller === undefined) return;
    // Reading a body takes a turn. A GET has no body, so it takes one here.
    if (request.method === 'GET') await eventLoop.take(exchange.connection);
    const values = await valuesOf(exchange, found);
    if ('problem' in values) {
      // What is left of a body that is not wanted is not read.
      answerProblem(response, values.problem, values.problem.status === 413 ? { connection: 'close' } : {});
      return;
    }
    const outcome = await calls.call({ operation, ...values, caller, signal: exchange.leaving });
    answer(exchange, operation, outcome);
  }

  /** Who asks for an operation; undefined when they have been answered that they may not. */
  async function callerOf(
    { request: { headers, method }, response, report }: HttpRequestContext,
    operation: Operation,
  ): Promise<Caller | undefined> {
    try {
      const { caller } = await authenticator.authenticate({ authorization: headers.authorization });
      report.caller = caller.subject;
      demandScopes(caller, scopeOf(operation));
      return caller;
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === undefined) throw error;
      const { status, code, message } = refusal;
      report.outcome = code;
      // A body, which may be large, is not waited for.
      const closing = method === 'GET' ? {} : { connection: 'close' };
      answerProblem(response, { status, code, detail: message }, { ...closing, ...refusal.headers });
      return undefined;
    }
  }
}

function answer(
  { response, log, report }: HttpRequestContext,
  operation: Operation,
  outcome: OperationOutcome,
): void {
  if (response.destroyed) return;
  if (outcome.kind !== 'lean') {
    const problem = problemOf(outcome);
    report.outcome = problem.code;
    if (outcome.kind === 'failed')
      log.warn({ operation: operation.name, code: problem.code, lean: problem['lean'] }, problem.detail);
    const later = retryAfterOf(outcome, problem);
    answerProblem(response, problem, outcome.kind === 'denied' ? refusalOf(outcome.error)?.headers : later);
    return;
  }
  const { response: upstream, retryAfter, idempotencyKey, similarUnknownKey } = outcome;
  report.outcome = codeOfStatus(upstream.status);
  response.writeHead(upstream.status, {
    'content-type': upstream.contentType ?? 'application/octet-stream',
    'cache-control': 'no-store',
    ...(retryAfter !== null && { 'retry-after': retryAfter }),
    ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
    ...(similarUnknownKey !== undefined && { 'x-similar-unknown-key': similarUnknownKey }),
  });
  response.end(upstream.body);
}

function retryAfterOf(outcome: OperationOutcome, { status }: Problem): Record<string, string> {
  if (outcome.kind === 'unknown') {
    const { reason, retryAfterSeconds } = outcome.unknown;
    // HTTP clients repeat by this header, and repeating does not help while a person must decide.
    return reason === 'WAITING' ? { 'retry-after': String(retryAfterSeconds) } : {};
  }
  return status === 503 ? { 'retry-after': '1' } : {};
}

/** The values of the parameters by name, wherever in the request they are. */
async function valuesOf(
  exchange: HttpRequestContext,
  { operation, path }: { readonly operation: Operation; readonly path: Readonly<Record<string, string>> },
): Promise<{ readonly values: Record<string, unknown> } | { readonly problem: Problem }> {
  const { request } = exchange;
  // Without a prototype, so that no name means anything but itself.
  const values = Object.assign(Object.create(null) as Record<string, unknown>, path);
  const search = new URLSearchParams((request.url ?? '').split('?').slice(1).join('?'));
  for (const [name, value] of search) {
    const place = operation.parameters.find(parameter => parameter.name === name)?.in;
    if (place !== undefined && place !== 'query')
      return { problem: bad(name, `does not belong in the query; its place is the ${place}.`) };
    if (name in values) return { problem: bad(name, 'is given more than once.') };
    values[name] = value;
  }
  for (const { name } of operation.parameters.filter(parameter => parameter.in === 'header')) {
    const given = request.headersDistinct[name] ?? [];
    if (given.length > 1) return { problem: bad(name, 'is given more than once.') };
    if (given[0] !== undefined) values[name] = given[0];
  }
  const bodyName = operation.parameters.find(parameter => parameter.in === 'body')?.name;
  if (bodyName === undefined) return { values };
  const type = request.headers['content-type'] ?? '';
  if (!/^application\/json\s*(?:;|$)/i.test(type))
    return {
      problem: {
        status: 415,
        code: 'BAD_USER_INPUT',
        detail: 'Send the body with content-type: application/json.',
      },
    };
  const text = await readBody(exchange, maxBodyBytes);
  if (text === undefined)
    return {
      problem: {
        status: 413,
        code: 'BAD_USER_INPUT',
        detail: tooLarge(maxBodyBytes),
      },
    };
  try {
    return { values: { ...values, [bodyName]: parseExactJson(text) } };
  } catch (error) {
    if (error instanceof JsonBeyondBounds) return { problem: bad(bodyName, `${error.message}.`) };
    if (error instanceof SyntaxError) return { problem: bad(bodyName, 'is not valid JSON.') };
    throw error;
  }
}

function bad(parameter: string, problem: string): Problem {
  return problemOf({ kind: 'invalid', problems: [{ parameter, problem }] });
}
