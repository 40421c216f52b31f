import type { LeanError } from '../../errors/lean-errors.ts';
import type { StoreUnavailable } from '../../errors/gateway-errors.ts';
import type { PayoutOutcomeUnknown, TransferAnswer } from './creation-answer.ts';
import type { RequestKey } from './payout-record.ts';

/** Events of a creation, for logs and metrics. They contain no secrets. */
export interface CreationEvents {
  /** The outcome of a payout is unknown. `error`: the error of the call to Lean, if there was one. */
  unknown(key: RequestKey, answer: PayoutOutcomeUnknown, error: LeanError | undefined): void;
  /** A result could not be written to the store. Reconciliation reads it from Lean later. */
  unrecorded(key: RequestKey, error: StoreUnavailable): void;
  /**
   * Somebody must investigate. `duplicate intent`: Lean answered with a payout that belongs to another key. `double
   * payment`: Lean answered with a payout for a key that has another one already. `intentIds`: the payouts of the
   * answer.
   */
  alarm(key: RequestKey, kind: 'duplicate intent' | 'double payment', intentIds: readonly string[]): void;
  /** Lean's answer is recorded. */
  settled(key: RequestKey, answers: readonly TransferAnswer[]): void;
}
