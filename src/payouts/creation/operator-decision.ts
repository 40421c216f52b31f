import type { Candidate } from './candidate.ts';
import { ChosenPayouts, notesByKnowledge, type ChosenPayoutsOptions, type KnownBy } from './chosen-payout.ts';
import type { TransferAnswer } from './creation-answer.ts';
import { objectionTo } from './decision-objection.ts';
import { findings, type Finding } from './finding.ts';
import type { Decision, OperatorRecords } from './operator-records.ts';
import { notTaken, type OutcomeReconciler, type Reconciliation } from './outcome-reconciler.ts';
import { openRecords, type PayoutRecord, type PayoutRequest, type RequestKey } from './payout-record.ts';
import type { PayoutRecords } from './payout-records.ts';
import { isFarAhead, type ResendRule } from './resend-rule.ts';
import type { SendGrant } from './send-history.ts';

export interface OperatorDecisionsOptions extends ChosenPayoutsOptions {
  readonly records: PayoutRecords;
  readonly operator: OperatorRecords;
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
  readonly despite: Finding | null;
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
  readonly #chosen: ChosenPayouts;

  constructor(options: OperatorDecisionsOptions) {
    this.#options = options;
    this.#chosen = new ChosenPayouts(options);
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
    if (wanted.kind === 'created' && listed?.some(id => id === wanted.intentId) === false)
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
    reconciliation: Reconciliation,
  ): Promise<Pick<DecisionResult, 'done' | 'words'>> {
    const { operator } = this.#options;
    const { finding, absence, reading } = reconciliation;
    const candidates = reading?.candidates ?? [];
    const refuse = (words: string) => ({ done: false, words: `${words} Nothing was changed.` });
    const { kind, intentId, despite, by, reason } = wanted;
    let answer: TransferAnswer = notTaken(request, record.position, request.refusal);
    let knownBy: KnownBy | undefined;
    if (kind === 'created') {
      const choice = await this.#chosen.choose(request, record, intentId ?? '', { finding, candidates });
      if ('misfit' in choice) return refuse(choice.misfit);
      ({ answer, knownBy } = choice);
      if (answer.kind === 'rejected')
        return refuse('Lean has failed that payout, so it was not paid: decide --not-paid.');
    } else {
      const wantedNow = { kind, despite };
      const against = await objectionTo(wantedNow, request, record, reconciliation, this.#options);
      if (against !== undefined) return refuse(against);
    }
    const idsOf = (which: readonly Candidate[]): readonly string[] => which.map(({ row }) => row.intentId);
    const evidence = {
      finding,
      absence,
      candidates: idsOf(candidates),
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
      const living = idsOf(candidates.filter(({ failed }) => !failed));
      const grant: SendGrant = {
        finding,
        ...(absence && { absence }),
        payouts: [...new Set([...living, ...request.duplicateIntents])],
        failed: idsOf(candidates.filter(({ failed }) => failed)),
      };
      return (await operator.grantSend(request, grant, decision))
        ? { done: true, words: 'Allowed: it is sent once more when its key comes again.' }
        : overtaken;
    }
    const how = knownBy === undefined ? '' : notesByKnowledge[knownBy];
    return (await operator.settle(request, record.position, answer, decision))
      ? { done: true, words: `Settled, and the decision is kept.${how}` }
      : overtaken;
  }
}

export function noRecord({ caller, idempotencyKey }: RequestKey): string {
  const whose =
    caller === '' ? 'without a caller (--caller names one)' : `of the caller ${JSON.stringify(caller)}`;
  return `There is no record of the key ${JSON.stringify(idempotencyKey)} ${whose}.`;
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
