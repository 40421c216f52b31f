import type { PayoutHistoryFragment } from '../gql/graphql';
import { statusWords } from './status-words';
import { Time } from './time';

/** The events of a payout, oldest first. Null: they could not be read. */
export function PayoutHistoryList({ history }: Pick<PayoutHistoryFragment, 'history'>) {
  return (
    <section className="card" aria-label="History">
      <h2>History</h2>
      {history === null && <p>The history could not be read.</p>}
      {history?.length === 0 && <p>Nothing has happened yet.</p>}
      <ol className="history" aria-live="polite">
        {history?.map((event, index) => (
          <li key={index}>
            <Time at={event.publishedAt} />
            <span>{statusWords(event)}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
