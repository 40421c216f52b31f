import { allSendsTurnedAway, type PayoutRequest } from './payout-record.ts';
import { coversAll, type SendHistory } from './send-history.ts';

/** How long bytes may still leave, and Lean's time where it is known (epoch ms), right before a request is sent. */
export interface SendStamp {
  readonly remainingMs: number;
  readonly leanNow: number | undefined;
}

/** The conditions of a send: the configured rule, and Lean's time at the reconciliation read before it. */
export interface ResendPermit {
  readonly rule: ResendRule;
  readonly leanNow?: number | undefined;
  /** Whether Lean's list was read for this send and does not hold the payout. The send then needs no complete store. */
  readonly lookedFirst?: boolean;
  /** How far back the list was read for a payout that may have been sent before its record, in ms. @default 0 */
  readonly lookbackMs?: number;
}

/** `PAYOUT_RESEND_AFTER_MS`: a delay in ms, 0 to rely on Lean's own memory of keys, or only when a person says so. */
export type ResendSetting = number | 'never';

export const defaultDelayMs = 600_000;

/** For how long a setting of 0 counts, from the first send: Lean's documents name no lifetime of keys. */
export const keyMemoryMs = 3_600_000;

/** Sends of a key without a person: the first, and one repetition. */
export const sendsWithoutPerson = 2;

/** Far beyond any deadline of a request: a recorded time that lies later than this was written by a wrong clock. */
const farFutureMs = 600_000;

/** Whether a recorded time was written by a wrong clock. */
export function isFarAhead(time: number | null, now: number): boolean {
  return time !== null && time > now + farFutureMs;
}

/**
 * When a request that Lean may have taken can be sent again.
 *
 * The promise rests on one bound: a payout is in Lean's list within the resend delay after its last byte was sent, or
 * Lean never takes it. So nothing is sent again, and nothing is judged absent, before the delay has passed by the
 * store's clock and by Lean's.
 */
export class ResendRule {
  /** The delay that settling, later looks and retention go by, in ms. */
  readonly delayMs: number;
  /** Whether a repetition of the key may send again. */
  readonly byRepetition: boolean;

  constructor(setting: ResendSetting) {
    this.byRepetition = setting !== 'never';
    this.delayMs = setting === 'never' ? defaultDelayMs : setting;
  }

  /** The delay of one request in ms: the longer one of what was recorded and what is configured. */
  delayOf({ delayMs, firstAt, lookbackMs }: SendHistory, storeNow: number): number {
    const delay = Math.max(delayMs, this.delayMs);
    const remembered = delay === 0 && firstAt !== null && storeNow < firstAt - lookbackMs + keyMemoryMs;
    return delay === 0 && !remembered ? defaultDelayMs : delay;
  }

  /** The delay after which an absence counts as a proof, in ms: with a setting of 0 the default. */
  proofDelayOf(sends: SendHistory, storeNow: number): number {
    return this.delayOf(sends, storeNow) || defaultDelayMs;
  }

  /** When the delay is over by the store's clock; null where nothing was sent. */
  endOf(sends: SendHistory, storeNow: number): number | null {
    return sends.until === null ? null : sends.until + this.delayOf(sends, storeNow);
  }

  /**
   * Whether the delay has passed by both clocks. It counts in full for proofs of absence, also where the setting is 0.
   * @param leanNow Lean's time at the first answer of the reconciliation read
   */
  hasPassed(sends: SendHistory, { storeNow, leanNow }: { storeNow: number; leanNow: number }): boolean {
    const delay = this.proofDelayOf(sends, storeNow);
    const { until, leanUntil } = sends;
    if (until === null || leanUntil === null) return false;
    return storeNow >= until + delay && leanNow >= leanUntil + delay;
  }

  /** Whether a person may decide: the delay has passed by the store's clock, and by Lean's as far as it is known. */
  mayDecide(
    sends: SendHistory,
    { storeNow, leanNow }: { storeNow: number; leanNow: number | undefined },
  ): boolean {
    const delay = this.proofDelayOf(sends, storeNow);
    const { until, leanUntil } = sends;
    const byLean = leanNow === undefined || leanUntil === null || leanNow >= leanUntil + delay;
    return (until === null || storeNow >= until + delay) && byLean;
  }

  /** Whether the recorded times are no basis for waiting: one lies in the future, or Lean's time was not known. */
  mustRestart(sends: SendHistory, { storeNow, leanNow }: { storeNow: number; leanNow: number }): boolean {
    const { until, leanUntil } = sends;
    if (until === null || leanUntil === null) return true;
    return isFarAhead(until, storeNow) || isFarAhead(leanUntil, leanNow);
  }

  /**
   * Whether a repetition may send the request again, once Lean is proven to have nothing of it: once without a person,
   * and never a batch, what Lean has refused, or a key of which Lean has shown payouts that no operator has judged.
   */
  allows({
    sends,
    records,
    refusal,
    duplicateIntents,
  }: Pick<PayoutRequest, 'sends' | 'records' | 'refusal' | 'duplicateIntents'>): boolean {
    const { grant } = sends;
    if (!coversAll(grant, duplicateIntents)) return false;
    if (allSendsTurnedAway({ sends, records, duplicateIntents })) return true;
    if (records.length !== 1 || refusal !== null) return false;
    return grant !== null || (this.byRepetition && sends.count < sendsWithoutPerson);
  }
}
