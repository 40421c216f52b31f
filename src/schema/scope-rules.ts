import {
  getNamedType,
  isObjectType,
  Kind,
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLNamedType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { scopes } from '../access/caller.ts';

/** On a field or type that reads: routers are told by the directives, and this gateway holds to them itself. */
export const forReaders = { authenticated: true, requiresScopes: [[scopes.read]] };

/** On a field that moves money. */
export const forPayers = { authenticated: true, requiresScopes: [[scopes.create]] };

interface Directive {
  readonly name: string;
  readonly args?: { readonly scopes: readonly (readonly string[])[] };
}

interface Rules {
  readonly extensions: Readonly<Record<string, unknown>>;
}

/**
 * The scopes that an operation needs, by the rules of the fields and types that it selects, whether or not a directive
 * leaves them out. It is asked before anything is executed, so that a payout is not made for a caller who may not see
 * what they want to see of it.
 */
export function neededScopes(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): ReadonlySet<string> {
  const needed = new Set<string>();
  const seen = new Set<FragmentDefinitionNode>();
  const fragments = new Map(
    document.definitions
      .filter(definition => definition.kind === Kind.FRAGMENT_DEFINITION)
      .map(fragment => [fragment.name.value, fragment]),
  );
  const demand = (rules: Rules): void => {
    for (const scope of scopesOf(rules)) needed.add(scope);
  };
  const visit = ({ selections }: SelectionSetNode, type: GraphQLNamedType | undefined): void => {
    if (isObjectType(type)) demand(type);
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) {
        const field = isObjectType(type) ? type.getFields()[selection.name.value] : undefined;
        if (field === undefined) continue;
        // Resolving a reference is a read, whatever is selected of what comes of it.
        if (field.name === '_entities') needed.add(scopes.read);
        demand(field);
        if (selection.selectionSet !== undefined) visit(selection.selectionSet, getNamedType(field.type));
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        const on = selection.typeCondition?.name.value;
        visit(selection.selectionSet, on === undefined ? type : schema.getType(on));
      } else {
        const fragment = fragments.get(selection.name.value);
        if (fragment === undefined || seen.has(fragment)) continue;
        seen.add(fragment);
        visit(fragment.selectionSet, schema.getType(fragment.typeCondition.name.value));
      }
    }
  };
  visit(operation.selectionSet, schema.getRootType(operation.operation) ?? undefined);
  return needed;
}

/** Of `@requiresScopes`, as it stands in the schema. */
function scopesOf({ extensions }: Rules): readonly string[] {
  const directives = (extensions['directives'] ?? []) as readonly Directive[];
  return directives.find(({ name }) => name === 'requiresScopes')?.args?.scopes.flat() ?? [];
}
