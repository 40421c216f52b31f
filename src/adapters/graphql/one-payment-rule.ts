import {
  GraphQLError,
  Kind,
  OperationTypeNode,
  type ASTVisitor,
  type SelectionSetNode,
  type ValidationContext,
} from 'graphql';

/**
 * One document may hold at most one field that moves money: two of them would succeed or fail apart, and leave the
 * caller to find out which. `createPayouts` pays several by one call.
 */
export function onePaymentRule(context: ValidationContext): ASTVisitor {
  const inFragments = new Map<string, number>();
  const inFragment = (name: string): number => {
    const known = inFragments.get(name);
    if (known !== undefined) return known;
    // Stands while the fragment itself is counted, so that a cycle ends; and each is counted once, however nested.
    inFragments.set(name, 0);
    const fragment = context.getFragment(name);
    const fields = fragment == null ? 0 : count(fragment.selectionSet);
    inFragments.set(name, fields);
    return fields;
  };
  const count = (set: SelectionSetNode): number =>
    set.selections.reduce((sum, selection) => {
      if (selection.kind === Kind.FIELD) return sum + (selection.name.value.startsWith('__') ? 0 : 1);
      if (selection.kind === Kind.INLINE_FRAGMENT) return sum + count(selection.selectionSet);
      return sum + inFragment(selection.name.value);
    }, 0);
  return {
    Document(document) {
      const payments = document.definitions
        .filter(definition => definition.kind === Kind.OPERATION_DEFINITION)
        .filter(({ operation }) => operation === OperationTypeNode.MUTATION)
        .reduce((sum, { selectionSet }) => sum + count(selectionSet), 0);
      if (payments > 1)
        context.reportError(
          new GraphQLError(
            'A document may hold at most one field that moves money. Send one document per payout, or pay several ' +
              'with createPayouts.',
            { extensions: { code: 'BAD_USER_INPUT' } },
          ),
        );
    },
  };
}
