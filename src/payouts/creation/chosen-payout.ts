import type { LeanClient } from '../../lean/client.ts';
import { LeanError } from '../../errors/lean-errors.ts';
import type { PayoutIntent } from '../payout-intent.ts';
import type { PayoutReads } from '../payout-reads.ts';
import type { Candidate } from './candidate.ts';
import type { TransferAnswer } from './creation-answer.ts';
import type { Finding } from './finding.ts';
import { answerByOperator, foundAnswer } from './found-answer.ts';
import type { PayoutRecord, PayoutRequest, RequestKey } from './payout-record.ts';
import type { PayoutEvidence } from './payout-records.ts';
import { compareAmounts, compareTexts } from './resemblance.ts';

export interface ChosenPayoutsOptions {
  readonly client: LeanClient;
  readonly reads: PayoutReads;
  readonly evidence: Pick<PayoutEvidence, 'owners'>;
}

/** How the payout of a decision is known; kept with the decision. */
export type KnownBy = 'list' | 'earlier list' | 'another transfer' | 'word of the operator';

/** Sentences for the operator about how the gateway knows the payout. */
export const notesByKnowledge: Readonly<Record<KnownBy, string>> = {
  list: '',
  'earlier list': '',
  'another transfer':
    ' Another transfer of the request has the same intent: that is right only where Lean has made one intent of both.',
  'word of the operator': ' Lean could not be asked about it: it rests on your word.',
};

/** The answer that an operator's choice of a payout gives to a transfer, or why that payout is not accepted. */
export type Choice =
  { readonly answer: TransferAnswer; readonly knownBy: KnownBy } | { readonly misfit: string };

/** Judges which payout at Lean an operator may take for a transfer (`payouts settle --created`). */
export class ChosenPayouts {
  readonly #options: ChosenPayoutsOptions;

  constructor(options: ChosenPayoutsOptions) {
    this.#options = options;
  }

  /** @throws StoreUnavailable */
  async choose(
    request: PayoutRequest,
    record: PayoutRecord,
    intentId: string,
    { finding, candidates }: { readonly finding: Finding; readonly candidates: readonly Candidate[] },
  ): Promise<Choice> {
    const found = ({ row, intent }: Pick<Candidate, 'row' | 'intent'>, knownBy: KnownBy): Choice => ({
      answer: foundAnswer(request, record, intent, row),
      knownBy,
    });
    const listed = candidates.find(
      ({ row, positions }) => row.intentId === intentId && positions.includes(record.position),
    );
    if (listed !== undefined) return found(listed, 'list');
    const owner = (await this.#options.evidence.owners([intentId])).get(intentId);
    if (owner !== undefined && !isSameKey(owner, request))
      return { misfit: `The intent ${intentId} belongs to the key ${JSON.stringify(owner.idempotencyKey)}.` };
    if (finding === 'other_application')
      return { answer: answerByOperator(request, record, intentId), knownBy: 'word of the operator' };
    const ofAnotherTransfer = owner !== undefined;
    const intent =
      ofAnotherTransfer || request.duplicateIntents.includes(intentId)
        ? await intentAt(this.#options, intentId)
        : undefined;
    if (intent != null && (ofAnotherTransfer ? fits(record, intent) : !isOfOther(request, record, intent)))
      // Otherwise a payout of this key that Lean has shown before and does not list now.
      return found({ row: intent.payout, intent }, ofAnotherTransfer ? 'another transfer' : 'earlier list');
    if (ofAnotherTransfer)
      return {
        misfit: `The intent ${intentId} is that of another transfer of this request, and does not fit this one.`,
      };
    return {
      misfit:
        candidates.length === 0
          ? "Lean's list has no payout that may be this one."
          : `The intent ${intentId} is not among the payouts at Lean that may be this one.`,
    };
  }
}

/** An intent as Lean has it; null where Lean does not know it, undefined where Lean could not be asked. */
export function intentAt(
  { client, reads }: Pick<ChosenPayoutsOptions, 'client' | 'reads'>,
  intentId: string,
): Promise<PayoutIntent | null | undefined> {
  return reads.intent(intentId, { deadline: client.deadline() }).catch((error: unknown) => {
    if (error instanceof LeanError) return undefined;
    throw error;
  });
}

export function isSameKey(one: RequestKey, other: RequestKey): boolean {
  return one.caller === other.caller && one.idempotencyKey === other.idempotencyKey;
}

/** Whether a payout of a batch is another transfer's, by its reference. */
export function isOfOther(
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

/** Whether a payout can be a transfer by its amount and destination. */
function fits({ transfer }: PayoutRecord, { amount, destination }: PayoutIntent): boolean {
  const destinationId = transfer.destinationId.toLowerCase();
  return (
    compareAmounts(transfer.amount, amount) !== 'other' &&
    (destination?.id.toLowerCase() ?? destinationId) === destinationId
  );
}
