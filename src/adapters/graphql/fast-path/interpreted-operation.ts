import { execute, getOperationAST, getVariableValues, type DocumentNode, type GraphQLSchema } from 'graphql';
import type { HotOperation } from './hot-operation.ts';

/**
 * An operation that graphql-js itself executes: of a few fields, which would gain little by code of their own. Mutations
 * are: what moves money goes by the reference implementation alone. (Of graphql-jit's code for mutations the engine keeps
 * each request until it next goes through its whole heap.)
 * @param document one that is valid, and has the operation
 */
export function interpretedOperation(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | undefined,
): HotOperation {
  const declared = getOperationAST(document, operationName)?.variableDefinitions ?? [];
  return {
    document,
    prepared(variables) {
      // They are read once more when it is executed. Whether they can be must be known before; and for some values each
      // error takes long to write, and nobody reads these.
      const { errors } = getVariableValues(schema, declared, variables, { maxErrors: 0 });
      const [problem] = errors ?? [];
      if (problem !== undefined) throw problem;
      return contextValue =>
        execute({ schema, document, operationName, variableValues: variables, contextValue });
    },
  };
}
