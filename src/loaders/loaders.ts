import type DataLoader from 'dataloader';
import type { CallOptions } from '../lean/client.ts';
import type { HistoryEvent } from '../payouts/history-event.ts';
import type { PayoutHistories, PayoutIds } from '../payouts/history.ts';
import type { PayoutKey } from '../payouts/ids.ts';
import type { PayoutDestination, PayoutIntent } from '../payouts/payout-intent.ts';
import type { PayoutReads } from '../payouts/payout-reads.ts';
import type { Payout } from '../payouts/payout.ts';
import { byKey } from './by-key.ts';

/** Follows a load that resolvers have in common; for traces. */
export type TraceLoad = <Result>(
  name: string,
  attributes: { readonly keys: number },
  work: () => Promise<Result>,
) => Promise<Result>;

/** What one request has read, and reads no second time. */
export class Loaders {
  readonly payoutById: DataLoader<string, Payout | null>;
  readonly intentById: DataLoader<string, PayoutIntent | null>;
  readonly destinationById: DataLoader<string, PayoutDestination | null>;
  readonly #historyByPayout: DataLoader<string, readonly HistoryEvent[]>;
  readonly #reads: PayoutReads;

  constructor(reads: PayoutReads, histories: PayoutHistories, options: CallOptions, trace?: TraceLoad) {
    this.#reads = reads;
    const by = <Value>(name: string, load: (key: string) => Promise<Value>): DataLoader<string, Value> =>
      byKey(load, trace && ((keys, work) => trace(name, { keys }, work)));
    this.payoutById = by('payoutById', id => reads.payout(id, options));
    this.intentById = by('intentById', id => reads.intent(id, options));
    this.destinationById = by('destinationById', id => reads.destination(id, options));
    this.#historyByPayout = by('historyByPayout', key => histories.of(JSON.parse(key) as PayoutIds, options));
  }

  /** A payout by either of its keys; by its intent it may have no payment yet. */
  async payout(key: PayoutKey): Promise<Payout | null> {
    if ('paymentId' in key) return this.payoutById.load(key.paymentId);
    const intent = await this.intentById.load(key.intentId);
    return intent?.payout ?? null;
  }

  /**
   * All that Lean knows of a payout that is known in part: from its own call, or from its intent's where there is
   * no payment id. Null where Lean has no more to say.
   */
  async payoutInFull({ paymentId, intentId }: Payout): Promise<Payout | null> {
    if (this.#reads.lacksDetails) return null;
    try {
      if (paymentId !== null) return await this.payoutById.load(paymentId);
      return intentId == null ? null : await this.payout({ intentId });
    } catch (error) {
      if (this.#reads.isMissingOperation(error)) return null;
      throw error;
    }
  }

  historyByPayout({ paymentId, intentId }: PayoutIds): Promise<readonly HistoryEvent[]> {
    return this.#historyByPayout.load(JSON.stringify({ paymentId, intentId }));
  }
}
