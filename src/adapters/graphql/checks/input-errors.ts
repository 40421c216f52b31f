import {
  getOperationAST,
  getVariableValues,
  GraphQLError,
  Kind,
  type DocumentNode,
  type ExecutionArgs,
} from 'graphql';
import { pathOfLiteral, pathOfVariable } from './argument-paths.ts';

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
 * Adds the argument path, such as `filter.amount.min`, and the code `BAD_USER_INPUT` to an error about a literal
 * value, or about a field that its input object does not have, because graphql-js gives only the line and column. Any
 * other error is returned unchanged.
 */
export function withArgumentPath(error: GraphQLError, document: DocumentNode): GraphQLError {
  const node = error.nodes?.[0];
  if (node === undefined || error.extensions['code'] !== undefined) return error;
  const isField = node.kind === Kind.OBJECT_FIELD;
  if (!isField && !valueKinds.has(node.kind)) return error;
  const path = pathOfLiteral(isField ? node.value : node, document);
  if (path === undefined) return error;
  const argument = isField ? path : path + fieldAtFault(error.message);
  return new GraphQLError(`${argument}: ${error.message}`, {
    ...(error.nodes !== undefined && { nodes: error.nodes }),
    extensions: { ...error.extensions, code: 'BAD_USER_INPUT', argument },
  });
}

/** The most variable errors that a response lists. */
const maxVariableErrors = 5;

/**
 * Checks the variables before the execution does. The execution would collect up to fifty errors and print the whole
 * value in each of them, which takes long for large values. This check stops after a few errors.
 * @param suggestions whether messages may suggest names from the schema
 * @returns the errors, each with the argument path of its value; undefined if there are none
 */
export function variableErrors(
  { schema, document, operationName, variableValues }: ExecutionArgs,
  suggestions: boolean,
): readonly GraphQLError[] | undefined {
  const operation = getOperationAST(document, operationName);
  const declared = operation?.variableDefinitions ?? [];
  if (operation == null || declared.length === 0) return undefined;
  const { errors } = getVariableValues(schema, declared, variableValues ?? {}, {
    maxErrors: maxVariableErrors,
  });
  // graphql-js adds one more error, which says that there are too many.
  return errors?.slice(0, maxVariableErrors).map(error => {
    const [, name = ''] = /^Variable "\$(\w+)"/.exec(error.message) ?? [];
    return new GraphQLError(shorten(suggestions ? error.message : withoutSuggestion(error.message)), {
      extensions: {
        code: 'BAD_USER_INPUT',
        argument:
          pathOfVariable(name, document, operation) +
          pathWithinVariable(error, name) +
          fieldAtFault(error.originalError?.message ?? ''),
      },
    });
  });
}

/**
 * The path of the wrong value within its variable, such as `.amount.min`; empty if the variable itself is wrong.
 * graphql-js gives this path only in its message: `Variable "$name" got invalid value <JSON> at "name.path";
 * <problem>`.
 */
function pathWithinVariable({ message, originalError }: GraphQLError, name: string): string {
  const end = originalError == null ? message.length : message.length - `; ${originalError.message}`.length;
  const text = message.slice(0, end);
  // Searched from the end and in linear time: callers control the value before it, its length and its keys.
  const prefix = ` at "${name}`;
  const start = text.lastIndexOf(prefix);
  const path = text.slice(start + prefix.length, -1);
  if (start === -1 || !text.endsWith('"') || path.includes('"')) return '';
  return path.replaceAll(/\[(\d+)\]/g, '.$1');
}

/**
 * The field of an input object that is missing, or of a variable that does not exist, such as `.currency`; empty if the
 * message is about another problem. graphql-js gives only the path of the object.
 */
function fieldAtFault(message: string): string {
  const [, field] = /^Field "(?:\w+\.)?(\w+)" (?:of required type|is not defined)/.exec(message) ?? [];
  return field === undefined ? '' : `.${field}`;
}

/**
 * Removes graphql-js's suggestion of names from the schema. Messages about variables need this, because the plugin
 * that removes suggestions sees only validation errors.
 */
function withoutSuggestion(message: string): string {
  const hint = message.lastIndexOf(' Did you mean ');
  return hint >= 0 && message.endsWith('?') ? message.slice(0, hint) : message;
}

/** The longest error message, in characters. */
const maxMessageLength = 500;

/** Cuts out the middle of a long message, because graphql-js repeats the whole value that it could not read. */
export function shorten(message: string): string {
  if (message.length <= maxMessageLength) return message;
  return `${message.slice(0, maxMessageLength / 2)} … ${message.slice(-maxMessageLength / 2)}`;
}
