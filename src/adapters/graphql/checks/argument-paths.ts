import {
  Kind,
  visit,
  type ArgumentNode,
  type ASTNode,
  type DocumentNode,
  type OperationDefinitionNode,
  type ValueNode,
} from 'graphql';

/**
 * The argument path of a literal value in a document, such as `input.amount.amount` or
 * `input.transfers.2.description`. A literal in the default of a variable gets the path of the variable. Undefined if
 * the literal is in no argument.
 */
export function pathOfLiteral(literal: ASTNode, document: DocumentNode): string | undefined {
  const inArgument = findInArguments(argumentsIn(document), node => node === literal);
  if (inArgument !== undefined) return inArgument;
  for (const operation of document.definitions)
    if (operation.kind === Kind.OPERATION_DEFINITION)
      for (const { variable, defaultValue } of operation.variableDefinitions ?? []) {
        const inDefault = defaultValue && findInValue(defaultValue, '', node => node === literal);
        if (inDefault !== undefined)
          return pathOfVariable(variable.name.value, document, operation) + inDefault;
      }
  return undefined;
}

/**
 * The argument path of a variable: the first place where the operation or one of its fragments uses it. If nothing
 * uses it, the variable's name.
 */
export function pathOfVariable(
  name: string,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): string {
  const isVariable = (node: ValueNode): boolean => node.kind === Kind.VARIABLE && node.name.value === name;
  // A breadth-first search: fragments are appended while the loop runs, each of them once.
  const definitions: ASTNode[] = [operation];
  for (const definition of definitions) {
    const path = findInArguments(argumentsIn(definition), isVariable);
    if (path !== undefined) return path;
    for (const fragment of fragmentsIn(definition, document))
      if (!definitions.includes(fragment)) definitions.push(fragment);
  }
  return name;
}

/** The path of the first value that the predicate accepts. */
function findInArguments(
  args: readonly ArgumentNode[],
  matches: (node: ValueNode) => boolean,
): string | undefined {
  for (const { name, value } of args) {
    const path = findInValue(value, name.value, matches);
    if (path !== undefined) return path;
  }
  return undefined;
}

function findInValue(
  value: ValueNode,
  path: string,
  matches: (node: ValueNode) => boolean,
): string | undefined {
  if (matches(value)) return path;
  const children: readonly (readonly [string, ValueNode])[] =
    value.kind === Kind.LIST
      ? value.values.map((item, index) => [String(index), item])
      : value.kind === Kind.OBJECT
        ? value.fields.map(field => [field.name.value, field.value])
        : [];
  for (const [name, child] of children) {
    const found = findInValue(child, `${path}.${name}`, matches);
    if (found !== undefined) return found;
  }
  return undefined;
}

function argumentsIn(root: ASTNode): readonly ArgumentNode[] {
  const found: ArgumentNode[] = [];
  visit(root, {
    Argument(node) {
      found.push(node);
      return false;
    },
  });
  return found;
}

/** The fragments that the node spreads directly. */
function fragmentsIn(root: ASTNode, document: DocumentNode): readonly ASTNode[] {
  const names = new Set<string>();
  visit(root, {
    FragmentSpread(node) {
      names.add(node.name.value);
    },
  });
  return document.definitions.filter(
    definition => definition.kind === Kind.FRAGMENT_DEFINITION && names.has(definition.name.value),
  );
}
