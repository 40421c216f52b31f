import {
  coerceInputValue,
  getOperationAST,
  GraphQLError,
  isInputObjectType,
  isNonNullType,
  Kind,
  typeFromAST,
  type DocumentNode,
  type ExecutionArgs,
  type GraphQLInputType,
  type GraphQLSchema,
} from 'graphql';
import { maxPageSize } from '../../../payouts/listing/payout-list.ts';
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

/** The schema, and whether messages may contain names from it that the caller did not send. */
interface SchemaNames {
  readonly schema: GraphQLSchema;
  readonly names: boolean;
}

/**
 * Adds the argument path, such as `filter.amount.min`, and the code `BAD_USER_INPUT` to an error about a literal
 * value, or about a field that its input object does not have, because graphql-js gives only the line and column. Any
 * other error is returned unchanged.
 */
export function withArgumentPath(
  error: GraphQLError,
  { document, ...schemaNames }: SchemaNames & { readonly document: DocumentNode },
): GraphQLError {
  const node = error.nodes?.[0];
  if (node === undefined || error.extensions['code'] !== undefined) return error;
  const isField = node.kind === Kind.OBJECT_FIELD;
  if (!isField && !valueKinds.has(node.kind)) return error;
  const path = pathOfLiteral(isField ? node.value : node, document);
  if (path === undefined) return error;
  const argument = isField ? path : path + fieldAtFault(error.message);
  return new GraphQLError(`${argument}: ${withAccepted(withoutLiteral(error), argument, schemaNames)}`, {
    ...(error.nodes !== undefined && { nodes: error.nodes }),
    extensions: { ...error.extensions, code: 'BAD_USER_INPUT', argument },
  });
}

/**
 * The message of an error about a literal, without the literal. graphql-js repeats it before the message of the scalar,
 * but the errors of variables do not have the value either.
 */
function withoutLiteral({ message, originalError }: GraphQLError): string {
  const [, expected] = /^(Expected value of type "[^"]*"), found (?!null\.$)/.exec(message) ?? [];
  if (expected === undefined) return message;
  return originalError === undefined ? `${expected}.` : `${expected}. ${originalError.message}`;
}

/** The most variable errors that a response lists. */
const maxVariableErrors = 5;

/**
 * Checks the variables before the execution does. The execution would collect up to fifty errors and print the whole
 * value in each of them, which takes long for large values, and repeats what the caller sent. This check stops after a
 * few errors.
 * @param names whether messages may contain names from the schema that the caller did not send
 * @returns the errors, each with the argument path of its value; undefined if there are none
 */
export function variableErrors(
  { schema, document, operationName, variableValues }: ExecutionArgs,
  names: boolean,
): readonly GraphQLError[] | undefined {
  const operation = getOperationAST(document, operationName);
  const declared = operation?.variableDefinitions ?? [];
  if (operation == null || declared.length === 0) return undefined;
  const values = variableValues ?? {};
  const errors: GraphQLError[] = [];
  for (const { variable, type: typeNode, defaultValue } of declared) {
    const name = variable.name.value;
    const type = typeFromAST(schema, typeNode as never) as GraphQLInputType;
    const add = (pathInVariable: readonly (string | number)[], problem: string): void => {
      const path = [pathOfVariable(name, document, operation), ...pathInVariable].join('.');
      const argument = path + fieldAtFault(problem);
      const message = `${argument}: ${withAccepted(problem, argument, { schema, names })}`;
      errors.push(new GraphQLError(shorten(message), { extensions: { code: 'BAD_USER_INPUT', argument } }));
    };
    const isGiven = Object.hasOwn(values, name);
    if (isGiven) addProblemsOf(values[name], type, add, maxVariableErrors - errors.length);
    else if (defaultValue === undefined && isNonNullType(type))
      add([], `Variable "$${name}" of required type "${String(type)}" was not provided.`);
    if (errors.length >= maxVariableErrors) break;
  }
  return errors.length === 0 ? undefined : errors;
}

/** Thrown to end the check of a value. */
const enoughProblems = new Error('enough problems');

/** Calls `add` for each problem of a value, but at most so many times. */
function addProblemsOf(
  value: unknown,
  type: GraphQLInputType,
  add: (path: readonly (string | number)[], problem: string) => void,
  max: number,
): void {
  let count = 0;
  try {
    coerceInputValue(
      value,
      type,
      (path, _invalid, { message }) => {
        add(path, message);
        count += 1;
        if (count >= max) throw enoughProblems;
      },
      // Without this, graphql-js would search for similar names, which takes long for long names.
      true,
    );
  } catch (error) {
    if (error !== enoughProblems) throw error;
  }
}

/**
 * The field of an input object that is missing, or of a value that does not exist, such as `.currency`; empty if the
 * message is about another problem. graphql-js gives only the path of the object.
 */
function fieldAtFault(message: string): string {
  const [, field] = /^Field "(?:\w+\.)?(\w+)" (?:of required type|is not defined)/.exec(message) ?? [];
  return field === undefined ? '' : `.${field}`;
}

/**
 * A message of graphql-js about a value, with what is accepted and without the value. A value of a built-in scalar
 * stands at the end of the message, after a colon.
 */
function withAccepted(message: string, argument: string, { schema, names }: SchemaNames): string {
  const [, scalarProblem] = /^((?:Int|Float|String|Boolean|ID) cannot represent [^:]*):/.exec(message) ?? [];
  if (scalarProblem !== undefined)
    return /^(?:first|last)$/.test(argument)
      ? `${scalarProblem}; accepted: a whole number from 1 to ${String(maxPageSize)}.`
      : `${scalarProblem}.`;
  const [unknownField, typeName = ''] = /^Field "[^]*" is not defined by type "(\w+)"/.exec(message) ?? [];
  const type = schema.getType(typeName);
  if (unknownField === undefined || !names || !isInputObjectType(type)) return message;
  return `${unknownField}; accepted: ${Object.keys(type.getFields()).join(', ')}.`;
}

/** The longest error message, in characters. */
const maxMessageLength = 500;

/** Cuts out the middle of a long message, because graphql-js repeats the whole value that it could not read. */
export function shorten(message: string): string {
  if (message.length <= maxMessageLength) return message;
  return `${message.slice(0, maxMessageLength / 2)} … ${message.slice(-maxMessageLength / 2)}`;
}
