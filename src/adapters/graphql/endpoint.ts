import type { ServerResponse } from 'node:http';
import type { AuthContext, Authenticator } from '../../access/authenticator.ts';
import { eventLoopBatcher } from '../../scheduling/event-loop-batcher.ts';
import { readBodyText } from '../http/body.ts';
import type { HttpRequestContext } from '../http/http-request-context.ts';
import { credentialsOf, recordCaller } from './authentication.ts';
import {
  acceptedTypes,
  refusesSomeType,
  resultContentType,
  type OfferedType,
} from './request/content-negotiation.ts';
import { isJson, maxBodyBytesFor } from './request/exact-request.ts';
import type { FastPath } from './fast-path/fast-path.ts';
import type { GraphqlServer } from './graphql-server.ts';
import type { RequestContext } from './request-context.ts';

export interface EndpointOptions {
  readonly yoga: GraphqlServer;
  readonly authenticator: Authenticator;
  readonly fastPath: FastPath;
}

/**
 * Serves GraphQL over HTTP. It authenticates a POST, reads its body and offers it to the fast path. Yoga answers
 * every request that the fast path does not answer.
 */
export class GraphqlEndpoint {
  readonly #yoga: GraphqlServer;
  readonly #authenticator: Authenticator;
  readonly #fastPath: FastPath;

  constructor({ yoga, authenticator, fastPath }: EndpointOptions) {
    this.#yoga = yoga;
    this.#authenticator = authenticator;
    this.#fastPath = fastPath;
  }

  /** Answers a request. */
  async handle(httpContext: HttpRequestContext): Promise<void> {
    const { request, response, connection, report } = httpContext;
    const { headers } = request;
    const accepted = acceptedTypes(headers.accept);
    // Checked first, because Yoga would execute a mutation before it finds that it cannot write the response.
    if (accepted.length === 0) {
      sendError(httpContext, 406, notAcceptableMessage);
      return;
    }
    // Yoga ignores `q=0`, so it gets only the accepted types.
    if (refusesSomeType(headers.accept)) headers.accept = accepted.join(', ');
    const authentication =
      request.method === 'POST' ? this.#authenticator.authenticate(credentialsOf(request)) : undefined;
    const context: RequestContext = {
      report,
      acceptedTypes: accepted,
      ...(authentication !== undefined && { authentication }),
    };
    if (authentication === undefined) await eventLoopBatcher.waitForTurn(connection);
    else {
      // Without authentication, the body is not read. Yoga gets the same failed promise and writes the response.
      const auth = await recordCaller(context, authentication).catch(() => undefined);
      if (auth !== undefined && (await this.#handleBody(httpContext, context, auth, accepted))) return;
    }
    // The caller may have disconnected meanwhile. Yoga would not notice, because `close` was already emitted.
    if (httpContext.signal.aborted) return;
    // Yoga waits until the caller has read the response. The race ends the wait if the caller disconnects.
    await Promise.race([
      this.#yoga.handle(request, response, { ...context, log: httpContext.log }),
      closed(response),
    ]);
  }

  /**
   * Reads the body, and answers the request if the fast path can do that or if the body is too large.
   * @returns whether the request was answered
   */
  async #handleBody(
    httpContext: HttpRequestContext,
    context: RequestContext,
    auth: AuthContext,
    accepted: readonly OfferedType[],
  ): Promise<boolean> {
    const { request, response, report, signal } = httpContext;
    const maxBodyBytes = maxBodyBytesFor(auth);
    const body = await readBodyText(httpContext, maxBodyBytes);
    if (typeof body !== 'string') {
      sendError(httpContext, body.status, body.message);
      return true;
    }
    context.bodyHolder = { text: body };
    const contentType = isJson(request.headers['content-type']) ? resultContentType(accepted) : undefined;
    if (contentType === undefined) return false;

    const result = await this.#fastPath.execute(body, auth, signal, context);
    if (result === undefined) return false;
    report.outcome = 'ok';
    sendJson(response, contentType, JSON.stringify(result));
    return true;
  }
}

const notAcceptableMessage =
  'This gateway cannot respond in any media type of the accept header; accepted: application/json, ' +
  'application/graphql-response+json, text/event-stream and multipart/mixed. Nothing was executed.';

/** Refuses a request, and closes the connection, because its body may not have been read to its end. */
function sendError({ response, report }: HttpRequestContext, status: number, message: string): void {
  const code = 'BAD_USER_INPUT';
  report.outcome = code;
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
  response.end(JSON.stringify({ errors: [{ message, extensions: { code } }] }));
}

function sendJson(response: ServerResponse, contentType: string, text: string): void {
  const bytes = Buffer.byteLength(text);
  // Plain ASCII is written as latin1, which needs no encoding.
  const encoding = bytes === text.length ? 'latin1' : 'utf8';
  response.writeHead(200, { 'content-type': contentType, 'content-length': bytes }).end(text, encoding);
}

function closed(response: ServerResponse): Promise<void> {
  return new Promise(resolve => {
    response.once('close', () => {
      resolve();
    });
  });
}
