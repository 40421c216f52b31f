import type { LeanClient } from '../../lean/client.ts';
import type { PayoutIntent } from '../payout-intent.ts';
import type { PayoutReads } from '../payout-reads.ts';
import type { Candidate } from './candidate.ts';
import type { TransferAnswer } from './creation-answer.ts';
import type { Finding } from './finding.ts';
import { answerByOperator, foundAnswer } from './found-answer.ts';
import { readIntent } from './intent-reads.ts';
import { isSameKey, type PayoutRecord, type PayoutRequest } from './payout-record.ts';
import type { PayoutEvidence } from './payout-records.ts';
import { compareAmounts, compareTexts } from './resemblance.ts';

/** Dependencies of the checks before an operator's decision. */
export interface DecisionDependencies {
  readonly client: LeanClient;
  readonly reads: PayoutReads;
  readonly evidence: Pick<PayoutEvidence, 'owners'>;
}

/** How the gateway knows the payout that an operator chose. It is stored with the decision. */
export type KnownBy =
  'list' | 'earlier list' | 'another transfer' | 'record of another key' | 'word of the operator';

/**
 * The sentence after the result that tells the operator how the gateway knows the payout; empty if none is needed.
 */
export const knownByNotes: Readonly<Record<KnownBy, string>> = {
  list: '',
  'earlier list': '',
  'another transfer':
    ' Another transfer of the request has the same intent: that is right only if Lean has made one intent for both.',
  'record of another key':
    ' The record of another key names the same payout, so its caller was given wrong ids: find the payout of that key in Lean’s dashboard.',
  'word of the operator': '',
};

/** The answer to the transfer by the chosen payout, or the reason why the choice is refused. */
export type ChoiceValidation =
  { readonly answer: TransferAnswer; readonly knownBy: KnownBy } | { readonly objection: string };

/** Checks the payout that an operator has chosen for a transfer (`payouts settle --created`). */
export class ChosenPayoutValidator {
  readonly #options: DecisionDependencies;

  constructor(options: DecisionDependencies) {
    this.#options = options;
  }

  /** @throws StoreUnavailable */
  async validate(
    request: PayoutRequest,
    record: PayoutRecord,
    intentId: string,
    { finding, candidates }: { readonly finding: Finding; readonly candidates: readonly Candidate[] },
  ): Promise<ChoiceValidation> {
    const found = (
      { row, intent }: Pick<Candidate, 'row' | 'intent'>,
      knownBy: KnownBy,
    ): ChoiceValidation => ({
      answer: foundAnswer(request, record, intent, row),
      knownBy,
    });
    const listed = candidates.find(
      ({ row, positions }) => row.intentId === intentId && positions.includes(record.position),
    );
    if (listed !== undefined)
      return found(listed, listed.recordedFor === null ? 'list' : 'record of another key');
    const owner = (await this.#options.evidence.owners([intentId])).get(intentId);
    if (owner !== undefined && !isSameKey(owner, request))
      return {
        objection: `The intent ${intentId} belongs to the key ${JSON.stringify(owner.idempotencyKey)}.`,
      };
    if (finding === 'other_application')
      return { answer: answerByOperator(request, record, intentId), knownBy: 'word of the operator' };
    const isOwnedByRequest = owner !== undefined;
    const intent =
      isOwnedByRequest || request.duplicateIntents.includes(intentId)
        ? await readIntent(this.#options, intentId)
        : undefined;
    if (
      intent != null &&
      (isOwnedByRequest ? fits(record, intent) : !belongsToOtherTransfer(request, record, intent))
    )
      // Without an owner it is a payout of this key that Lean has listed before and does not list now.
      return found({ row: intent.payout, intent }, isOwnedByRequest ? 'another transfer' : 'earlier list');
    if (isOwnedByRequest)
      return {
        objection: `The intent ${intentId} belongs to another transfer of this request, and does not match this one.`,
      };
    return {
      objection:
        candidates.length === 0
          ? "Lean's list has no payout that may be this one."
          : `The intent ${intentId} is not among the payouts at Lean that may be this one.`,
    };
  }
}

/** Whether a payout of a batch belongs to another transfer of the batch, by its reference. */
export function belongsToOtherTransfer(
  { records }: PayoutRequest,
  { position, transfer }: PayoutRecord,
  { externalReference }: PayoutIntent,
): boolean {
  if (records.length === 1 || externalReference === transfer.externalReference) return false;
  return (
    records.some(
      other => other.position !== position && other.transfer.externalReference === externalReference,
    ) || compareTexts(transfer.externalReference, externalReference) === 'other'
  );
}

/** Whether a payout may be that of a transfer, by its amount and destination. */
function fits({ transfer }: PayoutRecord, { amount, destination }: PayoutIntent): boolean {
  const destinationId = transfer.destinationId.toLowerCase();
  return (
    compareAmounts(transfer.amount, amount) !== 'other' &&
    (destination?.id.toLowerCase() ?? destinationId) === destinationId
  );
}
