import { GraphQLError, type ASTVisitor, type ValidationContext } from 'graphql';

/**
 * A validation rule that refuses a variable with the name `__proto__`. graphql-js keeps the values of variables in a
 * plain object, on which this name is not an own property, and would report that no value was sent.
 */
export function variableNamesRule(context: ValidationContext): ASTVisitor {
  return {
    VariableDefinition({ variable }) {
      if (variable.name.value === '__proto__')
        context.reportError(
          new GraphQLError('A variable cannot be called "__proto__"; give it another name.', {
            nodes: variable,
          }),
        );
    },
  };
}
