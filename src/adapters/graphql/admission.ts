import type { Plugin } from 'graphql-yoga';
import type { Admission, Door } from '../../access/door.ts';
import { refusalOf } from '../refusal.ts';
import type { RequestContext } from './request-context.ts';

/** Lets requests in before anything of them is read. Who is not let in is told nothing else. */
export function useDoor(door: Door): Plugin<RequestContext> {
  return {
    async onRequestParse({ request, serverContext, endResponse, fetchAPI }) {
      const context = serverContext as RequestContext;
      try {
        context.admission = await door.admit({
          authorization: request.headers.get('authorization'),
          routerSecret: request.headers.get('x-router-secret'),
        });
        if (context.report !== undefined) context.report.caller = context.admission.caller.subject;
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

/** Who has been let in. Nothing is done for a request that nobody has let in. */
export function admitted({ admission }: RequestContext): Admission {
  if (admission === undefined) throw new TypeError('the request has not come in by the door');
  return admission;
}
