import {
  getArgumentValues,
  getOperationAST,
  getVariableValues,
  Kind,
  TypeInfo,
  visit,
  visitWithTypeInfo,
  type ArgumentNode,
  type DocumentNode,
  type FieldNode,
  type GraphQLField,
  type GraphQLSchema,
  type VariableDefinitionNode,
  type VariableNode,
} from 'graphql';

/** A document of which all arguments have become variables, so that whoever executes it has no values to read. */
export interface HoistedArguments {
  readonly document: DocumentNode;
  /**
   * Values of the document's variables for those of the original one, read by graphql-js as it reads them itself.
   * @throws GraphQLError
   */
  values(variables: Readonly<Record<string, unknown>>): Record<string, unknown>;
}

/** A scalar that takes any value as it is, which every subgraph has. */
const anyScalar = '_Any';

export function hoistArguments(
  schema: GraphQLSchema,
  original: DocumentNode,
  operationName: string | undefined,
): HoistedArguments {
  const declared = getOperationAST(original, operationName)?.variableDefinitions ?? [];
  const lifted: Lifted[] = [];
  const typeInfo = new TypeInfo(schema);
  const document = visit(
    original,
    visitWithTypeInfo(typeInfo, {
      Field(node) {
        const field = typeInfo.getFieldDef();
        if (field == null || (node.arguments ?? []).length === 0) return undefined;
        const prefix = `argument${String(lifted.length)}_`;
        lifted.push({ field, node, prefix });
        return { ...node, arguments: node.arguments?.map(argument => asVariable(argument, prefix)) };
      },
    }),
  );
  const variables = [
    ...declared.map(({ variable }) => variable.name.value),
    ...lifted.flatMap(({ node, prefix }) => node.arguments?.map(({ name }) => prefix + name.value) ?? []),
  ];
  return {
    document: {
      ...document,
      definitions: document.definitions.map(definition =>
        definition.kind === Kind.OPERATION_DEFINITION
          ? { ...definition, variableDefinitions: variables.map(definitionOf) }
          : definition,
      ),
    },
    values(given) {
      // For some values each error takes long to write, and nobody reads these.
      const { coerced, errors } = getVariableValues(schema, declared, given, { maxErrors: 0 });
      if (coerced === undefined) throw errors[0] ?? new TypeError('variables without values');
      const values: Record<string, unknown> = { ...coerced };
      for (const { field, node, prefix } of lifted)
        for (const [name, value] of Object.entries(getArgumentValues(field, node, coerced)))
          values[prefix + name] = value;
      return values;
    },
  };
}

/** A field with arguments. */
interface Lifted {
  readonly field: GraphQLField<unknown, unknown>;
  readonly node: FieldNode;
  /** Of the variables that its arguments have become. */
  readonly prefix: string;
}

function asVariable(argument: ArgumentNode, prefix: string): ArgumentNode {
  return { ...argument, value: variableOf(prefix + argument.name.value) };
}

function variableOf(name: string): VariableNode {
  return { kind: Kind.VARIABLE, name: { kind: Kind.NAME, value: name } };
}

function definitionOf(name: string): VariableDefinitionNode {
  return {
    kind: Kind.VARIABLE_DEFINITION,
    variable: variableOf(name),
    type: { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: anyScalar } },
  };
}
