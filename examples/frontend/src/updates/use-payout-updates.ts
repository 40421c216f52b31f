import { useApolloClient } from '@apollo/client/react';
import { useEffect, useEffectEvent, useState } from 'react';
import { followPayouts, type ConnectionState, type PayoutUpdate } from './payout-updates';

interface Options {
  /**
   * `payoutUpdatesCursor` of the response that is shown; undefined while a response is awaited. So the updates start
   * again from each response, and none is lost that came while the response was on its way.
   */
  readonly after: string | null | undefined;
  /** The payout to follow; all by default. */
  readonly id?: string;
  readonly onUpdate?: (update: PayoutUpdate) => void;
  /** Reads what is shown again. */
  readonly refetch: () => Promise<unknown>;
}

/** Keeps the payouts on a page up to date. */
export function usePayoutUpdates({ after, id, onUpdate, refetch }: Options): ConnectionState {
  const client = useApolloClient();
  const [state, setState] = useState<ConnectionState>('connecting');
  const readAgain = useEffectEvent(() => void refetch());
  const handleUpdate = useEffectEvent((update: PayoutUpdate) => {
    // The payout could not be read for this update. A new read may succeed.
    if (update.payout === null) readAgain();
    onUpdate?.(update);
  });

  useEffect(() => {
    if (after == null) return undefined;
    return followPayouts(
      client,
      { after, id },
      {
        onUpdate: update => handleUpdate(update),
        onState: setState,
        onExpired: () => readAgain(),
      },
    );
  }, [client, after, id]);

  return after === null ? 'off' : state;
}
