import type { TransferAnswer } from './creation-answer.ts';
import type { Finding, PayoutUnknownReason } from './finding.ts';
import type { PayoutRequest } from './payout-record.ts';
import type { SendGrant, SendHistory } from './send-history.ts';

export interface ListFilter {
  /** Only requests with an unknown outcome, and those of which Lean has more payouts than transfers. */
  readonly unknownOnly: boolean;
  /** Only requests created since then, epoch ms. */
  readonly since: number | undefined;
  readonly limit: number;
}

/** An operator's decision and its reason. */
export interface Decision {
  readonly decision: 'created' | 'not paid' | 'send again';
  readonly intentId: string | null;
  readonly by: string;
  readonly reason: string;
  /** The facts on which the decision was based. They contain no names and no account numbers. */
  readonly evidence: object;
}

/** An operator's decision about a request, as read from the store. */
export interface RecordedDecision extends Pick<Decision, 'decision'> {
  readonly evidence: {
    /** Position of the transfer in its request, from 0. */
    readonly position?: number;
    /** `absent` if Lean's list proved that Lean did not have the payout; otherwise the reason why it did not. */
    readonly absence?: Finding;
    /** The sends of the request before the decision. */
    readonly sends?: SendHistory;
  };
}

/** The number of requests that need attention. */
export interface AttentionCounts {
  readonly open: Readonly<Record<PayoutUnknownReason, number>>;
  /** Age of the oldest open request, in seconds; 0 if there is none. */
  readonly oldestSeconds: Readonly<Record<PayoutUnknownReason, number>>;
  /** Requests of which Lean has more payouts than transfers. */
  readonly duplicates: number;
  /** Lean applications whose list is not accepted as a proof of absence. */
  readonly doubts: number;
}

/** The operations on records for operators and dashboards. */
export interface OperatorRecords {
  /** Lists requests, the newest first. */
  list(filter: ListFilter): Promise<readonly PayoutRequest[]>;
  attention(): Promise<AttentionCounts>;
  /**
   * Settles a transfer of unknown outcome by an operator's decision, and adds the decision to the audit trail.
   * @param options.isRecordedForOther whether the operator knows that the record of another key names the same intent
   * @returns false if the request has changed since it was read, or if another record has the intent
   */
  settle(
    request: PayoutRequest,
    position: number,
    answer: TransferAnswer,
    decision: Decision,
    options?: { readonly isRecordedForOther?: boolean },
  ): Promise<boolean>;
  /**
   * Allows one more send at the next repetition of the key, and adds the decision to the audit trail.
   * @param grant what the operator knew; the permission ends when Lean shows another payout that may be this one
   * @returns false if the request has changed since it was read
   */
  grantSend(request: PayoutRequest, grant: SendGrant, decision: Decision): Promise<boolean>;
  /**
   * Accepts the list of a Lean application as a proof of absence again.
   * @returns false if it was not doubted
   */
  endDoubt(application: string, by: string, reason: string): Promise<boolean>;
  /**
   * Moves the open requests of one Lean application to another one, and adds the decision to the audit trail. It is
   * for credentials that were replaced while Lean's list stayed the same.
   * @returns the number of moved requests
   */
  takeOver(from: string, to: string, by: string, reason: string): Promise<number>;
  /** The store's time, epoch ms. */
  now(): Promise<number>;
}
