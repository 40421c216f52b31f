import type { LeanClient } from '../../src/lean/client.ts';
import { PayoutHistories } from '../../src/payouts/history.ts';
import { RowCache } from '../../src/payouts/listing/row-cache.ts';
import { PayoutReads } from '../../src/payouts/payout-reads.ts';
import type { PayoutEvents } from '../../src/payouts/payout-update.ts';
import { RowFinder } from '../../src/payouts/listing/row-finder.ts';
import { WebhookBackfill, type WebhookBackfillOptions } from '../../src/webhooks/webhook-backfill.ts';
import { EventProcessor, type EventProcessorOptions } from '../../src/webhooks/event-processor.ts';

/** An event processor that reads from Lean like the gateway's own. */
export function createEventProcessor(
  client: LeanClient,
  events: PayoutEvents,
  options: Partial<EventProcessorOptions> = {},
): EventProcessor {
  return new EventProcessor({
    client,
    reads: new PayoutReads(client),
    histories: new PayoutHistories(client, 'auto'),
    rows: new RowFinder(client, new RowCache(0)),
    events,
    onPublished: () => undefined,
    ...options,
  });
}

/** A backfill whose missed events the processor publishes. */
export function createBackfill(
  client: LeanClient,
  events: PayoutEvents,
  processor: EventProcessor,
  options: Partial<WebhookBackfillOptions> = {},
): WebhookBackfill {
  return new WebhookBackfill({
    client,
    events,
    processor,
    onMissed: () => undefined,
    onFailure: () => undefined,
    ...options,
  });
}
