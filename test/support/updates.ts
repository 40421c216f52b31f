import type { LeanClient } from '../../src/lean/client.ts';
import { PayoutHistories } from '../../src/payouts/history.ts';
import { KnownRows } from '../../src/payouts/listing/known-rows.ts';
import { PayoutReads } from '../../src/payouts/payout-reads.ts';
import type { PayoutEvents } from '../../src/payouts/payout-update.ts';
import { RowFinder } from '../../src/payouts/listing/row-finder.ts';
import { WebhookBackfill, type WebhookBackfillOptions } from '../../src/webhooks/webhook-backfill.ts';
import { EventProcessor, type EventProcessorOptions } from '../../src/webhooks/event-processor.ts';

/** A teller that reads from Lean as the gateway's does. */
export function tellerAt(
  client: LeanClient,
  events: PayoutEvents,
  options: Partial<EventProcessorOptions> = {},
): EventProcessor {
  return new EventProcessor({
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
  teller: EventProcessor,
  options: Partial<WebhookBackfillOptions> = {},
): WebhookBackfill {
  return new WebhookBackfill({
    client,
    events,
    teller,
    onGaps: () => undefined,
    onTrouble: () => undefined,
    ...options,
  });
}
