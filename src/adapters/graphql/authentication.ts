import type { Plugin } from 'graphql-yoga';
import type { AuthContext, Authenticator } from '../../access/authenticator.ts';
import { refusalOf } from '../http/refusal.ts';
import type { RequestContext } from './request-context.ts';

/** Lets requests in before anything of them is read. Who is not let in is told nothing else. */
export function useAuthentication(authenticator: Authenticator): Plugin<RequestContext> {
  return {
    async onRequestParse({ request, serverContext, endResponse, fetchAPI }) {
      const context = serverContext as RequestContext;
      try {
        const credentials = {
          authorization: request.headers.get('authorization'),
          routerSecret: request.headers.get('x-router-secret'),
        };
        await noteCaller(context, context.admitting ?? authenticator.authenticate(credentials));
      } catch (error) {
        const refusal = refusalOf(error);
        if (refusal === undefined) throw error;
        const { status, code, message, headers } = refusal;
        if (context.report !== undefined) context.report.outcome = code;
        const spec = request.headers.get('accept')?.includes('application/graphql-response+json') === true;
        const type = spec ? 'application/graphql-response+json' : 'application/json';
        endResponse(
          new fetchAPI.Response(JSON.stringify({ errors: [{ message, extensions: { code } }] }), {
            status,
            headers: { ...headers, 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-store' },
          }),
        );
      }
    },
  };
}

/**
 * Notes who has been let in.
 * @throws as `Door.admit`
 */
export async function noteCaller(
  context: RequestContext,
  admitting: Promise<AuthContext>,
): Promise<AuthContext> {
  const admission = await admitting;
  context.admission = admission;
  if (context.report !== undefined) context.report.caller = admission.caller.subject;
  return admission;
}

/** Who has been let in. Nothing is done for a request that nobody has let in. */
export function authContextOf({ admission }: RequestContext): AuthContext {
  if (admission === undefined) throw new TypeError('the request has not come in by the authenticator');
  return admission;
}
