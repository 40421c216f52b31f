import type { IncomingMessage } from 'node:http';
import type { Plugin } from 'graphql-yoga';
import type { AuthContext, Authenticator, Credentials } from '../../access/authenticator.ts';
import { refusalOf } from '../http/refusal.ts';
import { acceptedTypes, resultContentType } from './request/content-negotiation.ts';
import type { RequestContext } from './request-context.ts';

/** Authenticates each request before its parameters are read. A request that fails gets only the refusal. */
export function useAuthentication(authenticator: Authenticator): Plugin<RequestContext> {
  return {
    async onRequestParse({ request, serverContext, endResponse, fetchAPI }) {
      const context = serverContext as RequestContext;
      try {
        const credentials = {
          authorization: request.headers.get('authorization'),
          routerSecret: request.headers.get('x-router-secret'),
        };
        await recordCaller(context, context.authentication ?? authenticator.authenticate(credentials));
      } catch (error) {
        const refusal = refusalOf(error);
        if (refusal === undefined) throw error;
        const { status, code, message, headers, details } = refusal;
        if (context.report !== undefined) context.report.outcome = code;
        const accepted = acceptedTypes(request.headers.get('accept') ?? undefined);
        const type = resultContentType(accepted) ?? 'application/json; charset=utf-8';
        endResponse(
          new fetchAPI.Response(JSON.stringify({ errors: [{ message, extensions: { code, ...details } }] }), {
            status,
            headers: { ...headers, 'content-type': type, 'cache-control': 'no-store' },
          }),
        );
      }
    },
  };
}

/** The credentials in the headers of a request. */
export function credentialsOf({ headers }: IncomingMessage): Credentials {
  const secret = headers['x-router-secret'];
  return {
    authorization: headers.authorization,
    routerSecret: typeof secret === 'string' ? secret : undefined,
  };
}

/**
 * Waits for the authentication, and writes the caller into the request's context and report.
 * @throws whatever `Authenticator.authenticate` throws
 */
export async function recordCaller(
  context: RequestContext,
  authentication: Promise<AuthContext>,
): Promise<AuthContext> {
  const auth = await authentication;
  context.auth = auth;
  if (context.report !== undefined) context.report.caller = auth.caller.subject;
  return auth;
}

/**
 * The authenticated caller of a request.
 * @throws TypeError if the request was not authenticated, which would be a bug of the gateway
 */
export function authContextOf({ auth }: RequestContext): AuthContext {
  if (auth === undefined) throw new TypeError('the request was not authenticated');
  return auth;
}
