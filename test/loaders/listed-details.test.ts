import { describe, expect, it } from 'vitest';
import { ListedDetails } from '../../src/loaders/listed-details.ts';
import { DetailCache } from '../../src/payouts/detail-cache.ts';
import type { HistoryEvent } from '../../src/payouts/history-event.ts';
import { historyFromLean } from '../../src/payouts/history.ts';
import { RowCache } from '../../src/payouts/listing/row-cache.ts';
import type { PayoutRow } from '../../src/payouts/payout.ts';
import { paidRow } from '../support/payout-rows.ts';

const events = [{ event: 'payment.created', status: 'CREATED', published_at: '2026-03-01T12:00:00Z' }];
const history = historyFromLean({ payments: [{ events }] }, 'i');

/** Requests that share their caches. */
class Requests {
  readonly #cache = new DetailCache(100_000, { now: () => Date.parse('2026-03-02T12:00:00Z') });
  readonly rowCache = new RowCache(100_000);
  /** How often Lean was asked for the history. */
  reads = 0;

  /** A request that has read these pages of Lean's list. */
  after(...pages: readonly (readonly PayoutRow[])[]): ListedDetails {
    const details = new ListedDetails(this.#cache, this.rowCache);
    for (const page of pages) details.addPage(page);
    return details;
  }

  /** Asks for the history in a request that has read these pages. */
  async readHistory(...pages: readonly (readonly PayoutRow[])[]): Promise<void> {
    const read = (): Promise<readonly HistoryEvent[]> => {
      this.reads += 1;
      return Promise.resolve(history);
    };
    expect(await this.after(...pages).get('history', ['p', 'i'], read)).toBe(history);
  }
}

describe('the history of a listed payout', () => {
  it('comes from the cache in a later request whose list shows the same row', async () => {
    const requests = new Requests();
    await requests.readHistory([paidRow()]);
    await requests.readHistory([paidRow()]);
    expect(requests.reads).toBe(1);
  });

  it('is read from Lean in a request that has read no list, and again by the next list', async () => {
    const requests = new Requests();
    await requests.readHistory([paidRow()]);
    await requests.readHistory();
    expect(requests.reads).toBe(2);
    await requests.readHistory([paidRow()]);
    expect(requests.reads).toBe(3);
  });

  it('is read from Lean if the lists of the request have shown two rows of the payout', async () => {
    const requests = new Requests();
    await requests.readHistory([paidRow()]);
    await requests.readHistory([paidRow()], [paidRow({ payment_id: 'q' })]);
    await requests.readHistory([paidRow({ payment_id: 'q' })], [paidRow()]);
    expect(requests.reads).toBe(3);
  });

  it('is read from Lean if a newer payment of the payout is known', async () => {
    const requests = new Requests();
    await requests.readHistory([paidRow()]);
    requests.rowCache.add([paidRow(), paidRow({ payment_id: 'q', created_at: '2026-03-01T13:00:00Z' })]);
    await requests.readHistory([paidRow()]);
    expect(requests.reads).toBe(2);
  });

  it.each(['resolves', 'rejects'])('is read again after a read of the payout alone %s', async how => {
    const requests = new Requests();
    await requests.readHistory([paidRow()]);
    const alone = requests
      .after()
      .get('intent', ['i'], () =>
        how === 'resolves' ? Promise.resolve(null) : Promise.reject(new Error('no')),
      );
    await alone.catch(() => undefined);
    await requests.readHistory([paidRow()]);
    expect(requests.reads).toBe(2);
  });

  it('is read again if Lean does not know the intent of a listed payout', async () => {
    const requests = new Requests();
    await requests.readHistory([paidRow()]);
    expect(await requests.after([paidRow()]).get('intent', ['i'], () => Promise.resolve(null))).toBeNull();
    await requests.readHistory([paidRow()]);
    expect(requests.reads).toBe(2);
  });

  it('is not dropped when another read of the listed payout fails', async () => {
    const requests = new Requests();
    await requests.readHistory([paidRow()]);
    const failing = requests.after([paidRow()]).get('intent', ['i'], () => Promise.reject(new Error('no')));
    await expect(failing).rejects.toThrow('no');
    await requests.readHistory([paidRow()]);
    expect(requests.reads).toBe(1);
  });
});
