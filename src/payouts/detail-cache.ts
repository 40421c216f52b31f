import { LRUCache } from 'lru-cache';
import { isSameJson } from '../json/same-json.ts';
import type { LeanClock } from '../lean/lean-clock.ts';
import type { HistoryEvent } from './history-event.ts';
import type { PayoutIntent } from './payout-intent.ts';
import { outcomeOf, type Payout, type PayoutRow } from './payout.ts';

/** What Lean has to be asked about a payout beyond its list row: one call for each. */
export interface PayoutDetails {
  readonly intent: PayoutIntent;
  /** The payout from the call for its payment. */
  readonly payment: Payout;
  readonly history: readonly HistoryEvent[];
}

export type DetailName = keyof PayoutDetails;

/** A detail, and when Lean was asked for it: epoch ms by Lean's clock. */
interface CachedDetail<Value> {
  readonly value: Value;
  readonly askedAt: number;
}

/** The details that were read while the list showed this row. */
interface CachedPayout {
  row: PayoutRow;
  readonly details: { readonly [Name in DetailName]?: CachedDetail<PayoutDetails[Name]> };
}

/** A read of a payout's details whose results will be cached. */
export interface DetailRead {
  readonly row: PayoutRow;
  readonly askedAt: number;
  readonly inFlight: ReadsInFlight;
  /** `inFlight.drops` when the read began. */
  readonly drops: number;
}

/** The reads in flight of one payout, and how often it was dropped meanwhile. */
interface ReadsInFlight {
  count: number;
  drops: number;
}

/** How long after the last change of a payout, in ms, its details count as settled at Lean. */
export const settlingMs = 60_000;

/** The greatest age of a detail, in ms. Lean may add to a history late. */
export const maxAgeMs = 600_000;

/**
 * Details of payouts whose outcome is final, for list rows that have not changed. A list that shows the very row that an
 * earlier list showed before the details were read proves that they are still right, so they need not be read again.
 *
 * - The row must carry the time of its last change, and the details must have been asked for `settlingMs` or more after
 *   that time, by Lean's clock.
 * - The details must agree with the row, and are at most `maxAgeMs` old.
 * - Any news of a payout drops its details (`drop`), also those of reads in flight.
 *
 * The cache is bounded by bytes and evicts the least recently used payout. All callers share it, because Lean gives the
 * same details to all of them; scopes and masking are applied to the results.
 */
export class DetailCache {
  readonly #clock: Pick<LeanClock, 'now'>;
  /** By intent id. */
  readonly #payouts: LRUCache<string, CachedPayout> | undefined;
  /** The intent ids of cached payouts, by payment id. */
  readonly #intentIds = new Map<string, string>();
  /** By intent id and by payment id. */
  readonly #inFlight = new Map<string, ReadsInFlight>();
  #hits = 0;
  #misses = 0;

  /** @param bytes the cache's size; 0: nothing is cached */
  constructor(bytes: number, clock: Pick<LeanClock, 'now'>) {
    this.#clock = clock;
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
   * A detail of the payout that a list has just shown.
   * @returns undefined if it must be read from Lean
   */
  get<Name extends DetailName>(row: PayoutRow, name: Name): PayoutDetails[Name] | undefined {
    if (this.#payouts === undefined || !isFinal(row)) return undefined;
    const detail = this.#unchanged(row)?.details[name];
    const age = (this.#clock.now() ?? Infinity) - (detail?.askedAt ?? -Infinity);
    const isUsable = age >= 0 && age < maxAgeMs;
    if (isUsable) this.#hits += 1;
    else this.#misses += 1;
    return isUsable ? detail?.value : undefined;
  }

  /** The cached payout if its row is equal to this one. */
  #unchanged(row: PayoutRow): CachedPayout | undefined {
    const cached = this.#payouts?.get(row.intentId);
    if (cached === undefined || !isSameRow(cached.row, row)) return undefined;
    // The next comparison within this request finds the same object.
    cached.row = row;
    return cached;
  }

  /**
   * Begins to read a detail of the payout that a list has just shown. `end` must follow.
   * @returns undefined if the result could not be cached
   */
  begin(row: PayoutRow): DetailRead | undefined {
    const askedAt = this.#clock.now();
    if (this.#payouts === undefined || askedAt === undefined || !isFinal(row)) return undefined;
    if (row.updatedAt == null || askedAt - Date.parse(row.updatedAt) < settlingMs) return undefined;
    const inFlight = this.#inFlight.get(row.intentId) ?? { count: 0, drops: 0 };
    inFlight.count += 1;
    for (const id of idsOf(row)) this.#inFlight.set(id, inFlight);
    return { row, askedAt, inFlight, drops: inFlight.drops };
  }

  /**
   * Ends a read, and caches its result.
   * @param value undefined if the read has failed, or if Lean does not know the payout
   */
  end<Name extends DetailName>(read: DetailRead, name: Name, value: PayoutDetails[Name] | undefined): void {
    const { row, askedAt, inFlight, drops } = read;
    inFlight.count -= 1;
    if (inFlight.count === 0) for (const id of idsOf(row)) this.#inFlight.delete(id);
    if (value === undefined || inFlight.drops !== drops || !agrees(row, { [name]: value })) return;
    const details = { ...this.#unchanged(row)?.details, [name]: { value, askedAt } };
    this.#payouts?.set(row.intentId, { row, details });
    if (row.paymentId !== null && this.#payouts?.has(row.intentId) === true)
      this.#intentIds.set(row.paymentId, row.intentId);
  }

  /**
   * Drops the details of a payout, because Lean has told something of it, or may have.
   * @param id of its intent or its payment
   */
  drop(id: string): void {
    const inFlight = this.#inFlight.get(id);
    if (inFlight !== undefined) inFlight.drops += 1;
    this.#payouts?.delete(this.#intentIds.get(id) ?? id);
  }
}

function idsOf({ intentId, paymentId }: PayoutRow): readonly string[] {
  return paymentId === null ? [intentId] : [intentId, paymentId];
}

/** Whether a row shows a final outcome and the time of its last change. */
function isFinal({ state, postInitiationStatus, updatedAt }: PayoutRow): boolean {
  if (state === undefined || updatedAt == null) return false;
  const outcome = outcomeOf(state.status, postInitiationStatus);
  return outcome === 'PAID' || outcome === 'NOT_PAID';
}

/** Whether two rows are equal in everything that Lean sent, also in fields that the gateway does not read. */
function isSameRow(a: PayoutRow, b: PayoutRow): boolean {
  return a === b || isSameJson(a.wire, b.wire);
}

/** Whether a detail is of the payment in the row, and does not show another state than the row. */
function agrees(row: PayoutRow, { intent, payment, history }: Partial<PayoutDetails>): boolean {
  // A history may be empty because Lean has not written it yet.
  if (history !== undefined) return history.length > 0;
  const payout = intent?.payout ?? payment;
  if (payout?.paymentId !== row.paymentId) return false;
  const { state, postInitiationStatus } = payout;
  const hasSameStatus = state === undefined || state.status === row.state?.status;
  return (
    hasSameStatus &&
    (postInitiationStatus === undefined || postInitiationStatus === (row.postInitiationStatus ?? null))
  );
}

/** An estimate of the memory of a value, in bytes, rather too high. */
function sizeOf(value: unknown): number {
  if (typeof value === 'string') return 24 + 2 * value.length;
  if (typeof value !== 'object' || value === null) return 8;
  let bytes = 64;
  for (const member of Object.values(value)) bytes += 8 + sizeOf(member);
  return bytes;
}
