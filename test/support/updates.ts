import type { LeanClient } from '../../src/lean/client.ts';
import { PayoutHistories } from '../../src/payouts/history.ts';
import { KnownRows } from '../../src/payouts/known-rows.ts';
import { PayoutReads } from '../../src/payouts/payout-reads.ts';
import type { PayoutEvents } from '../../src/payouts/payout-update.ts';
import { RowFinder } from '../../src/payouts/row-finder.ts';
import { Comparison, type ComparisonOptions } from '../../src/webhooks/comparison.ts';
import { Teller, type TellerOptions } from '../../src/webhooks/teller.ts';

/** A teller that reads from Lean as the gateway's does. */
export function tellerAt(
  client: LeanClient,
  events: PayoutEvents,
  options: Partial<TellerOptions> = {},
): Teller {
  return new Teller({
    client,
    reads: new PayoutReads(client),
    histories: new PayoutHistories(client, 'auto'),
    rows: new RowFinder(client, new KnownRows(0)),
    events,
    onTold: () => undefined,
    ...options,
  });
}

/** A comparison that the teller tells of. */
export function comparisonAt(
  client: LeanClient,
  events: PayoutEvents,
  teller: Teller,
  options: Partial<ComparisonOptions> = {},
): Comparison {
  return new Comparison({
    client,
    events,
    teller,
    onGaps: () => undefined,
    onTrouble: () => undefined,
    ...options,
  });
}
