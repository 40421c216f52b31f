import type { Finding } from './finding.ts';

/** The recorded sends of a request. Times are epoch milliseconds. */
export interface SendHistory {
  /** The number of sends that Lean may have accepted. Sends that Lean turned away do not count. */
  readonly count: number;
  /** An operator's permission for one more send (`payouts settle --send-again`); null if there is none. */
  readonly grant: SendGrant | null;
  /** Whether Lean has turned away every send so far, and so has accepted none. */
  readonly turnedAway: boolean;
  /** When the first send was recorded, by the store's clock. */
  readonly firstAt: number | null;
  /** How long before `firstAt` it may have been sent under a lost record, in ms. */
  readonly lookbackMs: number;
  /** When the last send was recorded, by the store's clock. */
  readonly lastAt: number | null;
  /** The latest time at which bytes of the last send may have left this machine, by the store's clock. */
  readonly until: number | null;
  /** `firstAt` and `until` by Lean's clock; null if its time was unknown. */
  readonly leanFirstAt: number | null;
  readonly leanUntil: number | null;
  /** The longest resend delay that was configured at any of the sends, in ms. */
  readonly delayMs: number;
}

/** An operator's permission for one more send, and the result of the read that it is based on. */
export interface SendGrant {
  readonly finding: Finding;
  /** `absent` if the list proved an absence; otherwise why not. Missing in a permission of an older version. */
  readonly absence?: Finding;
  /** Intents at Lean that the operator has judged to be other payouts. */
  readonly payouts: readonly string[];
  /**
   * Intents that Lean had failed. They are covered as long as they stay failed. Missing in a permission of an older
   * version.
   */
  readonly failed?: readonly string[];
}

/** Whether the permission covers all of these payouts at Lean. Without a permission, no payout is covered. */
export function coversAll(grant: SendGrant | null, payouts: readonly string[]): boolean {
  return payouts.every(id => grant?.payouts.includes(id));
}

/** As `coversAll`, for payouts that Lean has failed. */
export function coversFailed(grant: SendGrant, payouts: readonly string[]): boolean {
  return payouts.every(id => grant.payouts.includes(id) || grant.failed?.includes(id));
}

/** The earliest time at which a request may have been sent, also under a lost record; null if it was never sent. */
export function earliestSend({
  firstAt,
  lookbackMs,
}: Pick<SendHistory, 'firstAt' | 'lookbackMs'>): number | null {
  return firstAt === null ? null : firstAt - lookbackMs;
}

/** The send history of a request that was never sent. */
export const neverSent: SendHistory = {
  count: 0,
  grant: null,
  turnedAway: false,
  firstAt: null,
  lookbackMs: 0,
  lastAt: null,
  until: null,
  leanFirstAt: null,
  leanUntil: null,
  delayMs: 0,
};
