import type { Candidate } from './candidate.ts';
import {
  ChosenPayoutValidator,
  knownByNotes,
  type DecisionDependencies,
  type KnownBy,
} from './chosen-payout.ts';
import type { TransferAnswer } from './creation-answer.ts';
import { applicationObjection, findObjection, notAskedNote } from './decision-objection.ts';
import { findings, type Finding } from './finding.ts';
import type { Decision, OperatorRecords } from './operator-records.ts';
import { notAcceptedRejection, type OutcomeReconciler, type Reconciliation } from './outcome-reconciler.ts';
import { openRecords, type PayoutRecord, type PayoutRequest, type RequestKey } from './payout-record.ts';
import type { PayoutRecords } from './payout-records.ts';
import { isFarAhead, type ResendRule } from './resend-rule.ts';
import type { SendGrant } from './send-history.ts';

export interface OperatorDecisionsOptions extends DecisionDependencies {
  readonly records: PayoutRecords;
  readonly operator: OperatorRecords;
  readonly reconciler: OutcomeReconciler;
  readonly rule: ResendRule;
  /** The Lean application of the operator's credentials. */
  readonly application: string;
}

/** The decision that an operator requests about one transfer of unknown outcome. */
export interface DecisionRequest {
  readonly kind: Decision['decision'];
  /** For `created`: the intent of the payout at Lean. */
  readonly intentId: string | null;
  readonly by: string;
  readonly reason: string;
  /** Position of the transfer in its request, from 0; null if only one transfer is open. */
  readonly position: number | null;
  /**
   * Why Lean's list proves nothing, if the operator decides in spite of that; null if the list must prove the
   * absence. `other_application`: Lean cannot be asked, because the application of the payout no longer exists.
   */
  readonly despite: Finding | null;
}

/** The result of a decision. */
export interface DecisionResult {
  /** Whether the decision was carried out, or the request is in the wanted state already. */
  readonly done: boolean;
  /** For the operator: what was done, or why nothing was changed. */
  readonly message: string;
  readonly request: PayoutRequest | undefined;
  readonly candidates: readonly Candidate[];
  /** Whether Lean's list proves an absence: `absent`, or why not. Undefined if the list was not read. */
  readonly absence?: Finding | undefined;
}

/** The time limit for reading Lean's list before a decision, in ms. A slow list must not prevent the decision. */
const decisionReadingMs = 180_000;

/** Carries out operators' decisions about payouts that the gateway cannot settle itself, and stores each decision. */
export class OperatorDecisions {
  readonly #options: OperatorDecisionsOptions;
  readonly #payoutValidator: ChosenPayoutValidator;

  constructor(options: OperatorDecisionsOptions) {
    this.#options = options;
    this.#payoutValidator = new ChosenPayoutValidator(options);
  }

  /**
   * Reads Lean's list once more and then carries out the decision, unless the result contradicts it. Nothing is sent.
   * @throws StoreUnavailable
   */
  async decide(key: RequestKey, decision: DecisionRequest): Promise<DecisionResult> {
    const { client, records, reconciler, rule, application } = this.#options;
    await records.recover();
    const request = await records.read(key);
    const obstacle = request === undefined ? noRecordMessage(key) : this.#obstacleOf(request);
    if (request === undefined || obstacle !== undefined)
      return { done: false, message: obstacle ?? '', request, candidates: [] };
    const deadline = () => Math.max(client.deadline(), performance.now() + decisionReadingMs);
    let reconciliation = await reconciler.reconcile(request, deadline());
    // Lean may have created the chosen payout after the end of the resend delay, so the list is read up to now.
    const listed = reconciliation.reading?.candidates.map(({ row }) => row.intentId);
    if (decision.kind === 'created' && listed?.some(id => id === decision.intentId) === false)
      reconciliation = await reconciler.reconcile(request, deadline(), { untilNow: true });
    const { reading } = reconciliation;
    const current = await records.read(key);
    const candidates = reading?.candidates ?? [];
    if (current === undefined)
      return {
        done: decision.kind === 'send again',
        message:
          'Lean had refused every send of it with 401, 403 or 429, and is proven not to have it: the key is free again, and the next request with it is sent.',
        request,
        candidates,
      };
    const { absence } = reconciliation;
    const refuse = (message: string): DecisionResult => ({
      done: false,
      message,
      request: current,
      candidates,
      absence,
    });
    if (openRecords(current).length === 0)
      return {
        done: current.records.some(record => isDecided(record, decision)),
        message: `Lean's list has settled it as ${current.records.map(({ state }) => state).join(', ')}. Your decision was not needed, and is not kept.`,
        request: current,
        candidates,
      };
    const isOtherApplication = reconciliation.finding === 'other_application';
    const objection = applicationObjection(decision, current, isOtherApplication ? application : undefined);
    if (objection !== undefined) return refuse(`${objection} Nothing was changed.`);
    if (reading === undefined && !isOtherApplication)
      return refuse(
        `Lean's list could not be read (${String(reconciliation.error?.message)}), so nothing can be decided now, even with ` +
          '--despite: try again once Lean can be read. Nothing was changed.',
      );
    if (!rule.mayDecide(current.sends, { storeNow: current.readAt, leanNow: reading?.leanNow }))
      return refuse(
        'The resend delay has not passed yet on both clocks: Lean may still accept the payout. Nothing was changed.',
      );
    const record = openRecordAt(current, decision.position);
    if (record === undefined)
      return refuse(
        decision.position === null
          ? 'Several transfers are open: say which one with --transfer. Nothing was changed.'
          : `Transfer ${String(decision.position)} is not open. Nothing was changed.`,
      );
    const result = await this.#carryOut(current, record, decision, reconciliation);
    const after = (await records.read(key)) ?? current;
    return { ...result, request: after, candidates, absence };
  }

  /** Why no decision is possible now, known without reading Lean; undefined if one may be possible. */
  #obstacleOf(request: PayoutRequest): string | undefined {
    const { rule } = this.#options;
    if (openRecords(request).length === 0) return 'It is settled already. Nothing was changed.';
    if (request.inFlight) return 'A gateway is sending it right now. Nothing was changed.';
    const { sends, readAt } = request;
    const end = (sends.until ?? readAt) + rule.proofDelayOf(sends, readAt);
    // A time far in the future was written by a wrong clock. The reconciliation read then restarts the delay.
    if (isFarAhead(sends.until, readAt)) return undefined;
    return !rule.mayDecide(sends, { storeNow: readAt, leanNow: undefined })
      ? `The resend delay has not passed: decide after ${new Date(end).toISOString()}. Nothing was changed.`
      : undefined;
  }

  async #carryOut(
    request: PayoutRequest,
    record: PayoutRecord,
    { kind, intentId, despite, by, reason }: DecisionRequest,
    reconciliation: Reconciliation,
  ): Promise<Pick<DecisionResult, 'done' | 'message'>> {
    const { operator } = this.#options;
    const { finding, absence, reading } = reconciliation;
    const candidates = reading?.candidates ?? [];
    const refuse = (why: string) => ({ done: false, message: `${why} Nothing was changed.` });
    let answer: TransferAnswer = notAcceptedRejection(request, record.position, request.refusal);
    let knownBy: KnownBy | undefined;
    if (kind === 'created') {
      const choice = await this.#payoutValidator.validate(request, record, intentId ?? '', {
        finding,
        candidates,
      });
      if ('objection' in choice) return refuse(choice.objection);
      ({ answer, knownBy } = choice);
      if (answer.kind === 'rejected')
        return refuse('Lean has failed that payout, so it was not paid: settle it with --not-paid.');
    } else {
      const objection = await findObjection(
        { kind, despite },
        request,
        record,
        reconciliation,
        this.#options,
      );
      if (objection !== undefined) return refuse(objection);
    }
    const idsOf = (some: readonly Candidate[]): readonly string[] => some.map(({ row }) => row.intentId);
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
    const changedMeanwhile = refuse('The request has changed meanwhile: read it again.');
    if (kind === 'send again') {
      if (reading?.leanNow === undefined)
        return refuse(`It cannot be sent again: ${findings.lean_time_unknown.description}.`);
      const live = idsOf(candidates.filter(({ failed }) => !failed));
      const grant: SendGrant = {
        finding,
        ...(absence && { absence }),
        payouts: [...new Set([...live, ...request.duplicateIntents])],
        failed: idsOf(candidates.filter(({ failed }) => failed)),
      };
      return (await operator.grantSend(request, grant, decision))
        ? { done: true, message: 'Allowed: it is sent once more when its key is repeated.' }
        : changedMeanwhile;
    }
    const knownNote = knownBy === undefined ? '' : knownByNotes[knownBy];
    const note = finding === 'other_application' ? notAskedNote(request) : knownNote;
    const isRecordedForOther = knownBy === 'record of another key';
    return (await operator.settle(request, record.position, answer, decision, { isRecordedForOther }))
      ? { done: true, message: `Settled, and the decision is kept.${note}` }
      : changedMeanwhile;
  }
}

/** Tells an operator that a key has no record. */
export function noRecordMessage({ caller, idempotencyKey }: RequestKey): string {
  const whose =
    caller === '' ? 'without a caller (--caller names one)' : `of the caller ${JSON.stringify(caller)}`;
  return `There is no record of the key ${JSON.stringify(idempotencyKey)} ${whose}.`;
}

/** Whether a record already has the outcome that an operator wants to decide. */
function isDecided({ position, state, intentId }: PayoutRecord, wanted: DecisionRequest): boolean {
  if (wanted.position !== null && wanted.position !== position) return false;
  if (wanted.kind === 'created') return state === 'created' && intentId === wanted.intentId;
  return wanted.kind === 'not paid' && state === 'rejected';
}

/** The open record at a position, or the only open one for null; undefined if there is none. */
function openRecordAt(request: PayoutRequest, position: number | null): PayoutRecord | undefined {
  const open = openRecords(request);
  if (position === null) return open.length === 1 ? open[0] : undefined;
  return open.find(record => record.position === position);
}
