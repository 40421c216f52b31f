import type { ApolloClient } from '@apollo/client';
import { codesOf } from '../gateway/error-code';
import { graphql } from '../gql';
import type { PayoutUpdatedSubscription } from '../gql/graphql';

const PayoutUpdated = graphql(`
  subscription PayoutUpdated($after: String, $id: ID, $withHistory: Boolean!) {
    payoutUpdated(after: $after, id: $id) {
      cursor
      payoutId
      outcome
      publishedAt
      payout {
        ...PayoutState
        ...PayoutHistory @include(if: $withHistory)
        amount {
          amount
          currency
        }
        recipient {
          id
          displayName
        }
      }
    }
  }
`);

export type PayoutUpdate = PayoutUpdatedSubscription['payoutUpdated'];

/** `off`: the gateway has no updates. */
export type ConnectionState = 'connecting' | 'live' | 'off';

interface Callbacks {
  readonly onUpdate: (update: PayoutUpdate) => void;
  readonly onState: (state: ConnectionState) => void;
  /** The cursor is too old, or comes from another store. What is shown must be read again, with a new cursor. */
  readonly onExpired: () => void;
}

/**
 * Follows one payout or all, and connects again after the last cursor whenever the connection ends. Apollo Client
 * writes each payout into its cache. Returns a function that stops it.
 */
export function followPayouts(
  client: ApolloClient,
  { after, id }: { readonly after: string; readonly id: string | undefined },
  { onUpdate, onState, onExpired }: Callbacks,
): () => void {
  let cursor = after;
  let failures = 0;
  let retry = 0;
  let subscription: { unsubscribe(): void } | undefined;

  const connect = (): void => {
    let isExpired = false;
    onState('connecting');
    const onOpen = (): void => {
      failures = 0;
      onState('live');
    };
    subscription = client
      .subscribe({
        query: PayoutUpdated,
        variables: { after: cursor, id: id ?? null, withHistory: id !== undefined },
        errorPolicy: 'all',
        context: { onOpen, queryDeduplication: false },
      })
      .subscribe({
        next({ data, error }) {
          if (data?.payoutUpdated) {
            cursor = data.payoutUpdated.cursor;
            onUpdate(data.payoutUpdated);
            return;
          }
          isExpired = error !== undefined && codesOf(error).includes('UPDATES_CURSOR_EXPIRED');
        },
        complete() {
          onState('connecting');
          if (isExpired) return onExpired();
          retry = window.setTimeout(connect, backoffMs(failures));
          failures += 1;
        },
      });
  };

  connect();
  return () => {
    clearTimeout(retry);
    subscription?.unsubscribe();
  };
}

/** Half a second to ten seconds, at random, so that browsers do not come back at the same moment after a deploy. */
function backoffMs(failures: number): number {
  return Math.min(10_000, 1000 * 2 ** failures) * (0.5 + Math.random() / 2);
}
