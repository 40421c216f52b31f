import { execute, getOperationAST, getVariableValues, type DocumentNode, type GraphQLSchema } from 'graphql';
import type { HotOperation } from './hot-operation.ts';

/**
 * Prepares an operation that graphql-js executes. Mutations use this, so that only the reference implementation
 * executes operations that move money; they have few fields and would gain little from compiled code. Also, V8 keeps
 * each request of a mutation compiled by graphql-jit alive until the next collection of the old generation.
 * @param document a valid document that has the operation
 */
export function interpretedOperation(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | undefined,
): HotOperation {
  const declared = getOperationAST(document, operationName)?.variableDefinitions ?? [];
  return {
    document,
    prepare(variables) {
      // `execute` reads the variables again, but their errors must be known before. `maxErrors: 0` ends the check at
      // the first error, because Yoga reports the errors.
      const { errors } = getVariableValues(schema, declared, variables, { maxErrors: 0 });
      const [error] = errors ?? [];
      if (error !== undefined) throw error;
      return contextValue =>
        execute({ schema, document, operationName, variableValues: variables, contextValue });
    },
  };
}
