import { GraphQLError, type ASTVisitor, type ValidationContext } from 'graphql';

/**
 * Refuses a variable called `__proto__`: graphql-js keeps the values of variables in a plain object, where this name is
 * not one of its own, and would then say that no value was sent.
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
