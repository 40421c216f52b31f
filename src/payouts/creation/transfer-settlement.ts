import type { Candidate } from './candidate.ts';
import type { TransferAnswer } from './creation-answer.ts';
import { foundAnswer } from './found-answer.ts';
import type { PayoutRecord, PayoutRequest } from './payout-record.ts';

export interface FoundTransfer {
  readonly position: number;
  readonly answer: TransferAnswer;
}

export interface TransferSettlement {
  /** The answer by the payout that Lean has. */
  readonly found?: FoundTransfer;
  /** The answer by a failed payout. It becomes final once Lean can no longer accept another copy of the request. */
  readonly failed?: FoundTransfer;
  /** Whether the outcome is unknown and Lean has several payouts of the transfer. */
  readonly several: boolean;
  /** Intents at Lean in addition to the one payout of the transfer. */
  readonly duplicates: readonly string[];
}

/**
 * Determines the outcome of one transfer from the payouts that Lean has.
 * @param own the payouts of the request; each transfer has a reference of its own
 */
export function settlementOf(
  request: PayoutRequest,
  record: PayoutRecord,
  own: readonly Candidate[],
): TransferSettlement {
  const ofTransfer = own.filter(({ positions }) => positions.includes(record.position));
  const live = ofTransfer.filter(({ failed }) => !failed);
  const isOpen = record.answer === null;
  if (live.length > (isOpen ? 1 : 0))
    return { several: isOpen, duplicates: live.map(({ row }) => row.intentId) };
  if (!isOpen) return { several: false, duplicates: [] };
  const found = ({ intent, row }: Candidate): FoundTransfer => ({
    position: record.position,
    answer: foundAnswer(request, record, intent, row),
  });
  const [livePayout] = live;
  if (livePayout !== undefined) return { found: found(livePayout), several: false, duplicates: [] };
  const [failedPayout] = ofTransfer;
  if (failedPayout === undefined) return { several: false, duplicates: [] };
  return { failed: found(failedPayout), several: false, duplicates: [] };
}
