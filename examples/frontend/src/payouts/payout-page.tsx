import { useQuery } from '@apollo/client/react';
import { Problem } from '../gateway/problem';
import { graphql } from '../gql';
import { ConnectionBadge } from '../updates/connection-badge';
import { usePayoutUpdates } from '../updates/use-payout-updates';
import { PayoutDetails } from './payout-details';
import { PayoutHistoryList } from './payout-history-list';

const PayoutInFull = graphql(`
  query PayoutInFull($id: ID!) {
    payoutUpdatesCursor
    payout(id: $id) {
      ...PayoutRow
      ...PayoutDetails
      ...PayoutHistory
    }
  }
`);

export function PayoutPage({ id }: { readonly id: string }) {
  const { data, loading, error, refetch } = useQuery(PayoutInFull, {
    variables: { id },
    // A field that fails is null and has an error beside it. The rest of the response is valid.
    errorPolicy: 'all',
    fetchPolicy: 'cache-and-network',
  });
  const payout = data?.payout;
  const state = usePayoutUpdates({
    after: loading || payout == null ? undefined : data?.payoutUpdatesCursor,
    id,
    refetch,
  });

  return (
    <>
      <title>Payout</title>
      <div className="title">
        <h1>Payout</h1>
        <ConnectionBadge state={state} />
      </div>
      {error && <Problem error={error} onRetry={() => void refetch()} />}
      {payout === undefined && loading && <p role="status">Loading …</p>}
      {payout === null && !error && <p>There is no payout with the id {id}.</p>}
      {payout && (
        <>
          <PayoutDetails payout={payout} />
          <PayoutHistoryList history={payout.history} />
        </>
      )}
    </>
  );
}
