import type { GraphQLParams, Plugin } from 'graphql-yoga';
import type { AuthContext } from '../../../access/authenticator.ts';
import { bodyTooLargeMessage } from '../../http/body.ts';
import { maxJsonMembers } from '../../../json/json-bounds.ts';
import { authContextOf } from '../authentication.ts';
import { badRequest } from './request-error.ts';
import { checkParameters } from './request-parameters.ts';
import type { RequestContext } from '../request-context.ts';
import { JsonBoundsExceeded, parseExactJson } from '../../../json/exact-json.ts';

/** The largest accepted request body, in bytes. */
const maxBodyBytes = 64 * 1024;

/** The largest accepted request body of the router, in bytes. */
export const maxRouterBodyBytes = 1024 * 1024;

/** The largest accepted request body or WebSocket message of a caller, in bytes. */
export function maxBodyBytesFor({ isRouter }: Pick<AuthContext, 'isRouter'>): number {
  return isRouter ? maxRouterBodyBytes : maxBodyBytes;
}

/** How many values the JSON body of the router may hold: the representations that fill the largest body. */
const maxRouterJsonMembers = 100_000;

/** How many values the JSON body or WebSocket message of a caller may hold. */
export function maxJsonMembersFor({ isRouter }: Pick<AuthContext, 'isRouter'>): number {
  return isRouter ? maxRouterJsonMembers : maxJsonMembers;
}

/**
 * Parses GraphQL requests without losing digits of numbers. A number of more than 15 digits becomes a string of its
 * digits, which `Decimal` reads exactly and every other scalar refuses.
 *
 * A POST must have the type `application/json`. A form is accepted only with the header `apollo-require-preflight`,
 * for which a browser sends a preflight first. This keeps pages of other origins from sending a mutation by a plain
 * form.
 * @see https://github.com/graphql/graphql-over-http/blob/main/spec/GraphQLOverHTTP.md
 */
export function useExactRequests(): Plugin {
  return {
    onRequestParse({ request, url, serverContext, setRequestParser, endResponse, fetchAPI }) {
      if (request.method === 'GET') setRequestParser(() => paramsOfQuery(url.search.slice(1)));
      else if (request.method !== 'POST')
        return; // Yoga refuses other methods.
      else if (isJson(request.headers.get('content-type')))
        setRequestParser(async limitedRequest => {
          const context = serverContext as RequestContext;
          return paramsOfBody(await bodyOf(limitedRequest, context), authContextOf(context));
        });
      else if (request.headers.get('apollo-require-preflight') !== null && isForm(request))
        setRequestParser(async limitedRequest =>
          paramsOfQuery(await bodyOf(limitedRequest, serverContext as RequestContext)),
        );
      else {
        const { report } = serverContext as RequestContext;
        const code = 'BAD_USER_INPUT';
        if (report !== undefined) report.outcome = code;
        const message = 'Send content-type: application/json.';
        const errors = [{ message, extensions: { code } }];
        endResponse(fetchAPI.Response.json({ errors }, { status: 415 }));
      }
    },
    onParams({ params }) {
      checkParameters(params);
    },
  };
}

/**
 * The body of a request. A body that the endpoint has read is removed from its holder, so that it can be
 * garbage-collected while the request runs. For a request that did not go through the endpoint, it is read here.
 */
async function bodyOf(request: Request, context: RequestContext): Promise<string> {
  const { bodyHolder } = context;
  if (bodyHolder === undefined) {
    const text = await request.text();
    const maxBytes = maxBodyBytesFor(authContextOf(context));
    if (Buffer.byteLength(text) > maxBytes)
      throw badRequest(bodyTooLargeMessage(maxBytes), 'BAD_USER_INPUT', 413);
    return text;
  }
  const { text = '' } = bodyHolder;
  bodyHolder.text = undefined;
  return text;
}

function isForm({ headers }: Request): boolean {
  return /^application\/x-www-form-urlencoded(?:\s*;.*)?$/i.test(headers.get('content-type') ?? '');
}

/** Whether a content-type is that of a GraphQL request in JSON. */
export function isJson(contentType: string | null | undefined): boolean {
  return /^application\/(?:graphql\+)?json(?:\s*;.*)?$/i.test(contentType ?? '');
}

/**
 * Parses a JSON body.
 * @throws GraphQLError if it is not a JSON object, or is a batch of operations
 */
export function paramsOfBody(text: string, auth: Pick<AuthContext, 'isRouter'>): GraphQLParams {
  const body = parseExactly(text, 'The body', maxJsonMembersFor(auth));
  if (typeof body !== 'object' || body === null) throw badRequest('The body must be a JSON object.');
  if (Array.isArray(body))
    throw badRequest('Batching is not supported. Send one operation per request.', 'OPERATION_TOO_EXPENSIVE');
  return body as GraphQLParams;
}

/**
 * Parses the parameters of a URL or of a form.
 * @throws GraphQLError if they are not percent-encoded UTF-8, because a payout would get other letters than were sent
 */
function paramsOfQuery(encoded: string): GraphQLParams {
  try {
    decodeURIComponent(encoded);
  } catch {
    throw badRequest('The parameters are not percent-encoded UTF-8.');
  }
  const search = new URLSearchParams(encoded);
  const json = (name: 'variables' | 'extensions'): Record<string, unknown> | undefined => {
    const text = search.get(name);
    return text === null || text === '' ? undefined : (parseExactly(text, name) as Record<string, unknown>);
  };
  return {
    query: search.get('query') ?? undefined,
    operationName: search.get('operationName') ?? undefined,
    variables: json('variables'),
    extensions: json('extensions'),
    ...(search.has('documentId') && { documentId: search.get('documentId') }),
  } as GraphQLParams;
}

/** @param name what the text is, for the error message */
function parseExactly(text: string, name: string, maxMembers = maxJsonMembers): unknown {
  try {
    return parseExactJson(text, maxMembers);
  } catch (error) {
    throw badRequest(`${name} ${error instanceof JsonBoundsExceeded ? error.message : 'is not valid JSON'}.`);
  }
}
