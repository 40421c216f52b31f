import { Kind, type DefinitionNode, type DocumentNode, type SelectionSetNode } from 'graphql';
import { SelectionFold } from '../../../schema/selection-fold.ts';

/** The size of a definition. Each fragment counts at every place where it is spread. */
export interface DocumentSize {
  /** The deepest nesting of fields. */
  readonly depth: number;
  readonly aliases: number;
  /** Fields whose response key occurs earlier in the same selection set. */
  readonly repeated: number;
  readonly rootFields: number;
  readonly directives: number;
  /** Fields, fragment spreads and inline fragments. */
  readonly selections: number;
}

const zero: DocumentSize = { depth: 0, aliases: 0, repeated: 0, rootFields: 0, directives: 0, selections: 0 };

/**
 * The largest of each number over all definitions of a document, including those that will not run. The document has not
 * been validated, so it may be anything that parses.
 */
export function largestSizes(document: DocumentNode): DocumentSize {
  const sizes = new SelectionFold<DocumentSize>(document, undefined, {
    empty: zero,
    plus: sum,
    field: ({ alias, directives }, _selected, below) => {
      const nested = below();
      return {
        ...sum(nested, { ...zero, directives: directives?.length ?? 0, selections: 1 }),
        depth: 1 + nested.depth,
        aliases: (alias === undefined ? 0 : 1) + nested.aliases,
        rootFields: 1,
      };
    },
    spread: ({ directives }, size) =>
      sum(size, { ...zero, directives: directives?.length ?? 0, selections: 1 }),
    fragment: ({ directives }, size) => sum(size, { ...zero, directives: directives?.length ?? 0 }),
    set: (set, size) => sum(size, { ...zero, repeated: repeatedIn(set) }),
  });
  const sizeOf = (definition: DefinitionNode): DocumentSize => {
    // Fields of a fragment are root fields only where the fragment is spread at the root.
    if (definition.kind === Kind.FRAGMENT_DEFINITION)
      return { ...sizes.ofFragment(definition.name.value), rootFields: 0 };
    if (definition.kind !== Kind.OPERATION_DEFINITION) return zero;
    const nodes = [definition, ...(definition.variableDefinitions ?? [])];
    const directives = nodes.reduce((count, node) => count + (node.directives?.length ?? 0), 0);
    return sum({ ...zero, directives }, sizes.of(definition.selectionSet));
  };
  return document.definitions.map(sizeOf).reduce(maximum, zero);
}

function repeatedIn({ selections }: SelectionSetNode): number {
  const keys = selections
    .filter(selection => selection.kind === Kind.FIELD)
    .map(({ alias, name }) => (alias ?? name).value);
  return keys.length - new Set(keys).size;
}

/** The size of two parts next to each other. */
function sum(a: DocumentSize, b: DocumentSize): DocumentSize {
  return {
    depth: Math.max(a.depth, b.depth),
    aliases: a.aliases + b.aliases,
    repeated: a.repeated + b.repeated,
    rootFields: a.rootFields + b.rootFields,
    directives: a.directives + b.directives,
    selections: a.selections + b.selections,
  };
}

/** The larger of each number. */
function maximum(a: DocumentSize, b: DocumentSize): DocumentSize {
  return {
    depth: Math.max(a.depth, b.depth),
    aliases: Math.max(a.aliases, b.aliases),
    repeated: Math.max(a.repeated, b.repeated),
    rootFields: Math.max(a.rootFields, b.rootFields),
    directives: Math.max(a.directives, b.directives),
    selections: Math.max(a.selections, b.selections),
  };
}
