import type { TransferAnswer } from './creation-answer.ts';
import type { Finding, PayoutUnknownReason } from './finding.ts';
import type { PayoutRequest } from './payout-record.ts';
import type { SendGrant, SendHistory } from './send-history.ts';

export interface ListFilter {
  /** Only those of unknown outcome, and those of which Lean has more payouts than transfers. */
  readonly unknownOnly: boolean;
  /** Epoch ms of their creation. */
  readonly since: number | undefined;
  readonly limit: number;
}

/** A decision of an operator, with its reason. */
export interface Decision {
  readonly decision: 'created' | 'not paid' | 'send again';
  readonly intentId: string | null;
  readonly by: string;
  readonly reason: string;
  /** What was known when it was decided, without names and account numbers. */
  readonly evidence: object;
}

/** A decision of an operator about a request, as it was recorded. */
export interface KeptDecision extends Pick<Decision, 'decision'> {
  readonly evidence: {
    /** The position of the transfer. */
    readonly position?: number;
    /** Whether Lean's list proved that Lean did not have the payout, and how often the request had been sent. */
    readonly absence?: Finding;
    readonly sends?: SendHistory;
  };
}

/** How many requests need somebody's attention. */
export interface AttentionCounts {
  readonly open: Readonly<Record<PayoutUnknownReason, number>>;
  /** Age of the oldest open request, in seconds; 0 where there is none. */
  readonly oldestSeconds: Readonly<Record<PayoutUnknownReason, number>>;
  /** Requests of which Lean has more payouts than transfers. */
  readonly duplicates: number;
  /** Lean applications for which nothing is judged absent. */
  readonly doubts: number;
}

/** The records, as operators and their dashboards use them. */
export interface OperatorRecords {
  /** The newest requests first. */
  list(filter: ListFilter): Promise<readonly PayoutRequest[]>;
  attention(): Promise<AttentionCounts>;
  /**
   * Settles a transfer of unknown outcome as an operator has decided, and adds the decision to the trail. False when
   * something has happened to the request since it was read, or another record has the intent.
   */
  settle(
    request: PayoutRequest,
    position: number,
    answer: TransferAnswer,
    decision: Decision,
  ): Promise<boolean>;
  /**
   * Allows one more send at the next repetition of the key, and adds the decision to the trail.
   * @param grant what the operator knew; it ends when Lean shows anything else that may be the payout
   */
  grantSend(request: PayoutRequest, grant: SendGrant, decision: Decision): Promise<boolean>;
  /** Judges absences for a Lean application again. False when they were not doubted. */
  endDoubt(application: string, by: string, reason: string): Promise<boolean>;
  /**
   * Gives the open requests of one Lean application to another one, and adds the decision to the trail. For credentials
   * that were replaced while Lean's list stayed the same.
   * @returns how many requests it gave
   */
  takeOver(from: string, to: string, by: string, reason: string): Promise<number>;
  /** The store's time, epoch ms. */
  now(): Promise<number>;
}
