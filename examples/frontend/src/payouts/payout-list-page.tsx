import { useQuery } from '@apollo/client/react';
import { useState } from 'react';
import { Link, useSearchParams } from 'wouter';
import { Problem } from '../gateway/problem';
import { graphql } from '../gql';
import { ConnectionBadge } from '../updates/connection-badge';
import type { PayoutUpdate } from '../updates/payout-updates';
import { RecentUpdates } from '../updates/recent-updates';
import { usePayoutUpdates } from '../updates/use-payout-updates';
import { listVariables, pageAddress } from './list-address';
import { PayoutFilter } from './payout-filter';
import { PayoutTable } from './payout-table';

/** The cursor of the updates is read together with the payouts, so that no update is lost between the two. */
const PayoutList = graphql(`
  query PayoutList($first: Int, $after: String, $last: Int, $before: String, $filter: PayoutFilter) {
    payoutUpdatesCursor
    payouts(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
      totalCount
      nodes {
        ...PayoutRow
      }
      pageInfo {
        startCursor
        endCursor
        hasPreviousPage
        hasNextPage
      }
    }
  }
`);

const shownUpdates = 5;

export function PayoutListPage() {
  const [address] = useSearchParams();
  const { data, previousData, loading, error, refetch } = useQuery(PayoutList, {
    variables: listVariables(address),
    // A field that fails is null and has an error beside it. The rest of the response is valid.
    errorPolicy: 'all',
    fetchPolicy: 'cache-and-network',
  });
  const [updates, setUpdates] = useState<readonly PayoutUpdate[]>([]);
  const state = usePayoutUpdates({
    after: loading ? undefined : data?.payoutUpdatesCursor,
    refetch,
    onUpdate: update =>
      setUpdates(former =>
        [update, ...former.filter(({ cursor }) => cursor !== update.cursor)].slice(0, shownUpdates),
      ),
  });
  // While the next page is on its way, the former one stays.
  const payouts = data?.payouts ?? previousData?.payouts;

  return (
    <>
      <title>Payouts</title>
      <div className="title">
        <h1>Payouts</h1>
        {payouts && <span className="count">{payouts.totalCount} in all</span>}
        <ConnectionBadge state={state} />
        <button type="button" disabled={loading} onClick={() => void refetch()}>
          Reload
        </button>
      </div>
      <RecentUpdates updates={updates} />
      <PayoutFilter />
      {error && <Problem error={error} onRetry={() => void refetch()} />}
      {payouts && (
        <div aria-busy={loading}>
          {payouts.nodes.length === 0 ? <p>No payouts.</p> : <PayoutTable payouts={payouts.nodes} />}
          <nav aria-label="Pages" className="pages">
            {payouts.pageInfo.hasPreviousPage && payouts.pageInfo.startCursor !== null && (
              <Link href={pageAddress(address, { before: payouts.pageInfo.startCursor })}>Previous page</Link>
            )}
            {payouts.pageInfo.hasNextPage && payouts.pageInfo.endCursor !== null && (
              <Link href={pageAddress(address, { after: payouts.pageInfo.endCursor })}>Next page</Link>
            )}
          </nav>
        </div>
      )}
      {!payouts && loading && <p role="status">Loading …</p>}
    </>
  );
}
