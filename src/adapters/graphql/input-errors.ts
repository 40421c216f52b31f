import {
  getOperationAST,
  getVariableValues,
  GraphQLError,
  Kind,
  type DocumentNode,
  type ExecutionArgs,
} from 'graphql';
import { placeOfLiteral, placeOfVariable } from './argument-places.ts';

const valueKinds: ReadonlySet<string> = new Set([
  Kind.INT,
  Kind.FLOAT,
  Kind.STRING,
  Kind.BOOLEAN,
  Kind.NULL,
  Kind.ENUM,
  Kind.LIST,
  Kind.OBJECT,
]);

/**
 * graphql-js reports a wrong value in a document by its position alone. This names the argument as well, as
 * `filter.amount.min`, and marks the error as the input error that it is.
 */
export function namingArgument(error: GraphQLError, document: DocumentNode): GraphQLError {
  const node = error.nodes?.[0];
  if (node === undefined || !valueKinds.has(node.kind) || error.extensions['code'] !== undefined)
    return error;
  const argument = placeOfLiteral(node, document);
  if (argument === undefined) return error;
  return new GraphQLError(`${argument}: ${error.message}`, {
    ...(error.nodes !== undefined && { nodes: error.nodes }),
    extensions: { ...error.extensions, code: 'BAD_USER_INPUT', argument },
  });
}

const mostVariableErrors = 5;

/**
 * Reads variables before the execution does. That goes on to fifty errors, and writes the whole value out in each of
 * them, which for some values takes long; this stops at a few.
 * @param suggestions whether messages may suggest names of the schema
 * @returns the errors, each with the place of its value in the arguments; undefined if there are none
 */
export function variableErrors(
  { schema, document, operationName, variableValues }: ExecutionArgs,
  suggestions: boolean,
): readonly GraphQLError[] | undefined {
  const operation = getOperationAST(document, operationName);
  const declared = operation?.variableDefinitions ?? [];
  if (operation == null || declared.length === 0) return undefined;
  const { errors } = getVariableValues(schema, declared, variableValues ?? {}, {
    maxErrors: mostVariableErrors,
  });
  // Beyond the last comes one more, which says that there are too many.
  return errors?.slice(0, mostVariableErrors).map(error => {
    const [, name = ''] = /^Variable "\$(\w+)"/.exec(error.message) ?? [];
    return new GraphQLError(shortened(suggestions ? error.message : withoutSuggestion(error.message)), {
      extensions: {
        code: 'BAD_USER_INPUT',
        argument: placeOfVariable(name, document, operation) + pathWithinVariable(error, name),
      },
    });
  });
}

/**
 * The path of the wrong value within its variable, such as `.amount.min`; empty if the variable itself is wrong.
 * graphql-js gives it only in its message, between the value, whose quotes are escaped, and the problem.
 */
function pathWithinVariable({ message, originalError }: GraphQLError, name: string): string {
  const end = originalError == null ? message.length : message.length - `; ${originalError.message}`.length;
  const text = message.slice(0, end);
  // From the end, in one go: the value in front of it is as long as its caller likes, and its keys are not escaped.
  const mark = ` at "${name}`;
  const start = text.lastIndexOf(mark);
  const path = text.slice(start + mark.length, -1);
  if (start === -1 || !text.endsWith('"') || path.includes('"')) return '';
  return path.replaceAll(/\[(\d+)\]/g, '.$1');
}

/** graphql-js helps with names of the schema, also in values of variables, which no validation rule sees. */
function withoutSuggestion(message: string): string {
  const hint = message.lastIndexOf(' Did you mean ');
  return hint >= 0 && message.endsWith('?') ? message.slice(0, hint) : message;
}

const longestMessage = 500;

/** graphql-js repeats the value that it could not read, however long; its beginning and what follows it are enough. */
export function shortened(message: string): string {
  if (message.length <= longestMessage) return message;
  return `${message.slice(0, longestMessage / 2)} … ${message.slice(-longestMessage / 2)}`;
}
