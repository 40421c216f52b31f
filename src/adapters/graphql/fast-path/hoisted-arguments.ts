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

/** A document in which every argument is a variable, so that its execution has no literal values to coerce. */
export interface HoistedArguments {
  readonly document: DocumentNode;
  /**
   * The values of its variables, from the variables of the original document. graphql-js coerces them with its own
   * rules.
   * @throws GraphQLError if a value cannot be coerced
   */
  values(variables: Readonly<Record<string, unknown>>): Record<string, unknown>;
}

/** A scalar of every federation subgraph. It passes any value through unchanged. */
const anyScalar = '_Any';

/** Replaces every argument of a valid document by a variable. */
export function hoistArguments(
  schema: GraphQLSchema,
  original: DocumentNode,
  operationName: string | undefined,
): HoistedArguments {
  const declared = getOperationAST(original, operationName)?.variableDefinitions ?? [];
  const fields: HoistedField[] = [];
  const typeInfo = new TypeInfo(schema);
  const document = visit(
    original,
    visitWithTypeInfo(typeInfo, {
      Field(node) {
        const field = typeInfo.getFieldDef();
        if (field == null || (node.arguments ?? []).length === 0) return undefined;
        const prefix = `argument${String(fields.length)}_`;
        fields.push({ field, node, prefix });
        return { ...node, arguments: node.arguments?.map(argument => asVariable(argument, prefix)) };
      },
    }),
  );
  const variableNames = [
    ...declared.map(({ variable }) => variable.name.value),
    ...fields.flatMap(({ node, prefix }) => node.arguments?.map(({ name }) => prefix + name.value) ?? []),
  ];
  return {
    document: {
      ...document,
      definitions: document.definitions.map(definition =>
        definition.kind === Kind.OPERATION_DEFINITION
          ? { ...definition, variableDefinitions: variableNames.map(definitionOf) }
          : definition,
      ),
    },
    values(variables) {
      // `maxErrors: 0` ends the check at the first error, because Yoga reports the errors.
      const { coerced, errors } = getVariableValues(schema, declared, variables, { maxErrors: 0 });
      if (coerced === undefined) throw errors[0] ?? new TypeError('variables without values');
      const values: Record<string, unknown> = { ...coerced };
      for (const { field, node, prefix } of fields)
        for (const [name, value] of Object.entries(getArgumentValues(field, node, coerced)))
          values[prefix + name] = value;
      return values;
    },
  };
}

/** A field whose arguments were replaced by variables. */
interface HoistedField {
  readonly field: GraphQLField<unknown, unknown>;
  readonly node: FieldNode;
  /** The prefix of the names of these variables. */
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
