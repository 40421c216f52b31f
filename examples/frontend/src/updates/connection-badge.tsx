import type { ConnectionState } from './payout-updates';

const words: Record<ConnectionState, string> = {
  connecting: 'Connecting …',
  live: 'Live',
  off: 'No live updates',
};

/** Shows whether the page receives updates. */
export function ConnectionBadge({ state }: { readonly state: ConnectionState }) {
  return (
    <span role="status" className={`connection ${state}`}>
      {words[state]}
    </span>
  );
}
