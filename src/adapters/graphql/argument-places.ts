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
 * The place of a literal value in a document: its path within the arguments, such as `input.amount.amount` or
 * `input.transfers.2.description`. Undefined if it is in no argument.
 */
export function placeOfLiteral(wanted: ASTNode, document: DocumentNode): string | undefined {
  const inArgument = placeIn(argumentsIn(document), node => node === wanted);
  if (inArgument !== undefined) return inArgument;
  // The default of a variable has the place of the variable.
  for (const operation of document.definitions)
    if (operation.kind === Kind.OPERATION_DEFINITION)
      for (const { variable, defaultValue } of operation.variableDefinitions ?? []) {
        const within = defaultValue && placeWithin(defaultValue, '', node => node === wanted);
        if (within !== undefined) return placeOfVariable(variable.name.value, document, operation) + within;
      }
  return undefined;
}

/** The place of a variable: the first one where the operation uses it, or the variable's name if there is none. */
export function placeOfVariable(
  name: string,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): string {
  const isVariable = (node: ValueNode): boolean => node.kind === Kind.VARIABLE && node.name.value === name;
  const parts: ASTNode[] = [operation];
  for (const part of parts) {
    const place = placeIn(argumentsIn(part), isVariable);
    if (place !== undefined) return place;
    for (const fragment of fragmentsIn(part, document)) if (!parts.includes(fragment)) parts.push(fragment);
  }
  return name;
}

function placeIn(given: readonly ArgumentNode[], isWanted: (node: ValueNode) => boolean): string | undefined {
  for (const { name, value } of given) {
    const place = placeWithin(value, name.value, isWanted);
    if (place !== undefined) return place;
  }
  return undefined;
}

function placeWithin(
  value: ValueNode,
  place: string,
  isWanted: (node: ValueNode) => boolean,
): string | undefined {
  if (isWanted(value)) return place;
  const parts: readonly (readonly [string, ValueNode])[] =
    value.kind === Kind.LIST
      ? value.values.map((each, index) => [String(index), each])
      : value.kind === Kind.OBJECT
        ? value.fields.map(field => [field.name.value, field.value])
        : [];
  for (const [name, part] of parts) {
    const found = placeWithin(part, `${place}.${name}`, isWanted);
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
