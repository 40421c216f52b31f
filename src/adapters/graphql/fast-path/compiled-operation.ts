import { GraphQLError, type DocumentNode, type ExecutionResult, type GraphQLSchema } from 'graphql';
import { compileQuery, isCompiledQuery } from 'graphql-jit';
import type { HotOperation } from './hot-operation.ts';
import { hoistArguments } from './hoisted-arguments.ts';

/**
 * Compiles an operation to JavaScript, with the same results as graphql-js. graphql-js still reads the variables and the
 * arguments.
 *
 * graphql-jit is pinned to 0.8.7, because code from later versions records an error location for every field, even
 * when no error occurs.
 * @param document a valid document
 * @returns undefined if the operation cannot be compiled, for example in a process that forbids `new Function`
 */
export function compiledOperation(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | undefined,
): HotOperation | undefined {
  const hoisted = hoistArguments(schema, document, operationName);
  const compiled = compileQuery(schema, hoisted.document, operationName);
  if (!isCompiledQuery(compiled)) return undefined;
  const withLocations = ({ data = null, errors }: ExecutionResult): ExecutionResult =>
    errors === undefined ? { data } : { errors: errors.map(error => withLocation(error, document)), data };
  return {
    document,
    prepare(variables) {
      const values = hoisted.values(variables);
      return contextValue => {
        const result = compiled.query(undefined, contextValue, values) as
          Promise<ExecutionResult> | ExecutionResult;
        return result instanceof Promise ? result.then(withLocations) : withLocations(result);
      };
    },
  };
}

/**
 * Adds the source and the positions that errors of graphql-js have. Errors of compiled code have only line and
 * column.
 */
function withLocation(
  { message, path, locations, originalError }: GraphQLError,
  { loc }: DocumentNode,
): GraphQLError {
  const starts = loc === undefined ? [] : lineStarts(loc.source.body);
  return new GraphQLError(message, {
    ...(loc !== undefined &&
      locations !== undefined && {
        source: loc.source,
        positions: locations.map(({ line, column }) => (starts[line - 1] ?? 0) + column - 1),
      }),
    ...(path !== undefined && { path }),
    ...(originalError !== undefined && { originalError }),
  });
}

/** The offset of the first character of each line. */
function lineStarts(text: string): readonly number[] {
  return [0, ...[...text.matchAll(/\r\n|[\n\r]/g)].map(({ index, 0: end }) => index + end.length)];
}
