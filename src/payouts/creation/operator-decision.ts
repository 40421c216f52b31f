import type { LeanClient } from '../../lean/client.ts';
import { LeanError } from '../../lean/errors.ts';
import type { PayoutIntent } from '../payout-intent.ts';
import type { PayoutReads } from '../payout-reads.ts';
import { rowId, type Candidate } from './candidate.ts';
import type { TransferAnswer } from './creation-answer.ts';
import { findings, type Finding } from './finding.ts';
import { answerByOperator, foundAnswer, isFailed } from './found-answer.ts';
import type { Decision, OperatorRecords } from './operator-records.ts';
import { notTaken, type OutcomeReconciler, type Reconciliation } from './outcome-reconciler.ts';
import { isOwn } from './own-payout.ts';
import { openRecords, type PayoutRecord, type PayoutRequest, type RequestKey } from './payout-record.ts';
import type { PayoutEvidence, PayoutRecords } from './payout-records.ts';
import { compareAmounts, compareTexts } from './resemblance.ts';
import { isFarAhead, type ResendRule } from './resend-rule.ts';

export interface OperatorDecisionsOptions {
  readonly client: LeanClient;
  readonly reads: PayoutReads;
  readonly records: PayoutRecords;
  readonly operator: OperatorRecords;
  readonly evidence: Pick<PayoutEvidence, 'owners'>;
  readonly reconciler: OutcomeReconciler;
  readonly rule: ResendRule;
}

/** The decision that an operator asks for, about one transfer of unknown outcome. */
export interface WantedDecision {
  readonly kind: Decision['decision'];
  /** For `created`: the payout at Lean. */
  readonly intentId: string | null;
  readonly by: string;
  readonly reason: string;
  /** Which transfer of a batch; null where only one is open. */
  readonly position: number | null;
  /** Why Lean's list proves nothing, as far as the operator knows; null where it is to be a proof. */
  readonly despite: string | null;
}

/** The result of a decision. Where it is not done, `words` say why nothing was changed. */
export interface DecisionResult {
  readonly done: boolean;
  readonly words: string;
  readonly request: PayoutRequest | undefined;
  readonly candidates: readonly Candidate[];
  /** What Lean's list said of absence; undefined where it was not read. */
  readonly absence?: Finding | undefined;
}

/** How long a reading for a decision may take, in ms: it must not be the reading that keeps a key from being ended. */
const decisionReadingMs = 180_000;

/** Lets operators end payouts that the gateway cannot end by itself. Every decision is kept, with what was known. */
export class OperatorDecisions {
  readonly #options: OperatorDecisionsOptions;

  constructor(options: OperatorDecisionsOptions) {
    this.#options = options;
  }

  /**
   * Looks at Lean once more and then does what was decided, unless something speaks against it. Nothing is sent.
   * @throws StoreUnavailable
   */
  async decide(key: RequestKey, wanted: WantedDecision): Promise<DecisionResult> {
    const { client, records, reconciler, rule } = this.#options;
    await records.recover();
    const request = await records.read(key);
    const early = request === undefined ? noRecord(key) : this.#tooEarly(request);
    if (request === undefined || early !== undefined)
      return { done: false, words: early ?? '', request, candidates: [] };
    const deadline = () => Math.max(client.deadline(), performance.now() + decisionReadingMs);
    let reconciliation = await reconciler.reconcile(request, deadline());
    // It may have come later than the resend delay allows.
    const listed = reconciliation.reading?.candidates.map(({ row }) => row.intentId);
    if (wanted.kind === 'created' && listed?.includes(wanted.intentId) === false)
      reconciliation = await reconciler.reconcile(request, deadline(), { untilNow: true });
    const { reading } = reconciliation;
    const now = await records.read(key);
    const candidates = reading?.candidates ?? [];
    if (now === undefined)
      return {
        done: wanted.kind === 'send again',
        words:
          'Lean had turned it away, and is proven not to have it: the key is free again, and is sent when it comes again.',
        request,
        candidates,
      };
    const { absence } = reconciliation;
    const refuse = (words: string): DecisionResult => ({
      done: false,
      words,
      request: now,
      candidates,
      absence,
    });
    if (openRecords(now).length === 0)
      return {
        done: now.records.some(record => isDecided(record, wanted)),
        words: `Lean's list has settled it as ${now.records.map(({ state }) => state).join(', ')}. Your decision was not needed, and is not kept.`,
        request: now,
        candidates,
      };
    const isForeign = reconciliation.finding === 'other_application';
    // The application may be gone, and its list with it: then the word of the operator is all that there is.
    if (isForeign && wanted.kind === 'send again')
      return refuse(
        `It was sent for the Lean application ${String(now.application)}: decide with the credentials of that one, or see accept-application. Nothing was changed.`,
      );
    if (reading === undefined && !isForeign)
      return refuse(
        `Lean could not be asked (${String(reconciliation.error?.message)}). Nothing was changed.`,
      );
    if (!rule.mayDecide(now.sends, { storeNow: now.readAt, leanNow: reading?.leanNow }))
      return refuse(
        'The resend delay has not passed by both clocks yet: Lean may still take it. Nothing was changed.',
      );
    const record = chosen(now, wanted.position);
    if (record === undefined)
      return refuse(
        wanted.position === null
          ? 'Several transfers are open: say which one with --transfer. Nothing was changed.'
          : `Transfer ${String(wanted.position)} is not open. Nothing was changed.`,
      );
    const done = await this.#do(now, record, wanted, reconciliation);
    const after = (await records.read(key)) ?? now;
    return { ...done, request: after, candidates, absence };
  }

  #tooEarly(request: PayoutRequest): string | undefined {
    const { rule } = this.#options;
    if (openRecords(request).length === 0) return 'It is settled already. Nothing was changed.';
    if (request.inFlight) return 'A gateway is sending it right now. Nothing was changed.';
    const { sends, readAt } = request;
    const end = (sends.until ?? readAt) + rule.proofDelayOf(sends, readAt);
    // A time that lies far ahead was noted by a clock that was wrong: the look at Lean starts the delay anew.
    if (isFarAhead(sends.until, readAt)) return undefined;
    return !rule.mayDecide(sends, { storeNow: readAt, leanNow: undefined })
      ? `The resend delay has not passed: decide after ${new Date(end).toISOString()}. Nothing was changed.`
      : undefined;
  }

  async #do(
    request: PayoutRequest,
    record: PayoutRecord,
    wanted: WantedDecision,
    { finding, absence, reading }: Reconciliation,
  ): Promise<Pick<DecisionResult, 'done' | 'words'>> {
    const { operator } = this.#options;
    const candidates = reading?.candidates ?? [];
    const refuse = (words: string) => ({ done: false, words: `${words} Nothing was changed.` });
    const shown = await this.#liveDuplicates(request, record, wanted, { finding, reading });
    const against =
      objection(request, record, wanted, { candidates, shown }) ?? unprovenObjection(wanted, absence);
    if (against !== undefined) return refuse(against);
    const payouts = candidates.map(({ row }) => rowId(row));
    const { kind, intentId, by, reason } = wanted;
    let answer: TransferAnswer = notTaken(request, record.position, request.refusal);
    let knownBy: KnownBy | undefined;
    if (kind === 'created') {
      const chosen = await this.#chosenPayout(request, record, intentId, { finding, candidates });
      if (chosen === undefined) return refuse(await this.#misfit(request, intentId, candidates));
      ({ answer, knownBy } = chosen);
      if (answer.kind === 'rejected')
        return refuse('Lean has failed that payout, so it was not paid: decide --not-paid.');
    }
    const evidence = {
      finding,
      absence,
      candidates: payouts,
      knownBy,
      duplicateIntents: request.duplicateIntents,
      sends: request.sends,
      position: record.position,
    };
    const decision: Decision = { decision: kind, intentId, by, reason, evidence };
    const overtaken = refuse('Something has happened to it meanwhile: look again.');
    if (kind === 'send again') {
      if (reading?.leanNow === undefined)
        return refuse(`It cannot be sent again: ${findings.lean_time_unknown.words}.`);
      const judged = [...new Set([...payouts, ...request.duplicateIntents])];
      return (await operator.grantSend(
        request,
        { finding, ...(absence && { absence }), payouts: judged },
        decision,
      ))
        ? { done: true, words: 'Allowed: it is sent once more when its key comes again.' }
        : overtaken;
    }
    const how = knownBy === undefined ? '' : notesByKnowledge[knownBy];
    return (await operator.settle(request, record.position, answer, decision))
      ? { done: true, words: `Settled, and the decision is kept.${how}` }
      : overtaken;
  }

  /** The payout that an operator takes for a transfer, and how it is known; undefined where it is not accepted. */
  async #chosenPayout(
    request: PayoutRequest,
    record: PayoutRecord,
    intentId: string | null,
    { finding, candidates }: { readonly finding: Finding; readonly candidates: readonly Candidate[] },
  ): Promise<{ readonly answer: TransferAnswer; readonly knownBy: KnownBy } | undefined> {
    if (intentId === null) return undefined;
    const found = ({ row, intent }: Pick<Candidate, 'row' | 'intent'>, knownBy: KnownBy) => ({
      answer: foundAnswer(request, record, intent, row),
      knownBy,
    });
    const listed = candidateOf(candidates, record, intentId);
    if (listed !== undefined) return found(listed, 'list');
    const owner = (await this.#options.evidence.owners([intentId])).get(intentId);
    const isOfRequest = owner?.caller === request.caller && owner.idempotencyKey === request.idempotencyKey;
    if (owner !== undefined && !isOfRequest) return undefined;
    if (finding === 'other_application')
      return { answer: answerByOperator(request, record, intentId), knownBy: 'word of the operator' };
    if (!isOfRequest && !request.duplicateIntents.includes(intentId)) return undefined;
    const intent = await this.#intent(intentId);
    if (intent == null) return undefined;
    const { payout: row } = intent;
    if (isOfRequest) return fits(record, intent) ? found({ row, intent }, 'another transfer') : undefined;
    // A payout of this key that Lean has shown before and does not list now.
    return isOfOther(request, record, intent) ? undefined : found({ row, intent }, 'earlier list');
  }

  /**
   * Payouts of a transfer that Lean has shown, and that it may still have. Failed ones do not count, nor those that an
   * operator has given to another key; nor do, unless the key is to be sent again, those that Lean does not know any more.
   */
  async #liveDuplicates(
    request: PayoutRequest,
    record: PayoutRecord,
    { kind }: WantedDecision,
    { finding, reading }: Pick<Reconciliation, 'finding' | 'reading'>,
  ): Promise<readonly string[]> {
    const { records, duplicateIntents } = request;
    // Another application does not know them, whatever became of them; nor can it tell which transfer they were of.
    if (finding === 'other_application') return records.length > 1 ? [] : duplicateIntents;
    const candidates = reading?.candidates ?? [];
    const owners = await this.#options.evidence.owners(duplicateIntents);
    const live: string[] = [];
    for (const intentId of duplicateIntents.filter(id => isFree(request, owners.get(id)))) {
      const listed = candidates.find(({ row }) => row.intentId === intentId);
      if (listed?.failed === true) continue;
      const intent = await this.#intent(intentId);
      const isGone = intent === null && kind !== 'send again';
      const isDead = intent != null && isFailed(intent.payout, intent);
      const isOther = intent != null && isOfOther(request, record, intent);
      if (!isGone && !isDead && !isOther) live.push(intentId);
    }
    return live;
  }

  /** Null where Lean does not know it, undefined where Lean could not be asked. */
  async #intent(intentId: string): Promise<PayoutIntent | null | undefined> {
    const { client, reads } = this.#options;
    return reads.intent(intentId, { deadline: client.deadline() }).catch((error: unknown) => {
      if (error instanceof LeanError) return undefined;
      throw error;
    });
  }

  /** Why an intent is not the payout in question. */
  async #misfit(
    request: PayoutRequest,
    intentId: string | null,
    candidates: readonly Candidate[],
  ): Promise<string> {
    const owner =
      intentId === null ? undefined : (await this.#options.evidence.owners([intentId])).get(intentId);
    if (owner?.caller === request.caller && owner.idempotencyKey === request.idempotencyKey)
      return `The intent ${String(intentId)} is that of another transfer of this request, and does not fit this one.`;
    if (owner !== undefined)
      return `The intent ${String(intentId)} belongs to the key ${JSON.stringify(owner.idempotencyKey)}.`;
    return candidates.length === 0
      ? "Lean's list has no payout that may be this one."
      : `The intent ${String(intentId)} is not among the payouts at Lean that may be this one.`;
  }
}

/** How the payout of a decision is known; kept with the decision. */
type KnownBy = 'list' | 'earlier list' | 'another transfer' | 'word of the operator';

/** What is said of it. */
const notesByKnowledge: Readonly<Record<KnownBy, string>> = {
  list: '',
  'earlier list': '',
  'another transfer':
    ' Another transfer of the request has the same intent: that is right only where Lean has made one intent of both.',
  'word of the operator': ' Lean could not be asked about it: it rests on your word.',
};

/** Whether a payout can be a transfer by its amount and destination. */
function fits({ transfer }: PayoutRecord, { amount, destination }: PayoutIntent): boolean {
  const destinationId = transfer.destinationId.toLowerCase();
  return (
    compareAmounts(transfer.amount, amount) !== 'other' &&
    (destination?.id.toLowerCase() ?? destinationId) === destinationId
  );
}

/** Whether no other request has a payout. */
function isFree({ caller, idempotencyKey }: RequestKey, owner: RequestKey | undefined): boolean {
  return owner === undefined || (owner.caller === caller && owner.idempotencyKey === idempotencyKey);
}

/** Whether a payout of a batch is another transfer's, by its reference. */
function isOfOther(
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

export function noRecord({ caller, idempotencyKey }: RequestKey): string {
  const whose =
    caller === '' ? 'without a caller (--caller names one)' : `of the caller ${JSON.stringify(caller)}`;
  return `There is no record of the key ${JSON.stringify(idempotencyKey)} ${whose}.`;
}

/** The reason for refusing a decision by what Lean has and the record says; undefined where there is none. */
function objection(
  { records, refusal }: PayoutRequest,
  record: PayoutRecord,
  { kind, despite }: WantedDecision,
  { candidates, shown }: { readonly candidates: readonly Candidate[]; readonly shown: readonly string[] },
): string | undefined {
  if (kind === 'created') return undefined;
  const unread = candidates.filter(candidate => candidate.unread && !candidate.failed);
  if (unread.length > 0 && despite !== 'lean_unavailable')
    return `Lean could not show ${unread.map(({ row }) => rowId(row)).join(', ')}, which may be it: try again later. If Lean can never show it, and you know that it is another one, add --despite lean_unavailable.`;
  const certain = candidates.filter(candidate => !candidate.failed && isOwn(candidate, record));
  const known = [...new Set([...certain.map(({ row }) => rowId(row)), ...shown])];
  if (known.length > 0)
    return `Lean has a payout with its reference (${known.join(', ')}): decide --created.`;
  if (kind === 'not paid') return undefined;
  if (records.length > 1) return 'A batch is never sent again: ask for what is missing under a new key.';
  if (refusal !== null)
    return 'Lean has refused it, so it is never sent again: decide --created or --not-paid.';
  return undefined;
}

/**
 * The reason for refusing a decision by which Lean has not taken the payout, where Lean's list proves nothing about it
 * and the operator has not said that it is made all the same.
 */
function unprovenObjection(
  { kind, despite }: WantedDecision,
  absence: Finding | undefined,
): string | undefined {
  if (kind === 'created' || absence === undefined || absence === 'absent' || absence === despite)
    return undefined;
  return `Lean's list proves nothing about it. If you know from elsewhere that Lean has not taken it, add --despite ${absence}.`;
}

function candidateOf(
  candidates: readonly Candidate[],
  { position }: PayoutRecord,
  intentId: string | null,
): Candidate | undefined {
  return candidates.find(({ row, positions }) => row.intentId === intentId && positions.includes(position));
}

/** Whether a record says what an operator wanted to decide. */
function isDecided({ position, state, intentId }: PayoutRecord, wanted: WantedDecision): boolean {
  if (wanted.position !== null && wanted.position !== position) return false;
  if (wanted.kind === 'created') return state === 'created' && intentId === wanted.intentId;
  return wanted.kind === 'not paid' && state === 'rejected';
}

function chosen(request: PayoutRequest, position: number | null): PayoutRecord | undefined {
  const open = openRecords(request);
  if (position === null) return open.length === 1 ? open[0] : undefined;
  return open.find(record => record.position === position);
}
