import { GraphQLError, type ExecutionArgs, type ExecutionResult, type parse as parseDocument } from 'graphql';
import { makeServer, type Server } from 'graphql-ws';
import type { Logger } from 'pino';
import type { Authenticator } from '../../../access/authenticator.ts';
import { TooManyOperations, Unauthenticated } from '../../../errors/gateway-errors.ts';
import { errorForCaller } from '../../../schema/errors.ts';
import { connectionLimits as limits } from '../../http/connection-limits.ts';
import { refusalOf } from '../../http/refusal.ts';
import { currentRequestReport } from '../../observability/request-report.ts';
import { credentialsOf } from '../authentication.ts';
import { formatResult } from '../results/format-result.ts';
import type { GraphqlServer } from '../graphql-server.ts';
import { operationNameError } from '../request/operation-name.ts';
import { documentTextFor, type PersistedOperations } from '../request/persisted-operations.ts';
import type { RequestContext } from '../request-context.ts';
import { messageReviver } from './socket-message.ts';
import { unauthorizedCode, type RunningOperation, type SocketConnection } from './socket-connection.ts';
import { forgetParams } from '../subscriptions/subscribed-request.ts';

export interface SocketProtocolOptions {
  readonly graphql: GraphqlServer;
  readonly authenticator: Authenticator;
  readonly persisted?: PersistedOperations | undefined;
  readonly log: Logger;
}

/** The value that graphql-ws keeps for each connection. */
export interface SocketExtra {
  readonly connection: SocketConnection;
}

/** The context of one operation. */
interface SocketContext extends RequestContext {
  readonly connection: SocketConnection;
  readonly running: RunningOperation;
}

/** The functions of Yoga with its plugins, which graphql-ws carries as the root value. */
interface Enveloped {
  execute(args: ExecutionArgs): never;
  subscribe(args: ExecutionArgs): Promise<AsyncGenerator | ExecutionResult>;
}

/**
 * The protocol graphql-transport-ws, with the authentication, the limits and the checks that requests over HTTP have.
 * @see https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
 */
export function socketProtocol(options: SocketProtocolOptions): Server<SocketExtra> {
  const { graphql, authenticator, persisted, log } = options;
  return makeServer<Record<string, unknown>, SocketExtra>({
    connectionInitWaitTimeout: limits.connectionInitMs,
    async onConnect(context) {
      const { connectionParams, extra } = context;
      const { connection } = extra;
      const authorization = connectionParams?.['authorization'] ?? connectionParams?.['Authorization'];
      // The library would keep the parameters as long as the connection.
      Object.assign(context, { connectionParams: undefined });
      try {
        const auth = await authenticator.authenticate({
          ...credentialsOf(connection.request),
          ...(typeof authorization === 'string' && { authorization }),
        });
        connection.setCaller(auth);
      } catch (error) {
        const refusal = refusalOf(error);
        if (refusal === undefined) throw error;
        const code = error instanceof Unauthenticated ? unauthorizedCode : 4000 + refusal.status;
        connection.close(code, refusal.message);
        const line = { requestId: connection.id, surface: 'graphql', socket: true, closeCode: code };
        log.info({ ...line, outcome: refusal.code }, 'connection refused');
        return false;
      }
      return true;
    },
    async onSubscribe({ extra: { connection } }, id, payload) {
      const { auth } = connection;
      if (auth === undefined) throw new TypeError('the connection was not authenticated');
      const running = connection.beginOperation();
      const { report } = running;
      report.caller = auth.caller.subject;
      const { signal } = running.abortController;
      const context: SocketContext = {
        auth,
        signal,
        endsWithConnection: true,
        connection,
        running,
        log: running.log,
        report,
      };
      try {
        await authenticator.countRequest(auth.caller);
        if (connection.hasTooManyOperations) throw new TooManyOperations(limits.operations);
        if (id.length > limits.operationIdLength) return [idTooLong()];
        const query = documentTextFor(persisted, payload as never, auth);
        const variableValues = payload.variables ?? null;
        const operationName = payload.operationName ?? null;
        const enveloped = graphql.getEnveloped({ ...context, params: { ...payload, query } } as never);
        const document = enveloped.parse(query) as ReturnType<typeof parseDocument>;
        const nameError = operationNameError(document, operationName);
        if (nameError !== undefined) return [nameError];
        const errors = enveloped.validate(enveloped.schema, document) as readonly GraphQLError[];
        if (errors.length > 0) return [...errors];
        forgetParams(payload);
        return {
          schema: enveloped.schema,
          document,
          operationName,
          variableValues,
          contextValue: await enveloped.contextFactory(),
          rootValue: enveloped,
        } as ExecutionArgs;
      } catch (error) {
        if (error instanceof GraphQLError) return [error];
        const forCaller = errorForCaller(error);
        if (forCaller === undefined) throw error;
        return [new GraphQLError(forCaller.message, { extensions: forCaller.extensions })];
      }
    },
    execute: args => envelopedOf(args).execute(args),
    async subscribe(args) {
      const { connection, running } = args.contextValue as SocketContext;
      connection.beginSubscription(running);
      return abortingOnReturn(await envelopedOf(args).subscribe(args), running);
    },
    jsonMessageReviver: messageReviver,
    onNext({ extra: { connection } }, _id, _payload, _args, result) {
      recordOutcome((result as ExecutionResult).errors);
      return formatResult(result as ExecutionResult, connection.operationLog) as never;
    },
    onError({ extra: { connection } }, _id, _payload, errors) {
      recordOutcome(errors as readonly GraphQLError[]);
      const result = formatResult({ errors: errors as readonly GraphQLError[] }, connection.operationLog);
      return (result as { errors: never }).errors;
    },
  });
}

function idTooLong(): GraphQLError {
  return new GraphQLError(
    `The id of the operation is longer than ${String(limits.operationIdLength)} characters.`,
    { extensions: { code: 'BAD_USER_INPUT' } },
  );
}

/**
 * Wraps the results of a subscription so that `return` aborts it. A generator that waits for its next update handles
 * `return` only after that update, which may never come.
 */
function abortingOnReturn(
  result: AsyncGenerator | ExecutionResult,
  { abortController }: RunningOperation,
): never {
  if (!(Symbol.asyncIterator in result)) return result as never;
  const results = result[Symbol.asyncIterator]();
  return {
    next: () => results.next(),
    return: () => {
      abortController.abort();
      return results.return(undefined);
    },
    throw: (error: unknown) => results.throw(error),
    [Symbol.asyncIterator]() {
      return this;
    },
  } as never;
}

/** Writes the code of the first error into the report of the operation, unless an earlier result had one. */
function recordOutcome(errors: readonly GraphQLError[] | undefined): void {
  const report = currentRequestReport();
  const code = errors?.[0]?.extensions?.['code'];
  if (report !== undefined && code !== undefined) report.outcome ??= String(code);
}

function envelopedOf({ rootValue }: ExecutionArgs): Enveloped {
  return rootValue as Enveloped;
}
