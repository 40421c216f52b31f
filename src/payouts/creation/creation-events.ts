import type { LeanError } from '../../errors/lean-errors.ts';
import type { StoreUnavailable } from '../../errors/gateway-errors.ts';
import type { PayoutOutcomeUnknown, TransferAnswer } from './creation-answer.ts';
import type { RequestKey } from './payout-record.ts';

/** Events of a creation for those who run the gateway. They contain nothing secret. */
export interface CreationEvents {
  /** The outcome of a payout is unknown. `error`: what came in place of an answer, where something did. */
  unknown(key: RequestKey, answer: PayoutOutcomeUnknown, error: LeanError | undefined): void;
  /** Lean has answered, and it could not be written down: reconciliation finds it at Lean. */
  unrecorded(key: RequestKey, error: StoreUnavailable): void;
  /**
   * Lean named a payout that belongs to another key, or one more payout for a key that has one: somebody must look
   * into it. `intentIds`: the payouts that Lean named.
   */
  alarm(key: RequestKey, what: 'duplicate intent' | 'double payment', intentIds: readonly string[]): void;
  /** Lean has answered, and that is recorded. */
  settled(key: RequestKey, answers: readonly TransferAnswer[]): void;
}
