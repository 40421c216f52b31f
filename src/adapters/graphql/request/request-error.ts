import { GraphQLError } from 'graphql';

/** Creates the error for a request that cannot be read or is not allowed: HTTP 400, or another status. */
export function badRequest(message: string, code = 'BAD_USER_INPUT', status = 400): GraphQLError {
  return new GraphQLError(message, { extensions: { code, http: { status } } });
}
