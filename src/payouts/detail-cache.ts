import { isDeepStrictEqual } from 'node:util';
import { LRUCache } from 'lru-cache';
import type { LeanClock } from '../lean/lean-clock.ts';
import { showsPayment, type HistoryEvent } from './history-event.ts';
import type { PayoutIntent } from './payout-intent.ts';
import { outcomeOf, type Payout, type PayoutRow } from './payout.ts';

/** The data of a payout that its list row lacks. Each costs one Lean call. */
export interface PayoutDetails {
  readonly intent: PayoutIntent;
  /** The payout from the call for its payment. */
  readonly payment: Payout;
  readonly history: readonly HistoryEvent[];
}

export type DetailName = keyof PayoutDetails;

/** When Lean was asked: by its own clock (epoch ms), and by the monotonic clock of this machine (ms). */
interface RequestTime {
  readonly lean: number;
  readonly monotonic: number;
}

interface CachedDetail<Value> {
  readonly value: Value;
  readonly requestedAt: RequestTime;
}

/** The details that were read while the list showed this row. */
interface CachedPayout {
  readonly row: PayoutRow;
  readonly details: { readonly [Name in DetailName]?: CachedDetail<PayoutDetails[Name]> };
}

/** A read of one detail, whose result may be cached. */
export interface DetailRead {
  readonly row: PayoutRow;
  readonly requestedAt: RequestTime;
  readonly inFlight: ReadsInFlight;
  /** `inFlight.drops` when the read began. */
  readonly drops: number;
}

/** The reads in flight of one payout, and how often it was dropped meanwhile. */
interface ReadsInFlight {
  count: number;
  drops: number;
  /** The ids of the intent and of its payments. */
  readonly ids: Set<string>;
}

/**
 * Details that are requested within this time after the last change of a payout are not cached, in ms, because Lean may
 * not show the change in them yet.
 */
export const stableAfterMs = 60_000;

/** The greatest age of a detail, in ms. Lean may add to a history late. */
export const maxAgeMs = 600_000;

/**
 * Details of final payouts. Each request reads the list again. If the list shows the same row as before the details were
 * read, the payout has not changed, so its details need not be read again.
 *
 * - The row must carry the time of its last change, and the details must have been requested at least one minute after
 *   that time, by Lean's clock.
 * - The details must agree with the row, and are at most `maxAgeMs` old.
 * - Any news of a payout drops its details (`drop`), also those of reads in flight.
 *
 * The cache is bounded by bytes and evicts the least recently used payout. All callers share it, because Lean gives the
 * same details to all of them; scopes and masking are applied to the results.
 */
export class DetailCache {
  readonly #clock: Pick<LeanClock, 'now'>;
  readonly #monotonic: () => number;
  readonly #stableAfterMs: number;
  /** By intent id. */
  readonly #payouts: LRUCache<string, CachedPayout> | undefined;
  /** The intent ids of cached payouts, by payment id. */
  readonly #intentIds = new Map<string, string>();
  /** By intent id and by payment id. */
  readonly #inFlight = new Map<string, ReadsInFlight>();
  #hits = 0;
  #misses = 0;

  /**
   * @param bytes the cache's size; 0: nothing is cached
   * @param options.leanTimeoutMs how long a call may take. A read may share a call that began up to this long before it.
   */
  constructor(
    bytes: number,
    clock: Pick<LeanClock, 'now'>,
    { leanTimeoutMs = 0, monotonic = () => performance.now() } = {},
  ) {
    this.#clock = clock;
    this.#monotonic = monotonic;
    this.#stableAfterMs = Math.max(stableAfterMs, leanTimeoutMs);
    if (bytes > 0)
      this.#payouts = new LRUCache({
        maxSize: bytes,
        sizeCalculation: ({ row, details }) => sizeOf(row) + sizeOf(details),
        dispose: ({ row }) => {
          if (row.paymentId !== null) this.#intentIds.delete(row.paymentId);
        },
      });
  }

  /** The Lean calls that the cache has saved, those that it could not save, and its estimated size in bytes. */
  get statistics(): { readonly hits: number; readonly misses: number; readonly bytes: number } {
    return { hits: this.#hits, misses: this.#misses, bytes: this.#payouts?.calculatedSize ?? 0 };
  }

  /**
   * The cached row of a payout if it is equal to this one, else this one. Later comparisons with the cached row are then
   * fast. The cache itself must not keep the row of each request: it is an old object, and a new object that an old one
   * refers to is not freed before the next full garbage collection.
   */
  sameRow(row: PayoutRow): PayoutRow {
    return this.#unchanged(row)?.row ?? row;
  }

  /**
   * A detail of the payout that a list has just shown.
   * @returns undefined if it must be read from Lean
   */
  get<Name extends DetailName>(row: PayoutRow, name: Name): PayoutDetails[Name] | undefined {
    if (this.#payouts === undefined || !isFinal(row)) return undefined;
    const detail = this.#unchanged(row)?.details[name];
    const isUsable = detail !== undefined && this.#isRecent(detail.requestedAt);
    if (isUsable) this.#hits += 1;
    else this.#misses += 1;
    return isUsable ? detail.value : undefined;
  }

  /** Both clocks must agree, because Lean's may be corrected, and a suspended machine stops its own. */
  #isRecent({ lean, monotonic }: RequestTime): boolean {
    const age = (this.#clock.now() ?? Infinity) - lean;
    return age >= 0 && age < maxAgeMs && this.#monotonic() - monotonic < maxAgeMs;
  }

  /** The cached payout if its row is equal to this one. */
  #unchanged(row: PayoutRow): CachedPayout | undefined {
    const cached = this.#payouts?.get(row.intentId);
    // The whole row is compared, also fields that the gateway does not read.
    return cached !== undefined && isDeepStrictEqual(cached.row.wire, row.wire) ? cached : undefined;
  }

  /**
   * Begins to read a detail of the payout that a list has just shown. `end` must follow.
   * @returns undefined if the result could not be cached
   */
  begin(row: PayoutRow): DetailRead | undefined {
    const lean = this.#clock.now();
    if (this.#payouts === undefined || lean === undefined || !isFinal(row)) return undefined;
    if (row.updatedAt == null || lean - Date.parse(row.updatedAt) < this.#stableAfterMs) return undefined;
    const inFlight = this.#inFlight.get(row.intentId) ?? { count: 0, drops: 0, ids: new Set() };
    inFlight.count += 1;
    for (const id of row.paymentId === null ? [row.intentId] : [row.intentId, row.paymentId]) {
      inFlight.ids.add(id);
      this.#inFlight.set(id, inFlight);
    }
    return { row, requestedAt: { lean, monotonic: this.#monotonic() }, inFlight, drops: inFlight.drops };
  }

  /**
   * Ends a read, and caches its result. If the result contradicts the row, all details of the payout are dropped.
   * @param value undefined if the read has failed; null if Lean does not know the payout
   */
  end<Name extends DetailName>(
    read: DetailRead,
    name: Name,
    value: PayoutDetails[Name] | null | undefined,
  ): void {
    const { row, requestedAt, inFlight, drops } = read;
    inFlight.count -= 1;
    if (inFlight.count === 0) for (const id of inFlight.ids) this.#inFlight.delete(id);
    if (value === undefined || inFlight.drops !== drops) return;
    if (value === null || !agrees(row, { [name]: value })) {
      this.drop(row.intentId);
      return;
    }
    const details = { ...this.#unchanged(row)?.details, [name]: { value, requestedAt } };
    this.#payouts?.set(row.intentId, { row, details });
    if (row.paymentId !== null && this.#payouts?.has(row.intentId) === true)
      this.#intentIds.set(row.paymentId, row.intentId);
  }

  /**
   * Drops the details of a payout, because they may be outdated.
   * @param id of its intent or its payment
   */
  drop(id: string): void {
    const inFlight = this.#inFlight.get(id);
    if (inFlight !== undefined) inFlight.drops += 1;
    this.#payouts?.delete(this.#intentIds.get(id) ?? id);
  }
}

/** Whether a row shows a final outcome and the time of its last change. */
function isFinal({ state, postInitiationStatus, updatedAt }: PayoutRow): boolean {
  if (state === undefined || updatedAt == null) return false;
  const outcome = outcomeOf(state.status, postInitiationStatus);
  return outcome === 'PAID' || outcome === 'NOT_PAID';
}

/** Whether a detail is of the payment in the row, and does not show another state than the row. */
function agrees(row: PayoutRow, { intent, payment, history }: Partial<PayoutDetails>): boolean {
  if (history !== undefined) return showsPayment(history, row.paymentId);
  const payout = intent?.payout ?? payment;
  if (payout?.paymentId !== row.paymentId) return false;
  const { state, postInitiationStatus } = payout;
  const hasSameStatus = state === undefined || state.status === row.state?.status;
  return (
    hasSameStatus &&
    (postInitiationStatus === undefined || postInitiationStatus === (row.postInitiationStatus ?? null))
  );
}

/** An estimate of the memory of a value, in bytes. It is too high rather than too low. */
function sizeOf(value: unknown): number {
  if (typeof value === 'string') return 24 + 2 * value.length;
  if (typeof value !== 'object' || value === null) return 8;
  let bytes = 64;
  for (const member of Object.values(value)) bytes += 8 + sizeOf(member);
  return bytes;
}
