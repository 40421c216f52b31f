import type { CallOptions } from '../lean/client.ts';
import type { HistoryEvent } from '../payouts/history-event.ts';
import type { PayoutHistories, PayoutIds } from '../payouts/history.ts';
import type { PayoutKey } from '../payouts/ids.ts';
import type { PayoutDestination, PayoutIntent } from '../payouts/payout-intent.ts';
import type { PayoutReads } from '../payouts/payout-reads.ts';
import type { Payout } from '../payouts/payout.ts';
import { byKey, type Loader } from './by-key.ts';

/** Follows a load that resolvers have in common; for traces. */
export type TraceLoad = <Result>(
  name: string,
  attributes: { readonly keys: number },
  work: () => Promise<Result>,
) => Promise<Result>;

/** What one request has read, and reads no second time. */
export class Loaders {
  readonly #reads: PayoutReads;
  readonly #histories: PayoutHistories;
  readonly #options: CallOptions;
  readonly #trace: TraceLoad | undefined;
  // Made when they are first asked: a request asks one or two of them.
  #payoutById: Loader<string, Payout | null> | undefined;
  #intentById: Loader<string, PayoutIntent | null> | undefined;
  #destinationById: Loader<string, PayoutDestination | null> | undefined;
  #historyByPayout: Loader<PayoutIds, readonly HistoryEvent[]> | undefined;

  constructor(reads: PayoutReads, histories: PayoutHistories, options: CallOptions, trace?: TraceLoad) {
    this.#reads = reads;
    this.#histories = histories;
    this.#options = options;
    this.#trace = trace;
  }

  get payoutById(): Loader<string, Payout | null> {
    return (this.#payoutById ??= this.#by('payoutById', id => this.#reads.payout(id, this.#options)));
  }

  get intentById(): Loader<string, PayoutIntent | null> {
    return (this.#intentById ??= this.#by('intentById', id => this.#reads.intent(id, this.#options)));
  }

  get destinationById(): Loader<string, PayoutDestination | null> {
    return (this.#destinationById ??= this.#by('destinationById', id =>
      this.#reads.destination(id, this.#options),
    ));
  }

  /** A payout by either of its keys; by its intent it may have no payment yet. */
  payout(key: PayoutKey): Promise<Payout | null> {
    return 'paymentId' in key
      ? this.payoutById.load(key.paymentId)
      : this.intentById.load(key.intentId).then(intent => intent?.payout ?? null);
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
    this.#historyByPayout ??= this.#by(
      'historyByPayout',
      ids => this.#histories.of(ids, this.#options),
      (ids: PayoutIds) => `${ids.paymentId ?? ''} ${ids.intentId ?? ''}`,
    );
    return this.#historyByPayout.load({ paymentId, intentId });
  }

  #by<Value, Key = string>(
    name: string,
    load: (key: Key) => Promise<Value>,
    textOf?: (key: Key) => string,
  ): Loader<Key, Value> {
    const trace = this.#trace;
    return byKey({ load, textOf, traced: trace && ((keys, work) => trace(name, { keys }, work)) });
  }
}
