import DataLoader from 'dataloader';
import type { CallOptions } from '../lean/client.ts';
import { LeanNotOffered } from '../errors/lean-errors.ts';
import type { HistoryEvent } from '../payouts/history-event.ts';
import type { PaymentOwner, PayoutHistories, PayoutIds } from '../payouts/history.ts';
import type { DetailCache } from '../payouts/detail-cache.ts';
import type { CachedRow, RowCache } from '../payouts/listing/row-cache.ts';
import type { PayoutDestination, PayoutIntent } from '../payouts/payout-intent.ts';
import type { PayoutReads } from '../payouts/payout-reads.ts';
import type { Payout, PayoutRow } from '../payouts/payout.ts';
import type { RecordedPayout, RecordedPayouts } from '../payouts/recorded-payout.ts';
import type { RowFinder } from '../payouts/listing/row-finder.ts';
import type { RowHints } from '../payouts/listing/row-window.ts';
import { createKeyedLoader, type Loader } from './keyed-loader.ts';
import { ListedDetails } from './listed-details.ts';

/** Traces a load that several resolvers share. */
export type TraceLoad = <Result>(
  name: string,
  attributes: { readonly keys: number },
  work: () => Promise<Result>,
) => Promise<Result>;

/** The sources from which payouts are read. All requests share them. */
export interface PayoutSources {
  readonly reads: PayoutReads;
  readonly histories: PayoutHistories;
  readonly rows: RowFinder;
  readonly rowCache: RowCache;
  readonly details: DetailCache;
  readonly recorded: RecordedPayouts;
}

/** The DataLoaders of one request. A request reads nothing twice. */
export class Loaders {
  readonly #sources: PayoutSources;
  readonly #options: CallOptions;
  readonly #trace: TraceLoad | undefined;
  readonly #details: ListedDetails;
  /**
   * The common deadline of all reads of a payout, by intent id or payment id, on the clock of `performance.now()`. The
   * first read sets it.
   */
  readonly #deadlines = new Map<string, number>();
  // Each loader is created on first use, because a request uses only one or two of them.
  #paymentById: Loader<string, Payout | null> | undefined;
  #intentById: Loader<string, PayoutIntent | null> | undefined;
  #destinationById: Loader<string, PayoutDestination | null> | undefined;
  #ownerByPayment: Loader<string, PaymentOwner | null> | undefined;
  #historyByPayout: Loader<PayoutIds, readonly HistoryEvent[]> | undefined;
  #rowByPayout: Loader<RowHints, PayoutRow | null | undefined> | undefined;
  #recordByIntent: Loader<string, RecordedPayout | null> | undefined;

  constructor(sources: PayoutSources, options: CallOptions, trace?: TraceLoad) {
    this.#sources = sources;
    this.#options = options;
    this.#trace = trace;
    this.#details = new ListedDetails(sources.details, sources.rowCache);
  }

  /** Whether this Lean application is known to have no calls for a single intent or payment. */
  get lacksDetailCalls(): boolean {
    return this.#sources.reads.lacksDetailCalls;
  }

  /** Whether intents lack their payment's tracking, so that only the payment's own call has it. */
  get intentsLackTracking(): boolean {
    return this.#sources.reads.intentsLackTracking;
  }

  /** @throws LeanError */
  destination(destinationId: string): Promise<PayoutDestination | null> {
    this.#destinationById ??= this.#createLoader('destinationById', id =>
      this.#sources.reads.destination(id, this.#options),
    );
    return this.#destinationById.load(destinationId);
  }

  /** Adds a page of a list that the request has read. The details of its payouts may then come from the cache. */
  addPage(rows: readonly PayoutRow[]): void {
    this.#details.addPage(rows);
  }

  /** @throws LeanNotOffered, LeanError */
  intent(intentId: string): Promise<PayoutIntent | null> {
    if (this.lacksDetailCalls) return Promise.reject(new LeanNotOffered());
    this.#intentById ??= this.#createLoader('intentById', async id => {
      const intent = await this.#details.get('intent', [id], () =>
        this.#sources.reads.intent(id, this.#optionsFor(id)),
      );
      if (intent !== null) this.#sources.rowCache.setNewestPayment(id, intent.payout.paymentId);
      return intent;
    });
    return this.#intentById.load(intentId);
  }

  /** @throws LeanNotOffered, LeanError */
  payment(paymentId: string, intentId?: string): Promise<Payout | null> {
    if (this.lacksDetailCalls) return Promise.reject(new LeanNotOffered());
    this.#paymentById ??= this.#createLoader('paymentById', async id => {
      const options = this.#optionsFor(id);
      const payout = await this.#details.get('payment', [id], () => this.#sources.reads.payout(id, options));
      // Further reads of this payout share the deadline.
      if (payout !== null) this.#deadlines.set(payout.intentId, options.deadline);
      return payout;
    });
    const deadline = intentId === undefined ? undefined : this.#deadlines.get(intentId);
    if (deadline !== undefined) this.#deadlines.set(paymentId, deadline);
    return this.#paymentById.load(paymentId);
  }

  /** The row of a payout in Lean's list; null or undefined as `RowFinder.find` returns them. */
  row(hints: RowHints): Promise<PayoutRow | null | undefined> {
    this.#rowByPayout ??= new DataLoader<RowHints, PayoutRow | null | undefined, unknown>(
      batch => {
        const deadline = Math.max(...batch.map(({ intentId }) => this.#optionsFor(intentId).deadline));
        const find = (): Promise<(PayoutRow | null | undefined | Error)[]> =>
          this.#sources.rows.find(batch, { ...this.#options, deadline }).then(rows => [...rows]);
        return this.#trace === undefined ? find() : this.#trace('rowByPayout', { keys: batch.length }, find);
      },
      // Other hints for the same payout may find a row where these did not, so they are a key of their own.
      { cacheKeyFn: each => JSON.stringify(each) },
    ) as Loader<RowHints, PayoutRow | null | undefined>;
    return this.#rowByPayout.load(hints);
  }

  /** A payout's cached list row, which may be from an earlier request. */
  cachedRow(intentId: string): CachedRow | undefined {
    return this.#sources.rowCache.get(intentId);
  }

  /** Whether a newer payment of the payout's intent is known than the one it shows. */
  isSuperseded(payout: Payout): boolean {
    return this.#sources.rowCache.hasNewerPayment(payout);
  }

  /** The record of a payout that was created by this gateway, or by another one on the same store. */
  record(intentId: string): Promise<RecordedPayout | null> {
    this.#recordByIntent ??= new DataLoader<string, RecordedPayout | null, unknown>(async ids => {
      const recorded = await this.#sources.recorded.byIntents(ids);
      return ids.map(id => recorded.get(id) ?? null);
    });
    return this.#recordByIntent.load(intentId);
  }

  /**
   * The intent and customer of a payment, from its history; null if Lean does not know the payment.
   * @throws LeanNotOffered if the history does not name the intent; LeanError
   */
  ownerOf(paymentId: string): Promise<PaymentOwner | null> {
    this.#ownerByPayment ??= this.#createLoader('ownerByPayment', async id => {
      const options = this.#optionsFor(id);
      const owner = await this.#sources.histories.ownerOf(id, options);
      if (owner !== null) this.#deadlines.set(owner.intentId, options.deadline);
      return owner;
    });
    return this.#ownerByPayment.load(paymentId);
  }

  /** @throws LeanError */
  history({ paymentId, intentId }: PayoutIds): Promise<readonly HistoryEvent[]> {
    this.#historyByPayout ??= this.#createLoader(
      'historyByPayout',
      ids =>
        this.#details.get('history', [ids.paymentId ?? ids.intentId, ids.intentId], () =>
          this.#sources.histories.of(ids, this.#optionsFor(ids.intentId)),
        ),
      (ids: PayoutIds) => `${ids.paymentId ?? ''} ${ids.intentId}`,
    );
    return this.#historyByPayout.load({ paymentId, intentId });
  }

  /** The options with the payout's deadline, which all calls for its facts share. */
  #optionsFor(id: string): CallOptions & { readonly deadline: number } {
    let deadline = this.#deadlines.get(id);
    if (deadline === undefined) {
      deadline = this.#options.deadline ?? this.#sources.reads.deadline();
      this.#deadlines.set(id, deadline);
    }
    return { ...this.#options, deadline };
  }

  #createLoader<Value, Key = string>(
    name: string,
    load: (key: Key) => Promise<Value>,
    cacheKey?: (key: Key) => string,
  ): Loader<Key, Value> {
    const trace = this.#trace;
    return createKeyedLoader({
      load,
      cacheKey,
      trace: trace && ((keys, work) => trace(name, { keys }, work)),
    });
  }
}
