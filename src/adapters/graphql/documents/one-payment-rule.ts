import { GraphQLError, Kind, OperationTypeNode, type ASTVisitor, type ValidationContext } from 'graphql';
import { SelectionFold } from '../../../schema/selection-fold.ts';

/**
 * A validation rule: a document may hold at most one field that moves money. Two such fields could succeed and fail
 * independently, and the caller would have to find out which. `createPayouts` pays several payouts in one call.
 */
export function onePaymentRule(context: ValidationContext): ASTVisitor {
  return {
    Document(document) {
      // A fragment counts at each place where it is spread.
      const count = new SelectionFold<number>(document, undefined, {
        empty: 0,
        plus: (a, b) => a + b,
        field: ({ name }) => (name.value.startsWith('__') ? 0 : 1),
      });
      const payments = document.definitions
        .filter(definition => definition.kind === Kind.OPERATION_DEFINITION)
        .filter(({ operation }) => operation === OperationTypeNode.MUTATION)
        .reduce((sum, { selectionSet }) => sum + count.of(selectionSet), 0);
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
