import type { DocumentNode, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import { scopes } from '../access/caller.ts';
import { SelectionFold } from './selection-fold.ts';

/** Options of a field or type that reads. */
export const requiresReadScope = { extensions: { requiredScopes: [scopes.read] } };

/** Options of a field that moves money. */
export const requiresCreateScope = { extensions: { requiredScopes: [scopes.create] } };

interface ScopedElement {
  readonly extensions: Readonly<Record<string, unknown>>;
}

/**
 * The scopes that an operation needs for the fields and types that it selects, including selections that `@skip` or
 * `@include` may remove. The check precedes the execution, so that no payout is created for a caller who may not read
 * the selected result.
 */
export function requiredScopes(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): ReadonlySet<string> {
  return new SelectionFold<ReadonlySet<string>>(document, schema, {
    empty: new Set(),
    plus: (a, b) => a.union(b),
    field(_node, selected, below) {
      if (selected === undefined) return below();
      const { type, definition } = selected;
      // Resolving an entity reference is a read, whatever the selection below it is.
      const asEntity = definition?.name === '_entities' ? [scopes.read] : [];
      const own = definition === undefined ? [] : scopesOf(definition);
      return new Set([...scopesOf(type), ...own, ...asEntity]).union(below());
    },
  }).of(operation.selectionSet, schema.getRootType(operation.operation));
}

/** The scopes that a field or type itself needs. */
export function scopesOf({ extensions }: ScopedElement): readonly string[] {
  return (extensions['requiredScopes'] ?? []) as readonly string[];
}
