import DataLoader from 'dataloader';
import type { CallOptions } from '../lean/client.ts';
import { LeanNotOffered } from '../errors/lean-errors.ts';
import type { HistoryEvent } from '../payouts/history-event.ts';
import type { PaymentOwner, PayoutHistories, PayoutIds } from '../payouts/history.ts';
import type { KnownRow, KnownRows } from '../payouts/listing/known-rows.ts';
import type { PayoutDestination, PayoutIntent } from '../payouts/payout-intent.ts';
import type { PayoutReads } from '../payouts/payout-reads.ts';
import type { Payout, PayoutRow } from '../payouts/payout.ts';
import type { RecordedPayout, RecordedPayouts } from '../payouts/recorded-payout.ts';
import type { RowFinder } from '../payouts/listing/row-finder.ts';
import type { RowTimes } from '../payouts/listing/row-window.ts';
import { byKey, type Loader } from './by-key.ts';

/** Follows a load that resolvers have in common; for traces. */
export type TraceLoad = <Result>(
  name: string,
  attributes: { readonly keys: number },
  work: () => Promise<Result>,
) => Promise<Result>;

/** The sources that payouts are read from. All requests share them. */
export interface PayoutSources {
  readonly reads: PayoutReads;
  readonly histories: PayoutHistories;
  readonly rows: RowFinder;
  readonly knownRows: KnownRows;
  readonly recorded: RecordedPayouts;
}

/** What one request has read, and reads no second time. */
export class Loaders {
  readonly #sources: PayoutSources;
  readonly #options: CallOptions;
  readonly #trace: TraceLoad | undefined;
  /** The deadline of all reads of a payout, by the id that was asked for. The first read sets it. */
  readonly #deadlines = new Map<string, number>();
  // Made when they are first asked: a request asks one or two of them.
  #paymentById: Loader<string, Payout | null> | undefined;
  #intentById: Loader<string, PayoutIntent | null> | undefined;
  #destinationById: Loader<string, PayoutDestination | null> | undefined;
  #ownerByPayment: Loader<string, PaymentOwner | null> | undefined;
  #historyByPayout: Loader<PayoutIds, readonly HistoryEvent[]> | undefined;
  #rowByPayout: Loader<RowTimes, PayoutRow | null | undefined> | undefined;
  #recordByIntent: Loader<string, RecordedPayout | null> | undefined;

  constructor(sources: PayoutSources, options: CallOptions, trace?: TraceLoad) {
    this.#sources = sources;
    this.#options = options;
    this.#trace = trace;
  }

  /** Whether this Lean application is known to have no calls for intents and payments. */
  get lacksDetails(): boolean {
    return this.#sources.reads.lacksDetails;
  }

  /** Whether only a payment's own call has its tracking. */
  get intentsLackTracking(): boolean {
    return this.#sources.reads.intentsLackTracking;
  }

  get destinationById(): Loader<string, PayoutDestination | null> {
    return (this.#destinationById ??= this.#by('destinationById', id =>
      this.#sources.reads.destination(id, this.#options),
    ));
  }

  /** @throws LeanNotOffered, LeanError */
  intent(intentId: string): Promise<PayoutIntent | null> {
    if (this.lacksDetails) return Promise.reject(new LeanNotOffered());
    this.#intentById ??= this.#by('intentById', async id => {
      const intent = await this.#sources.reads.intent(id, this.#optionsFor(id));
      // An intent carries its newest payment.
      if (intent !== null) this.#sources.knownRows.noteNewest(id, intent.payout.paymentId);
      return intent;
    });
    return this.#intentById.load(intentId);
  }

  /** @throws LeanNotOffered, LeanError */
  payment(paymentId: string, intentId?: string): Promise<Payout | null> {
    if (this.lacksDetails) return Promise.reject(new LeanNotOffered());
    this.#paymentById ??= this.#by('paymentById', async id => {
      const options = this.#optionsFor(id);
      const payout = await this.#sources.reads.payout(id, options);
      // Further reads of this payout share the deadline.
      if (payout !== null) this.#deadlines.set(payout.intentId, options.deadline);
      return payout;
    });
    const deadline = intentId === undefined ? undefined : this.#deadlines.get(intentId);
    if (deadline !== undefined) this.#deadlines.set(paymentId, deadline);
    return this.#paymentById.load(paymentId);
  }

  /** The row of a payout in Lean's list; null and undefined as `RowFinder.find` has them. */
  row(times: RowTimes): Promise<PayoutRow | null | undefined> {
    this.#rowByPayout ??= new DataLoader<RowTimes, PayoutRow | null | undefined, unknown>(
      wanted => {
        const deadline = Math.max(...wanted.map(({ intentId }) => this.#optionsFor(intentId).deadline));
        const find = (): Promise<(PayoutRow | null | undefined | Error)[]> =>
          this.#sources.rows.find(wanted, { ...this.#options, deadline }).then(rows => [...rows]);
        return this.#trace === undefined ? find() : this.#trace('rowByPayout', { keys: wanted.length }, find);
      },
      // Another hint may find a row that this one does not.
      { cacheKeyFn: times => JSON.stringify(times) },
    ) as Loader<RowTimes, PayoutRow | null | undefined>;
    return this.#rowByPayout.load(times);
  }

  /** Facts of a payout that an earlier list row has shown and that never change. */
  knownRow(intentId: string): KnownRow | undefined {
    return this.#sources.knownRows.get(intentId);
  }

  /** Whether a newer payment of the same intent is known. */
  isSuperseded(payout: Payout): boolean {
    return this.#sources.knownRows.supersedes(payout);
  }

  /** The record of a payout that was created by this gateway or another one on its store. */
  record(intentId: string): Promise<RecordedPayout | null> {
    this.#recordByIntent ??= new DataLoader<string, RecordedPayout | null, unknown>(async ids => {
      const recorded = await this.#sources.recorded.byIntents(ids);
      return ids.map(id => recorded.get(id) ?? null);
    });
    return this.#recordByIntent.load(intentId);
  }

  /** @throws LeanNotOffered where the history does not tell; LeanError */
  ownerOf(paymentId: string): Promise<PaymentOwner | null> {
    this.#ownerByPayment ??= this.#by('ownerByPayment', async id => {
      const options = this.#optionsFor(id);
      const owner = await this.#sources.histories.ownerOf(id, options);
      if (owner !== null) this.#deadlines.set(owner.intentId, options.deadline);
      return owner;
    });
    return this.#ownerByPayment.load(paymentId);
  }

  history({ paymentId, intentId }: PayoutIds): Promise<readonly HistoryEvent[]> {
    this.#historyByPayout ??= this.#by(
      'historyByPayout',
      ids => this.#sources.histories.of(ids, this.#optionsFor(ids.intentId)),
      (ids: PayoutIds) => `${ids.paymentId ?? ''} ${ids.intentId}`,
    );
    return this.#historyByPayout.load({ paymentId, intentId });
  }

  /** One deadline for all calls that a payout's own facts take, whatever their number. */
  #optionsFor(id: string): CallOptions & { readonly deadline: number } {
    let deadline = this.#deadlines.get(id);
    if (deadline === undefined) {
      deadline = this.#options.deadline ?? this.#sources.reads.deadline();
      this.#deadlines.set(id, deadline);
    }
    return { ...this.#options, deadline };
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
