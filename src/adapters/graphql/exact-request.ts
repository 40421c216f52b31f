import { GraphQLError } from 'graphql';
import type { GraphQLParams, Plugin } from 'graphql-yoga';
import type { RequestContext } from './request-context.ts';
import { JsonBeyondBounds, parseExactJson } from '../../json/exact-json.ts';

/** The largest body that is accepted. */
export const maxBodyBytes = 64 * 1024;

/**
 * Reads GraphQL requests as JSON in which no number loses a digit: one of more than 15 digits arrives as its own
 * digits, which `Decimal` reads exactly and every other scalar refuses.
 *
 * Only `application/json` is read from a POST (a form only from callers that a browser has asked for permission), so that
 * no foreign page can send a mutation by a plain form.
 * @see https://github.com/graphql/graphql-over-http/blob/main/spec/GraphQLOverHTTP.md
 */
export function useExactRequests(): Plugin {
  return {
    onRequestParse({ request, url, serverContext, setRequestParser, endResponse, fetchAPI }) {
      if (request.method === 'GET') setRequestParser(() => paramsOfQuery(url.searchParams));
      else if (request.method !== 'POST')
        return; // refused by Yoga, which comes after
      else if (isJson(request.headers.get('content-type')))
        setRequestParser(async limited =>
          paramsOfBody(await bodyOf(limited, serverContext as RequestContext)),
        );
      else if (request.headers.get('apollo-require-preflight') !== null && isForm(request))
        setRequestParser(async limited =>
          paramsOfQuery(new URLSearchParams(await bodyOf(limited, serverContext as RequestContext))),
        );
      else
        endResponse(
          fetchAPI.Response.json(
            {
              errors: [
                { message: 'Send content-type: application/json.', extensions: { code: 'BAD_USER_INPUT' } },
              ],
            },
            { status: 415 },
          ),
        );
    },
  };
}

/** Takes the body that the endpoint has read, so that nothing keeps it. Without an endpoint it is read from the request. */
function bodyOf(request: Request, { sent }: RequestContext): Promise<string> | string {
  if (sent === undefined) return request.text();
  const body = sent.body ?? '';
  sent.body = undefined;
  return body;
}

function isForm({ headers }: Request): boolean {
  return /^application\/x-www-form-urlencoded(?:\s*;.*)?$/i.test(headers.get('content-type') ?? '');
}

/** Whether it is the media type of a GraphQL request. */
export function isJson(contentType: string | null | undefined): boolean {
  return /^application\/(?:graphql\+)?json(?:\s*;.*)?$/i.test(contentType ?? '');
}

/** @throws GraphQLError when it is not one operation's */
export function paramsOfBody(text: string): GraphQLParams {
  const body = parseExactly(text, 'The body');
  if (typeof body !== 'object' || body === null) throw badRequest('The body must be a JSON object.');
  if (Array.isArray(body))
    throw badRequest('One request holds one operation: batching is off.', 'OPERATION_TOO_EXPENSIVE');
  return body as GraphQLParams;
}

function paramsOfQuery(search: URLSearchParams): GraphQLParams {
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

function parseExactly(text: string, what: string): unknown {
  try {
    return parseExactJson(text);
  } catch (error) {
    throw badRequest(`${what} ${error instanceof JsonBeyondBounds ? error.message : 'is not valid JSON'}.`);
  }
}

function badRequest(message: string, code = 'BAD_USER_INPUT'): GraphQLError {
  return new GraphQLError(message, { extensions: { code, http: { status: 400 } } });
}
