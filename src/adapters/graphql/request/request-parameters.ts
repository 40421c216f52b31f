import type { GraphQLParams } from 'graphql-yoga';
import { badRequest } from './request-error.ts';

/** The accepted type of each parameter of a request, and its description for error messages. */
const accepted = {
  query: { type: 'string', what: 'a GraphQL document as a string' },
  documentId: { type: 'string', what: 'the id of a persisted operation as a string' },
  operationName: { type: 'string', what: 'the name of an operation of the document as a string' },
  variables: { type: 'object', what: 'an object of values by the names of variables' },
  extensions: { type: 'object', what: 'an object' },
} as const;

/**
 * Checks the types of the parameters of a request.
 * @throws GraphQLError that names the parameter and what is accepted
 */
export function checkParameters(params: GraphQLParams): void {
  for (const [name, { type, what }] of Object.entries(accepted)) {
    const value: unknown = (params as Readonly<Record<string, unknown>>)[name];
    if (value == null || (typeof value === type && !Array.isArray(value))) continue;
    throw badRequest(`${name}: is ${kindOf(value)}; accepted: ${what}.`);
  }
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
