import type { Finding } from './finding.ts';

/** The recorded sends of a request. Times are epoch milliseconds. */
export interface SendHistory {
  /** How many sends Lean may have taken; one that Lean turned away is not counted. */
  readonly count: number;
  /** Set where an operator has allowed one more send (`payouts settle --send-again`). */
  readonly grant: SendGrant | null;
  /** Whether Lean turned away every send so far: it has taken none of them. */
  readonly turnedAway: boolean;
  /** When it was first noted to be sent, by the store's clock. */
  readonly firstAt: number | null;
  /** How long before that it may have been sent by a record that is lost, in ms. */
  readonly lookbackMs: number;
  readonly lastAt: number | null;
  /** The latest moment at which bytes of the last send may have left this machine, by the store's clock. */
  readonly until: number | null;
  /** `firstAt` and `until` by Lean's clock; null where that was not known. */
  readonly leanFirstAt: number | null;
  readonly leanUntil: number | null;
  /** The longest resend delay that was configured at one of its sends, in ms. */
  readonly delayMs: number;
}
/** The permission of an operator for one more send, with the knowledge that it was based on. */
export interface SendGrant {
  readonly finding: Finding;
  /** What Lean's list said of absence beside the finding; not there in a grant of an older version. */
  readonly absence?: Finding;
  /** Ids of the payouts at Lean that the operator has judged to be others. */
  readonly payouts: readonly string[];
  /** Ids of the payouts that Lean had failed: only as long as they are. Not there in a grant of an older version. */
  readonly failed?: readonly string[];
}
/** Whether the operator's permission covers all of these payouts at Lean. Without a permission there must be none. */
export function coversAll(grant: SendGrant | null, payouts: readonly string[]): boolean {
  return payouts.every(id => grant?.payouts.includes(id));
}
/** The same for payouts that Lean has failed. */
export function coversFailed(grant: SendGrant, payouts: readonly string[]): boolean {
  return payouts.every(id => grant.payouts.includes(id) || grant.failed?.includes(id));
}
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
