import { Link } from 'wouter';
import { Amount } from '../payouts/amount';
import { OutcomeBadge } from '../payouts/outcome-badge';
import { Time } from '../payouts/time';
import type { PayoutUpdate } from './payout-updates';

/** The last updates, newest first. Screen readers announce new ones. */
export function RecentUpdates({ updates }: { readonly updates: readonly PayoutUpdate[] }) {
  return (
    <section aria-label="Recent updates" aria-live="polite" className="updates">
      {updates.length > 0 && (
        <ul>
          {updates.map(({ cursor, payoutId, payout, outcome, publishedAt }) => (
            <li key={cursor}>
              <Time at={publishedAt} />
              <Link href={`/payouts/${payoutId}`}>{payout?.recipient.displayName ?? payoutId}</Link>
              {payout && <Amount {...payout.amount} />}
              <OutcomeBadge outcome={outcome} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
