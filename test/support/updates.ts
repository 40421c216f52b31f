import type { LeanClient } from '../../src/lean/client.ts';
import { PayoutHistories } from '../../src/payouts/history.ts';
import { RowCache } from '../../src/payouts/listing/row-cache.ts';
import { PayoutReads } from '../../src/payouts/payout-reads.ts';
import type { Database } from '../../src/store/database.ts';
import { SqlPayoutEvents } from '../../src/store/payout-events.ts';
import { SqlUpdateLeases } from '../../src/store/update-leases.ts';
import { RowFinder } from '../../src/payouts/listing/row-finder.ts';
import { WebhookBackfill, type WebhookBackfillOptions } from '../../src/webhooks/webhook-backfill.ts';
import { EventProcessor, type EventProcessorOptions } from '../../src/webhooks/event-processor.ts';

/** The parts of a store that are for updates. */
export function updateStore(database: Database, application = 'test') {
  return {
    events: new SqlPayoutEvents(database, application),
    leases: new SqlUpdateLeases(database, application),
  };
}
export type UpdateStore = ReturnType<typeof updateStore>;

/** An event processor that reads from Lean like the gateway's own. */
export function createEventProcessor(
  client: LeanClient,
  store: UpdateStore,
  options: Partial<EventProcessorOptions> = {},
): EventProcessor {
  return new EventProcessor({
    client,
    reads: new PayoutReads(client),
    histories: new PayoutHistories(client, 'auto'),
    rows: new RowFinder(client, new RowCache(0)),
    ...store,
    onPublished: () => undefined,
    ...options,
  });
}

/** A backfill whose missed events the processor publishes. */
export function createBackfill(
  client: LeanClient,
  store: UpdateStore,
  processor: EventProcessor,
  options: Partial<WebhookBackfillOptions> = {},
): WebhookBackfill {
  return new WebhookBackfill({
    client,
    ...store,
    processor,
    onMissed: () => undefined,
    onFailure: () => undefined,
    ...options,
  });
}
