import type { Authenticator } from '../../access/authenticator.ts';
import { operations, type Operation } from '../../lean/operations.ts';
import { eventLoopBatcher } from '../../scheduling/event-loop-batcher.ts';
import { presentedError, type PresentedError } from '../../errors/presented-error.ts';
import { requireScopes, scopeOf, type Caller } from '../../access/caller.ts';
import { JsonBoundsExceeded, parseExactJson } from '../../json/exact-json.ts';
import type { OperationCalls, OperationOutcome } from '../../operations/operation-calls.ts';
import { maxBodyBytes, readBodyText } from '../http/body.ts';
import type { HttpRequestContext } from '../http/http-request-context.ts';
import { startListener, type Listener, type CommonListenerOptions } from '../http/listener.ts';
import { openApiDocument, type OpenApiOptions } from './openapi.ts';
import { sendProblem, logFailure, problemOf, type Problem } from './problem.ts';
import { refusalOf, stoppingRefusal } from '../http/refusal.ts';
import { codeOfStatus } from '../observability/request-report.ts';
import { RestRoutes } from './routes.ts';

export interface RestOptions extends CommonListenerOptions {
  readonly calls: OperationCalls;
  /** Authenticates each request. */
  readonly authenticator: Authenticator;
  /** Settings that the OpenAPI document describes. */
  readonly openApi: OpenApiOptions;
  /** @default all operations of `lean/operations.ts` */
  readonly operations?: readonly Operation[];
}

/**
 * Starts the REST listener: one route for each of Lean's operations. Lean's responses are passed on byte for byte, and
 * the gateway's own errors are problem details (RFC 9457). `/openapi.json` describes the routes.
 */
export function startRestServer(options: RestOptions): Promise<Listener> {
  const { calls, authenticator, openApi } = options;
  const offered = options.operations ?? Object.values(operations);
  const routes = new RestRoutes(offered);
  const openApiJson = JSON.stringify(openApiDocument(offered, openApi));
  return startListener({
    ...options,
    surface: 'rest',
    route,
    sendError: sendRefusal,
  });

  async function route(context: HttpRequestContext): Promise<void> {
    const { request, response, path, draining, report } = context;
    if (path === '/openapi.json' && request.method === 'GET') {
      response.writeHead(200, { 'content-type': 'application/json' }).end(openApiJson);
      return;
    }
    const found = routes.routeOf(request.method ?? '', path);
    if (found.kind === 'not found')
      return sendProblem(context, {
        status: 404,
        code: 'BAD_USER_INPUT',
        detail: 'There is no route at this address; GET /openapi.json describes all routes.',
      });
    if (found.kind === 'method not allowed')
      return sendProblem(
        context,
        {
          status: 405,
          code: 'BAD_USER_INPUT',
          detail: `This address accepts only ${found.allowed.join(', ')}.`,
        },
        { allow: found.allowed.join(', ') },
      );
    if (found.kind === 'malformed')
      return sendProblem(context, {
        status: 400,
        code: 'BAD_USER_INPUT',
        detail: 'The path is not well-formed: a % in it must be followed by two hexadecimal digits.',
      });
    if (draining) return sendRefusal(context, stoppingRefusal);
    const { operation } = found;
    report.operation = report.operationLabel = operation.name;
    const caller = await authenticate(context, operation);
    if (caller === undefined) return;
    // Reading a body waits for a turn of the event loop batcher. A GET has no body, so it waits here.
    if (request.method === 'GET') await eventLoopBatcher.waitForTurn(context.connection);
    const values = await parameterValues(context, found);
    if ('problem' in values) {
      // Closing the connection avoids reading the rest of a body that was refused.
      const isUnread = values.problem.status === 413 || values.problem.status === 415;
      sendProblem(context, values.problem, isUnread ? { connection: 'close' } : {});
      return;
    }
    const outcome = await calls.call({ operation, ...values, caller, signal: context.signal });
    sendOutcome(context, operation, outcome);
  }

  /** Returns the caller, or sends a refusal and returns undefined. */
  async function authenticate(
    context: HttpRequestContext,
    operation: Operation,
  ): Promise<Caller | undefined> {
    const { headers, method } = context.request;
    try {
      const { caller } = await authenticator.authenticate({ authorization: headers.authorization });
      context.report.caller = caller.subject;
      requireScopes(caller, scopeOf(operation));
      return caller;
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === undefined) throw error;
      // Closing the connection avoids waiting for a body, which may be large.
      const closing = method === 'GET' ? {} : { connection: 'close' };
      sendRefusal(context, { ...refusal, headers: { ...closing, ...refusal.headers } });
      return undefined;
    }
  }
}

function sendRefusal(
  context: HttpRequestContext,
  { status, code, message, headers, details }: PresentedError,
): void {
  sendProblem(context, { status, code, detail: message, ...details }, headers);
}

function sendOutcome(context: HttpRequestContext, operation: Operation, outcome: OperationOutcome): void {
  const { response, log, report } = context;
  if (response.destroyed) return;
  if (outcome.kind !== 'lean') {
    logFailure(log, operation, outcome);
    sendProblem(context, problemOf(outcome), headersOf(outcome));
    return;
  }
  const { response: upstream, retryAfterSeconds, idempotencyKey, similarUnknownKey } = outcome;
  report.outcome = codeOfStatus(upstream.status);
  response.writeHead(upstream.status, {
    'content-type': upstream.contentType ?? 'application/octet-stream',
    'cache-control': 'no-store',
    ...(retryAfterSeconds !== null && { 'retry-after': String(retryAfterSeconds) }),
    ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
    ...(similarUnknownKey !== undefined && { 'x-similar-unknown-key': similarUnknownKey }),
  });
  response.end(upstream.body);
}

/** The headers of an outcome that is not Lean's own response. */
function headersOf(outcome: Exclude<OperationOutcome, { kind: 'lean' }>): Readonly<Record<string, string>> {
  if ('error' in outcome) return presentedError(outcome.error)?.headers ?? {};
  // HTTP clients retry on this header, and a retry does not help while an operator must decide.
  const mayRepeat = outcome.kind === 'unknown' && outcome.unknown.reason === 'WAITING';
  return mayRepeat ? { 'retry-after': String(outcome.unknown.retryAfterSeconds) } : {};
}

/** Collects the parameter values by name from the path, the query, the headers and the body. */
async function parameterValues(
  context: HttpRequestContext,
  { operation, path }: { readonly operation: Operation; readonly path: Readonly<Record<string, string>> },
): Promise<{ readonly values: Record<string, unknown> } | { readonly problem: Problem }> {
  const { request } = context;
  // Without a prototype, names such as `constructor` and `__proto__` are ordinary keys.
  const values = Object.assign(Object.create(null) as Record<string, unknown>, path);
  const search = new URLSearchParams((request.url ?? '').split('?').slice(1).join('?'));
  for (const [name, value] of search) {
    const place = operation.parameters.find(parameter => parameter.name === name)?.in;
    if (place !== undefined && place !== 'query')
      return { problem: invalidParameter(name, `must not be in the query; send it in the ${place}.`) };
    if (name in values) return { problem: invalidParameter(name, 'is given more than once.') };
    values[name] = value;
  }
  for (const { name } of operation.parameters.filter(parameter => parameter.in === 'header')) {
    const given = request.headersDistinct[name] ?? [];
    if (given.length > 1) return { problem: invalidParameter(name, 'is given more than once.') };
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
  const text = await readBodyText(context, maxBodyBytes);
  if (typeof text !== 'string')
    return { problem: { status: text.status, code: 'BAD_USER_INPUT', detail: text.message } };
  if (text === '') return { problem: invalidParameter(bodyName, 'is empty; send a JSON object.') };
  try {
    return { values: { ...values, [bodyName]: parseExactJson(text) } };
  } catch (error) {
    if (error instanceof JsonBoundsExceeded)
      return { problem: invalidParameter(bodyName, `${error.message}.`) };
    if (error instanceof SyntaxError) return { problem: invalidParameter(bodyName, 'is not valid JSON.') };
    throw error;
  }
}

function invalidParameter(parameter: string, problem: string): Problem {
  return problemOf({ kind: 'invalid', problems: [{ parameter, problem }] });
}
