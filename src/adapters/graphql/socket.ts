import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { GraphQLError } from 'graphql';
import type { ExecutionArgs, ExecutionResult, parse as parseDocument } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import type { Logger } from 'pino';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Admission, Door } from '../../access/door.ts';
import { Unauthenticated } from '../../payouts/errors.ts';
import type { FinishedRequest } from '../listener.ts';
import { keepDigits } from '../../payouts/exact-json.ts';
import { refusalOf } from '../refusal.ts';
import { reporting, type RequestReport } from '../request-report.ts';
import { outward } from './outward.ts';
import { documentFor, type PersistedOperations } from './persisted-operations.ts';
import type { RequestContext } from './request-context.ts';
import type { GraphqlServer } from './server.ts';

export interface GraphqlSocketOptions {
  readonly graphql: GraphqlServer;
  readonly door: Door;
  readonly persisted?: PersistedOperations | undefined;
  /** Origins whose pages may connect, beside the gateway's own. */
  readonly corsOrigins: readonly string[];
  readonly log: Logger;
  /** Told of each operation when it is over. */
  readonly onRequest?: (request: FinishedRequest) => void;
}

export interface GraphqlSocket {
  /** Takes over a connection that asks for a WebSocket. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  close(): Promise<void>;
}

const maxMessageBytes = 64 * 1024;

/** As the protocol closes what may not connect. */
const unauthorized = 4401;

/** An operation that is not over yet. */
interface Running {
  readonly report: RequestReport;
  readonly startedAt: number;
  /** Aborted when nobody waits for it any more. */
  readonly over: AbortController;
}

type Extra = {
  readonly socket: WebSocket;
  readonly request: IncomingMessage;
  admission?: Admission;
  /** By the ids that the connection has given them. */
  running?: Map<string, Running>;
};

/**
 * GraphQL over WebSocket, by the same rules as over HTTP. The access token comes in `connectionParams.authorization`,
 * or in the header where a program connects; when it is over, so is the connection.
 * @see https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
 */
export function graphqlSocket(options: GraphqlSocketOptions): GraphqlSocket {
  const { graphql, door, persisted, corsOrigins, log } = options;
  const server = new WebSocketServer({ noServer: true, maxPayload: maxMessageBytes });
  const serving = useServer<Record<string, unknown>, Extra>(
    {
      connectionInitWaitTimeout: 5000,
      async onConnect({ connectionParams, extra }) {
        const given = connectionParams?.['authorization'] ?? connectionParams?.['Authorization'];
        const { headers } = extra.request;
        try {
          extra.admission = await door.admit({
            authorization: typeof given === 'string' ? given : headers.authorization,
            routerSecret: header(headers['x-router-secret']),
          });
        } catch (error) {
          const refusal = refusalOf(error);
          if (refusal === undefined) throw error;
          const code = error instanceof Unauthenticated ? unauthorized : 4000 + refusal.status;
          extra.socket.close(code, refusal.message.slice(0, 120));
          return false;
        }
        endWithToken(extra);
        extra.socket.once('close', () => {
          for (const { over } of runningOf(extra).values()) over.abort();
        });
        return true;
      },
      async onSubscribe({ extra }, id, payload) {
        const over = new AbortController();
        const { admission } = extra;
        if (admission === undefined) throw new TypeError('the connection has not come in by the door');
        const report: RequestReport = { caller: admission.caller.subject, leanCalls: 0 };
        const context: SocketContext = { admission, signal: over.signal, over, log, report };
        runningOf(extra).set(id, { report, startedAt: performance.now(), over });
        const lastEventId = payload.extensions?.['lastEventId'];
        if (typeof lastEventId === 'string') context.lastEventId = lastEventId;
        try {
          await door.count(admission.caller);
          const query = documentFor(persisted, payload as never, admission);
          const enveloped = graphql.getEnveloped({ ...context, params: { ...payload, query } } as never);
          const document = enveloped.parse(query) as ReturnType<typeof parseDocument>;
          const errors = enveloped.validate(enveloped.schema, document) as readonly GraphQLError[];
          if (errors.length > 0) return [...errors];
          return {
            schema: enveloped.schema,
            document,
            operationName: payload.operationName ?? null,
            variableValues: payload.variables ?? null,
            contextValue: await enveloped.contextFactory(),
            rootValue: enveloped,
          } as ExecutionArgs;
        } catch (error) {
          if (error instanceof GraphQLError) return [error];
          const refusal = refusalOf(error);
          if (refusal === undefined) throw error;
          return [new GraphQLError(refusal.message, { extensions: { code: refusal.code } })];
        }
      },
      execute: args => reporting(reportOf(args), () => rootOf(args).execute(args)),
      subscribe: async args =>
        endingAtOnce(await reporting(reportOf(args), () => rootOf(args).subscribe(args)), args),
      // Amounts keep their digits, as in a request's body.
      jsonMessageReviver: keepDigits,
      onNext({ extra }, id, _payload, _args, result) {
        noteOutcome(extra, id, (result as ExecutionResult).errors);
        return outward(result as ExecutionResult, log) as never;
      },
      onError({ extra }, id, _payload, errors) {
        noteOutcome(extra, id, errors as readonly GraphQLError[]);
        // No onComplete follows.
        finish(extra, id);
        return (outward({ errors: errors as readonly GraphQLError[] }, log) as { errors: never }).errors;
      },
      onComplete({ extra }, id) {
        finish(extra, id);
      },
    },
    server,
    12_000,
  );
  /** Leaves the line of an operation that is over, as requests leave theirs. */
  function finish(extra: Extra, id: string): void {
    const over = runningOf(extra).get(id);
    if (over === undefined) return;
    runningOf(extra).delete(id);
    const { report, startedAt } = over;
    const ms = performance.now() - startedAt;
    const { caller, operation, leanCalls, outcome = 'ok' } = report;
    const line = {
      surface: 'graphql',
      socket: true,
      durationMs: Math.round(ms),
      caller,
      operation,
      leanCalls,
      outcome,
    };
    log.info(line, 'request');
    options.onRequest?.({ ...report, surface: 'graphql', outcome, seconds: ms / 1000 });
  }

  return {
    upgrade(request, socket, head) {
      if (!mayConnect(request, corsOrigins)) {
        socket.end('HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
        return;
      }
      server.handleUpgrade(request, socket, head, connected => {
        server.emit('connection', connected, request);
      });
    },
    async close() {
      await serving.dispose();
    },
  };
}

function runningOf(extra: Extra): Map<string, Running> {
  return (extra.running ??= new Map<string, Running>());
}

/**
 * A subscription that ends when its subscriber says so: by itself it would hear of that only with the next update that
 * is for it, which may never come.
 */
function endingAtOnce(result: AsyncGenerator | ExecutionResult, { contextValue }: ExecutionArgs): never {
  if (!(Symbol.asyncIterator in result)) return result as never;
  const { over } = contextValue as SocketContext;
  const results = result[Symbol.asyncIterator]();
  return {
    next: () => results.next(),
    return: () => {
      over.abort();
      return results.return(undefined);
    },
    throw: (error: unknown) => results.throw(error),
    [Symbol.asyncIterator]() {
      return this;
    },
  } as never;
}

function noteOutcome(extra: Extra, id: string, errors: readonly GraphQLError[] | undefined): void {
  const report = runningOf(extra).get(id)?.report;
  const code = errors?.[0]?.extensions?.['code'];
  if (report !== undefined && code !== undefined) report.outcome ??= String(code);
}

function reportOf({ contextValue }: ExecutionArgs): RequestReport {
  return (contextValue as RequestContext).report ?? { leanCalls: 0 };
}

interface SocketContext extends RequestContext {
  readonly over: AbortController;
}

interface Enveloped {
  execute(args: ExecutionArgs): never;
  subscribe(args: ExecutionArgs): Promise<AsyncGenerator | ExecutionResult>;
}

function rootOf({ rootValue }: ExecutionArgs): Enveloped {
  return rootValue as Enveloped;
}

function endWithToken({ socket, admission }: Extra): void {
  const expiresAt = admission?.caller.expiresAt;
  if (expiresAt === undefined) return;
  const timer = setTimeout(
    () => {
      socket.close(unauthorized, 'The access token is over.');
    },
    Math.min(expiresAt - Date.now(), 2 ** 31 - 1),
  ).unref();
  socket.once('close', () => {
    clearTimeout(timer);
  });
}

/** Browsers ask nobody before a page of any origin connects: here it is asked whose page it is. */
function mayConnect({ headers }: IncomingMessage, corsOrigins: readonly string[]): boolean {
  const { origin, host } = headers;
  if (origin === undefined || corsOrigins.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}

function header(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.[0];
}
