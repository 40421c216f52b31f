import type { LeanError } from '../lean/errors.ts';
import type { TransferAnswer } from './creation-answer.ts';
import type { StoreUnavailable } from './errors.ts';
import type { RequestKey } from './payout-record.ts';

/** What those who run the gateway should hear of; nothing in it is secret. */
export interface CreationEvents {
  /**
   * The outcome of a payout is unknown. `error`: what came in place of an answer; undefined when one came that does
   * not account for each transfer, or none could be waited for.
   */
  unknown(key: RequestKey, error: LeanError | undefined): void;
  /** Lean has answered, and it could not be written down: it will be looked for at Lean. */
  unrecorded(key: RequestKey, error: StoreUnavailable): void;
  /** What should never be, and somebody must look into; see `Settlement`. */
  alarm(key: RequestKey, what: 'foreign' | 'twice'): void;
  /** Lean has answered, and that is recorded. */
  settled(key: RequestKey, answers: readonly TransferAnswer[]): void;
}
