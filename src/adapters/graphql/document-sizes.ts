import {
  Kind,
  type DefinitionNode,
  type DocumentNode,
  type FragmentDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';

/** How much is asked for, with each fragment counted at every place where it is spread. */
export interface Size {
  /** Fields within fields. */
  readonly depth: number;
  readonly aliases: number;
  /** Fields that are written again in the place where they stand already. */
  readonly repeated: number;
  readonly rootFields: number;
  readonly directives: number;
  /** Fields and spreads: what whoever writes each fragment out where it is spread has to write. */
  readonly selections: number;
}

const nothing: Size = { depth: 0, aliases: 0, repeated: 0, rootFields: 0, directives: 0, selections: 0 };

/**
 * Sizes of the definitions of a document that nobody has looked into yet: it may be anything that parses. Each fragment
 * is gone through once, so that fragments which double each other take no longer than others.
 */
export class DocumentSizes {
  readonly #document: DocumentNode;
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly #ofFragments = new Map<string, Size>();

  constructor(document: DocumentNode) {
    this.#document = document;
    this.#fragments = new Map(
      document.definitions
        .filter(definition => definition.kind === Kind.FRAGMENT_DEFINITION)
        .map(fragment => [fragment.name.value, fragment]),
    );
  }

  /** The most of each that any definition has, whether or not it is the one to run. */
  largest(): Size {
    return this.#document.definitions
      .map(definition => this.#ofDefinition(definition))
      .reduce(larger, nothing);
  }

  #ofDefinition(definition: DefinitionNode): Size {
    if (definition.kind === Kind.FRAGMENT_DEFINITION)
      // What stands in a fragment is at the root only where the fragment is.
      return { ...this.#ofFragment(definition.name.value), rootFields: 0 };
    if (definition.kind !== Kind.OPERATION_DEFINITION) return nothing;
    const own = [definition, ...(definition.variableDefinitions ?? [])];
    const directives = own.reduce((sum, each) => sum + (each.directives?.length ?? 0), 0);
    return plus({ ...nothing, directives }, this.#ofSet(definition.selectionSet));
  }

  #ofFragment(name: string): Size {
    const known = this.#ofFragments.get(name);
    if (known !== undefined) return known;
    // Stands while the fragment itself is counted, so that a cycle ends.
    this.#ofFragments.set(name, nothing);
    const fragment = this.#fragments.get(name);
    if (fragment === undefined) return nothing;
    const directives = fragment.directives?.length ?? 0;
    const size = plus({ ...nothing, directives }, this.#ofSet(fragment.selectionSet));
    this.#ofFragments.set(name, size);
    return size;
  }

  #ofSet({ selections }: SelectionSetNode): Size {
    const keys = selections
      .filter(selection => selection.kind === Kind.FIELD)
      .map(({ alias, name }) => (alias ?? name).value);
    const repeated = keys.length - new Set(keys).size;
    return selections.map(selection => this.#ofSelection(selection)).reduce(plus, { ...nothing, repeated });
  }

  #ofSelection(selection: SelectionNode): Size {
    const own = { ...nothing, directives: selection.directives?.length ?? 0, selections: 1 };
    if (selection.kind === Kind.FRAGMENT_SPREAD) return plus(own, this.#ofFragment(selection.name.value));
    if (selection.kind === Kind.INLINE_FRAGMENT) return plus(own, this.#ofSet(selection.selectionSet));
    const below = selection.selectionSet === undefined ? nothing : this.#ofSet(selection.selectionSet);
    return {
      ...plus(own, below),
      depth: 1 + below.depth,
      aliases: (selection.alias === undefined ? 0 : 1) + below.aliases,
      rootFields: 1,
    };
  }
}

/** Of what stands side by side. */
function plus(a: Size, b: Size): Size {
  return {
    depth: Math.max(a.depth, b.depth),
    aliases: a.aliases + b.aliases,
    repeated: a.repeated + b.repeated,
    rootFields: a.rootFields + b.rootFields,
    directives: a.directives + b.directives,
    selections: a.selections + b.selections,
  };
}

function larger(a: Size, b: Size): Size {
  return {
    depth: Math.max(a.depth, b.depth),
    aliases: Math.max(a.aliases, b.aliases),
    repeated: Math.max(a.repeated, b.repeated),
    rootFields: Math.max(a.rootFields, b.rootFields),
    directives: Math.max(a.directives, b.directives),
    selections: Math.max(a.selections, b.selections),
  };
}
