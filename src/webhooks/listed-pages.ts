import type { LeanClient } from '../lean/client.ts';
import { pageSize } from '../lean/page-size.ts';
import { hasNextPage, lenientPageFromLean } from '../payouts/lean-page.ts';
import type { FilterQuery } from '../payouts/listing/payout-filter.ts';
import type { EventProcessor } from './event-processor.ts';

export interface ListedPagesOptions {
  readonly client: LeanClient;
  readonly processor: Pick<EventProcessor, 'beginRead'>;
  readonly maxPages: number;
  readonly isStopped: () => boolean;
}

/** A page of Lean's list, and the position of the newest update from before it was read. */
export interface ListedPage extends ReturnType<typeof lenientPageFromLean> {
  readonly position: number;
}

/**
 * Reads the pages of Lean's list one after the other. Rows that cannot be read do not end the list.
 * @throws LeanError, StoreUnavailable
 */
export async function* listedPages(
  query: FilterQuery,
  { client, processor, maxPages, isStopped }: ListedPagesOptions,
): AsyncGenerator<ListedPage> {
  let read = 0;
  for (let number = 0; number < maxPages && !isStopped(); number += 1) {
    const position = await processor.beginRead();
    const { page: wire, answer } = await client.listPayouts({
      page_number: String(number),
      page_size: String(pageSize),
      ...query,
    });
    const page = lenientPageFromLean(wire, answer, number);
    read += page.rowCount;
    yield { ...page, position };
    if (!hasNextPage(page, read, pageSize)) return;
  }
}
