import {
  getNamedType,
  isObjectType,
  Kind,
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type FragmentSpreadNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  type InlineFragmentNode,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';

/** Rules that combine the selections of a document into one value. */
export interface SelectionRules<Value> {
  /** The value of a selection set without selections. */
  readonly empty: Value;
  /** Combines selections that stand side by side. It must not change its arguments. */
  plus(a: Value, b: Value): Value;
  /**
   * The value of a field.
   * @param field the field's type and definition; undefined if the type is not known, as without a schema
   * @param below computes the value of the field's own selection set, which is visited only if this is called
   */
  field(node: FieldNode, field: SelectedField | undefined, below: () => Value): Value;
  /** Adds to the value of a fragment at each place where it is spread. @default adds nothing */
  spread?(node: InlineFragmentNode | FragmentSpreadNode, value: Value): Value;
  /** Adds to the value of a named fragment, for its definition. @default adds nothing */
  fragment?(definition: FragmentDefinitionNode, value: Value): Value;
  /** Adds to the value of each selection set. @default adds nothing */
  set?(node: SelectionSetNode, value: Value): Value;
  /** Whether a selection is left out. @default none is */
  isSkipped?(directives: readonly DirectiveNode[]): boolean;
}

/** A field of the schema, and the type on which it is selected. */
export interface SelectedField {
  readonly type: GraphQLNamedType;
  /** Undefined for `__typename`, and for a field that is not in the schema. */
  readonly definition: GraphQLField<unknown, unknown> | undefined;
}

/**
 * Combines all selections of a document. Each fragment is visited once for each type it is spread on, so that fragments
 * which spread each other several times take linear time. A fragment that spreads itself adds nothing to itself.
 */
export class SelectionFold<Value> {
  readonly #rules: SelectionRules<Value>;
  readonly #schema: GraphQLSchema | undefined;
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly #valuesOfFragments = new Map<string, Value>();

  /** @param schema undefined if the rules need no types, for example because the document has not been validated */
  constructor(document: DocumentNode, schema: GraphQLSchema | undefined, rules: SelectionRules<Value>) {
    this.#rules = rules;
    this.#schema = schema;
    this.#fragments = new Map(
      document.definitions
        .filter(definition => definition.kind === Kind.FRAGMENT_DEFINITION)
        .map(fragment => [fragment.name.value, fragment]),
    );
  }

  /** The value of a selection set on a type. */
  of(set: SelectionSetNode, type?: GraphQLNamedType | null): Value {
    const { empty, plus, isSkipped, set: addFor = (_node, value) => value } = this.#rules;
    const value = set.selections
      .filter(({ directives = [] }) => isSkipped?.(directives) !== true)
      .map(selection => this.#ofSelection(selection, type ?? undefined))
      .reduce((sum, each) => plus(sum, each), empty);
    return addFor(set, value);
  }

  /** The value of a named fragment on a type. */
  ofFragment(name: string, type?: GraphQLNamedType): Value {
    const key = `${name} ${type?.name ?? ''}`;
    const known = this.#valuesOfFragments.get(key);
    if (known !== undefined) return known;
    const { empty, fragment = (_definition, value) => value } = this.#rules;
    // A placeholder that ends the recursion if the fragment spreads itself.
    this.#valuesOfFragments.set(key, empty);
    const definition = this.#fragments.get(name);
    if (definition === undefined) return empty;
    const { typeCondition, selectionSet } = definition;
    const value = fragment(definition, this.#ofTypeCondition(typeCondition.name.value, selectionSet, type));
    this.#valuesOfFragments.set(key, value);
    return value;
  }

  #ofSelection(selection: SelectionNode, type: GraphQLNamedType | undefined): Value {
    const { field, spread = (_node, value) => value } = this.#rules;
    if (selection.kind === Kind.FRAGMENT_SPREAD)
      return spread(selection, this.ofFragment(selection.name.value, type));
    const { selectionSet } = selection;
    if (selection.kind === Kind.INLINE_FRAGMENT)
      return spread(
        selection,
        this.#ofTypeCondition(selection.typeCondition?.name.value, selection.selectionSet, type),
      );
    const definition = isObjectType(type) ? type.getFields()[selection.name.value] : undefined;
    return field(selection, type === undefined ? undefined : { type, definition }, () =>
      selectionSet === undefined
        ? this.#rules.empty
        : this.of(selectionSet, definition && getNamedType(definition.type)),
    );
  }

  /** A fragment on another object type does not apply, such as that of another entity type. */
  #ofTypeCondition(
    name: string | undefined,
    set: SelectionSetNode,
    type: GraphQLNamedType | undefined,
  ): Value {
    if (name === undefined || name === type?.name) return this.of(set, type);
    const on = this.#schema?.getType(name);
    return isObjectType(type) && isObjectType(on) ? this.#rules.empty : this.of(set, on);
  }
}

/** The fields of a selection set at its own level, with those in fragments; each once. */
export function fieldsOf(
  document: DocumentNode,
  set: SelectionSetNode,
  isSkipped: (directives: readonly DirectiveNode[]) => boolean = () => false,
): ReadonlySet<FieldNode> {
  const fields = new Set<FieldNode>();
  // The nodes are collected on the way. To unite sets would take quadratic time for a router's many root fields.
  new SelectionFold<null>(document, undefined, {
    empty: null,
    plus: () => null,
    field(node) {
      fields.add(node);
      return null;
    },
    isSkipped,
  }).of(set);
  return fields;
}

/** The names of an operation's root fields, including those in fragments. */
export function rootFieldNames(
  document: DocumentNode,
  { selectionSet }: OperationDefinitionNode,
): ReadonlySet<string> {
  return new Set([...fieldsOf(document, selectionSet)].map(({ name }) => name.value));
}
