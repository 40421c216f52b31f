import { GraphQLError, Kind, visit, type ASTNode, type DocumentNode } from 'graphql';

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
  const argument = argumentAround(node, document);
  if (argument === undefined) return error;
  return new GraphQLError(`${argument}: ${error.message}`, {
    ...(error.nodes !== undefined && { nodes: error.nodes }),
    extensions: { ...error.extensions, code: 'BAD_USER_INPUT', argument },
  });
}

function argumentAround(wanted: ASTNode, document: DocumentNode): string | undefined {
  const names: string[] = [];
  let found: string | undefined;
  visit(document, {
    enter(node) {
      if (found !== undefined) return false;
      if (node.kind === Kind.ARGUMENT || node.kind === Kind.OBJECT_FIELD) names.push(node.name.value);
      if (node === wanted && names.length > 0) found = names.join('.');
      return undefined;
    },
    leave(node) {
      if (node.kind === Kind.ARGUMENT || node.kind === Kind.OBJECT_FIELD) names.pop();
    },
  });
  return found;
}

/** graphql-js words for a variable that cannot be read; its path within the variable follows `at`. */
const badVariable = /^Variable "\$(\w+)" got invalid value .* at "([^"]+)"; |^Variable "\$(\w+)"/s;

/** The code and argument of an error that variables caused before anything was executed, or undefined for others. */
export function variableErrorExtensions(error: GraphQLError): Record<string, unknown> | undefined {
  if (error.path !== undefined || error.extensions['code'] !== undefined) return undefined;
  const match = badVariable.exec(error.message);
  return match === null ? undefined : { code: 'BAD_USER_INPUT', argument: match[2] ?? match[1] ?? match[3] };
}
