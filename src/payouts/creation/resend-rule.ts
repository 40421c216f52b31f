import { propagationDelayMs } from '../propagation-delay.ts';
import { allSendsTurnedAway, type PayoutRequest } from './payout-record.ts';
import { coversAll, earliestSend, type SendHistory } from './send-history.ts';

/** Times right before a request is sent. */
export interface SendTiming {
  /** For how long bytes of the request may still leave, in ms. */
  readonly remainingMs: number;
  /** Lean's time, epoch ms; undefined if unknown. */
  readonly leanNow: number | undefined;
}

/** The reasons that allow a send: the configured rule, and the reconciliation read before the send. */
export interface SendPermit {
  readonly rule: ResendRule;
  /** Lean's time at the reconciliation read, epoch ms. */
  readonly leanNow?: number | undefined;
  /**
   * Whether Lean's list was read for this send and does not have the payout. The store may then lack earlier records.
   */
  readonly listChecked?: boolean;
  /** How far back the list was read for a payout that was sent under a lost record, in ms. @default 0 */
  readonly lookbackMs?: number;
}

/**
 * `PAYOUT_RESEND_AFTER_MS`: the resend delay in ms; 0 to rely on Lean's idempotency keys; `never` if only an operator
 * may allow another send.
 */
export type ResendSetting = number | 'never';

export const defaultDelayMs = propagationDelayMs;

/** How long after the first send a setting of 0 applies, in ms. Lean documents no lifetime of idempotency keys. */
export const leanKeyLifetimeMs = 3_600_000;

/** The most sends of a key without an operator: the first, and one repetition. */
export const maxSendsWithoutOperator = 2;

/**
 * Longer than any deadline of a request, in ms. A recorded time that is further ahead was written by a wrong clock.
 */
const farFutureMs = 600_000;

/** Whether a recorded time was written by a wrong clock. */
export function isFarAhead(time: number | null, now: number): boolean {
  return time !== null && time > now + farFutureMs;
}

/**
 * Decides when a request that Lean may have accepted is sent again.
 *
 * The rule assumes that a payout is in Lean's list within the resend delay after its last byte was sent, or that Lean
 * never creates it. So before the delay has passed by the store's clock and by Lean's, nothing is sent again, and a
 * missing payout is no proof.
 */
export class ResendRule {
  /** The configured resend delay, in ms; the default if the setting is `never`. */
  readonly delayMs: number;
  /** Whether a repetition of the key may send the request again without an operator. */
  readonly allowsRepetition: boolean;

  constructor(setting: ResendSetting) {
    this.allowsRepetition = setting !== 'never';
    this.delayMs = setting === 'never' ? defaultDelayMs : setting;
  }

  /**
   * The resend delay of a request, in ms: the longer one of the recorded and the configured delay. 0 becomes the
   * default once Lean may have forgotten the idempotency key.
   */
  delayOf(sends: SendHistory, storeNow: number): number {
    const delay = Math.max(sends.delayMs, this.delayMs);
    const since = earliestSend(sends);
    const isKeyKnown = delay === 0 && since !== null && storeNow < since + leanKeyLifetimeMs;
    return delay === 0 && !isKeyKnown ? defaultDelayMs : delay;
  }

  /** The delay after which an absence is a proof, in ms: never 0, but the default instead. */
  proofDelayOf(sends: SendHistory, storeNow: number): number {
    return this.delayOf(sends, storeNow) || defaultDelayMs;
  }

  /** When the delay ends, epoch ms of the store's clock; null if nothing was sent. */
  endOf(sends: SendHistory, storeNow: number): number | null {
    return sends.until === null ? null : sends.until + this.delayOf(sends, storeNow);
  }

  /**
   * Whether the delay for proofs of absence has passed by the store's clock and by Lean's.
   * @param leanNow Lean's time at the first answer of the reconciliation read, epoch ms
   */
  hasPassed(sends: SendHistory, { storeNow, leanNow }: { storeNow: number; leanNow: number }): boolean {
    const delay = this.proofDelayOf(sends, storeNow);
    const { until, leanUntil } = sends;
    if (until === null || leanUntil === null) return false;
    return storeNow >= until + delay && leanNow >= leanUntil + delay;
  }

  /**
   * Whether an operator may decide: the delay has passed by the store's clock, and by Lean's clock if it is known.
   */
  mayDecide(
    sends: SendHistory,
    { storeNow, leanNow }: { storeNow: number; leanNow: number | undefined },
  ): boolean {
    const delay = this.proofDelayOf(sends, storeNow);
    const { until, leanUntil } = sends;
    const hasPassedAtLean = leanNow === undefined || leanUntil === null || leanNow >= leanUntil + delay;
    return (until === null || storeNow >= until + delay) && hasPassedAtLean;
  }

  /** Whether the delay must be restarted, because a recorded time is missing or was written by a wrong clock. */
  mustRestart(sends: SendHistory, { storeNow, leanNow }: { storeNow: number; leanNow: number }): boolean {
    const { until, leanUntil } = sends;
    if (until === null || leanUntil === null) return true;
    return isFarAhead(until, storeNow) || isFarAhead(leanUntil, leanNow);
  }

  /**
   * Whether a repetition may send the request again once Lean is proven not to have it. It may do so once without an
   * operator. It never may for a batch, for a request that Lean has refused, or if Lean has shown payouts of the key
   * that no operator has judged.
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
    return grant !== null || (this.allowsRepetition && sends.count < maxSendsWithoutOperator);
  }
}
