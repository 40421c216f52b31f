import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from '@apollo/client';
import { OperationTypeNode } from 'graphql';
import { createPersistedDocumentLink } from './persisted-documents';
import { SseLink } from './sse-link';

/**
 * Creates the client of a gateway.
 * @param url the address of its GraphQL, for queries, mutations and subscriptions
 */
export function createGatewayClient(url: string): ApolloClient {
  return new ApolloClient({
    link: ApolloLink.from([
      createPersistedDocumentLink(),
      ApolloLink.split(
        ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
        new SseLink(url),
        new HttpLink({ uri: url }),
      ),
    ]),
    cache: new InMemoryCache({
      // For fragments on the union. It must list every union and interface that a fragment is on.
      possibleTypes: { CreatePayoutResult: ['PayoutCreated', 'PayoutOutcomeUnknown', 'PayoutRejected'] },
      typePolicies: {
        // `id` never changes, so every query and every update shares one copy of a payout.
        Payout: { keyFields: ['id'] },
        PayoutParty: { keyFields: ['id'] },
        // Amount and currency belong together, so the cache replaces both.
        PayoutMoney: { keyFields: false },
      },
    }),
  });
}
