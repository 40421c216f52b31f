import { describe, expect, it } from 'vitest';
import type { LeanPayoutRow } from '../../src/lean/wire.ts';
import { ListedDetails } from '../../src/loaders/listed-details.ts';
import { DetailCache } from '../../src/payouts/detail-cache.ts';
import type { HistoryEvent } from '../../src/payouts/history-event.ts';
import { historyFromLean } from '../../src/payouts/history.ts';
import { RowCache } from '../../src/payouts/listing/row-cache.ts';
import type { PayoutRow } from '../../src/payouts/payout.ts';
import { rowOf } from '../support/payout-rows.ts';

const paidRow = (change: LeanPayoutRow = {}): PayoutRow =>
  rowOf({ updated_at: '2026-03-01T12:00:00Z', post_initiation_status: 'PROCESSED', ...change });

const events = [{ event: 'payment.created', status: 'CREATED', published_at: '2026-03-01T12:00:00Z' }];
const history = historyFromLean({ payments: [{ events }] }, 'i');

/** Caches that the requests of a test share. */
class Requests {
  readonly #cache = new DetailCache(100_000, { now: () => Date.parse('2026-03-02T12:00:00Z') });
  readonly rowCache = new RowCache(100_000);

  /** A request that has read these pages of Lean's list. */
  after(...pages: readonly (readonly PayoutRow[])[]): ListedDetails {
    const details = new ListedDetails(this.#cache, this.rowCache);
    for (const page of pages) details.addPage(page);
    return details;
  }

  /** A request that has read and cached the history. */
  async cacheHistory(): Promise<void> {
    await this.after([paidRow()]).read('history', ['p', 'i'], () => Promise.resolve(history));
  }
}

const cachedHistory = (details: ListedDetails): readonly HistoryEvent[] | undefined =>
  details.cached('history', 'p');

describe('the details of listed payouts', () => {
  it('come from the cache in a later request whose list shows the same row', async () => {
    const requests = new Requests();
    await requests.cacheHistory();
    expect(cachedHistory(requests.after([paidRow()]))).toBe(history);
  });

  it('are read from Lean in a request that has read no list', async () => {
    const requests = new Requests();
    await requests.cacheHistory();
    expect(cachedHistory(requests.after())).toBeUndefined();
  });

  it('are read from Lean if two lists of the request have shown the payout, because they may differ', async () => {
    const requests = new Requests();
    await requests.cacheHistory();
    expect(cachedHistory(requests.after([paidRow({ description: 'changed' })], [paidRow()]))).toBeUndefined();
  });

  it('are read from Lean if a newer payment of the payout is known', async () => {
    const requests = new Requests();
    await requests.cacheHistory();
    requests.rowCache.add([paidRow(), paidRow({ payment_id: 'q', created_at: '2026-03-01T13:00:00Z' })]);
    expect(cachedHistory(requests.after([paidRow()]))).toBeUndefined();
  });

  it.each(['resolves', 'rejects'])('are dropped when a read of the payout alone %s', async how => {
    const requests = new Requests();
    await requests.cacheHistory();
    const read = requests
      .after()
      .read('intent', ['i'], () =>
        how === 'resolves' ? Promise.resolve(null) : Promise.reject(new Error('no')),
      );
    await read.catch(() => undefined);
    expect(cachedHistory(requests.after([paidRow()]))).toBeUndefined();
  });

  it('are not cached when their read fails', async () => {
    const requests = new Requests();
    const read = requests
      .after([paidRow()])
      .read('history', ['p', 'i'], () => Promise.reject(new Error('no')));
    await expect(read).rejects.toThrow('no');
    expect(cachedHistory(requests.after([paidRow()]))).toBeUndefined();
  });
});
