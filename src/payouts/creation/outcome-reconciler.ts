import { LeanError } from '../../errors/lean-errors.ts';
import type { Candidate } from './candidate.ts';
import { type PayoutRejected, type TransferAnswer, wholly } from './creation-answer.ts';
import { findings, type Finding } from './finding.ts';
import { missedPayouts, type MissedPayout } from './missed-payouts.ts';
import { isOwn, isOwnOfSettled } from './own-payout.ts';
import type { PayoutMatcher, Reading } from './payout-matcher.ts';
import { allSendsTurnedAway, openRecords, type PayoutRequest, type RequestKey } from './payout-record.ts';
import type { ReconciliationRecords } from './payout-records.ts';
import type { ResendRule } from './resend-rule.ts';
import { coversFailed, coversAll } from './send-history.ts';
import { duplicateIntents } from './duplicate-payouts.ts';

export interface ReconciliationEvents {
  /** A transfer of unknown outcome is settled: Lean has it, or is proven not to have it. */
  settled(key: RequestKey, answer: TransferAnswer): void;
  /** Lean was read, or could not be, and the request is not settled. */
  open(key: RequestKey, finding: Finding, checks: number): void;
  /** Lean has more payouts of a request than it has transfers: money may have moved twice. */
  duplicates(key: RequestKey, intentIds: readonly string[]): void;
  /** An audit could not read the list whole, or an intent in it: a payout that came late may not have been seen. */
  auditIncomplete(key: RequestKey): void;
  /** Lean's list lacked a payout that Lean had taken: nothing is judged absent any more. */
  absenceDoubted(key: RequestKey, intentId: string): void;
}

export interface OutcomeReconcilerOptions {
  readonly records: ReconciliationRecords;
  readonly matcher: PayoutMatcher;
  readonly rule: ResendRule;
  /** The Lean application that this gateway speaks for. */
  readonly application: string;
  readonly events?: Partial<ReconciliationEvents>;
}

/** The result of a reconciliation. */
export interface Reconciliation {
  readonly finding: Finding;
  /**
   * What Lean's list says of absence, whatever the finding: `absent`, or why it proves nothing. Undefined where it was
   * not read.
   */
  readonly absence?: Finding | undefined;
  /** Whether Lean is proven to have nothing of what is still open. */
  readonly proven: boolean;
  /** Undefined where Lean was not read, or could not be. */
  readonly reading: Reading | undefined;
  readonly error?: LeanError;
}

/** Finds out, by reading Lean's list, what became of one request whose outcome is unknown. It never sends anything. */
export class OutcomeReconciler {
  readonly #options: OutcomeReconcilerOptions;

  constructor(options: OutcomeReconcilerOptions) {
    this.#options = options;
  }

  /**
   * Reads Lean's list once, records what it tells of the request, and rejects what Lean is proven not to have, where
   * that is never sent again.
   * @param request as it was read when the turn to look was taken
   * @param deadline on the clock of `performance.now()`
   * @param options.untilNow whether the list is read up to now, for a payout that came later than it may
   * @throws StoreUnavailable
   */
  async reconcile(
    request: PayoutRequest,
    deadline: number,
    { untilNow = false }: { readonly untilNow?: boolean } = {},
  ): Promise<Reconciliation> {
    const { application, matcher } = this.#options;
    if (request.application !== null && request.application !== application)
      return { finding: 'other_application', proven: false, reading: undefined };
    try {
      return await this.#judge(request, await matcher.search(request, { deadline, untilNow }));
    } catch (error) {
      if (!(error instanceof LeanError)) throw error;
      return this.#open(request, { finding: 'lean_unavailable', proven: false, reading: undefined, error });
    }
  }

  /**
   * Looks for a request that was not sent by this record, as if it had been sent at some time within `lookbackMs`.
   * Undefined where that cannot be told.
   * @throws StoreUnavailable
   */
  async lookFirst(
    request: PayoutRequest,
    lookbackMs: number,
    deadline: number,
  ): Promise<Reading | undefined> {
    const { records, matcher, application } = this.#options;
    if ((await records.doubt(application)) !== undefined) return undefined;
    const { readAt } = request;
    const sends = { ...request.sends, count: 1, firstAt: readAt, lookbackMs, until: readAt };
    try {
      return await matcher.search({ ...request, sends }, { deadline });
    } catch (error) {
      if (error instanceof LeanError) return undefined;
      throw error;
    }
  }

  /**
   * Reads Lean's list once more for a settled request, because Lean may have another copy of it. Operators are told of
   * payouts of the request that its callers were not told of.
   * @throws LeanError, StoreUnavailable
   */
  async audit(request: PayoutRequest, deadline: number): Promise<void> {
    if (request.application !== null && request.application !== this.#options.application) return;
    const { matcher, events = {} } = this.#options;
    const reading = await matcher.search(request, { deadline, untilNow: true });
    // Whatever an operator has judged: with the reference of the request it is the request's own.
    const own = reading.candidates.filter(
      each => !each.failed && request.records.some(record => isOwnOfSettled(each, record)),
    );
    await this.#tellDuplicates(request, { duplicates: duplicateIntents(request, reading, own) });
    const decisions = await this.#options.records.decisions(request);
    await this.#doubtAbsence(request, missedPayouts(request, reading, own, decisions));
    const unread = reading.candidates.some(
      each => each.unread && !request.judgedPayouts.includes(each.row.intentId),
    );
    if (!reading.isWhole || unread) events.auditIncomplete?.(request);
  }

  async #judge(request: PayoutRequest, reading: Reading): Promise<Reconciliation> {
    const { records, rule, events = {} } = this.#options;
    await this.#tellDuplicates(request, reading);
    for (const { position, answer } of reading.found)
      if (await records.found(request, position, answer)) events.settled?.(request, answer);
    const { sends, readAt: storeNow } = request;
    const { leanNow } = reading;
    const absence = await this.#absenceOf(reading);
    const { grant } = sends;
    if (grant !== null && !coversAll(grant, idsOf(reading, { failed: false })))
      await records.endGrant(request);
    if (reading.found.length === openRecords(request).length || leanNow === undefined)
      return this.#open(request, { finding: reading.finding, absence, proven: false, reading });
    if (rule.mustRestart(sends, { storeNow, leanNow })) await records.restartDelay(request, leanNow);
    const finding = findingOf(request, reading, absence);
    if (finding !== 'absent') return this.#open(request, { finding, absence, proven: false, reading });
    const proven = rule.hasPassed(sends, { storeNow, leanNow });
    if (proven && (await this.#settleAbsent(request, reading))) return { finding, absence, proven, reading };
    const decided = proven && !rule.allows(request) ? 'needs_decision' : finding;
    return this.#open(request, { finding: decided, absence, proven, reading });
  }

  /** What the list says of absence, and whether that is believed for this application. */
  async #absenceOf({ absence }: Reading): Promise<Finding> {
    const { records, application } = this.#options;
    if (absence !== 'absent') return absence;
    return (await records.doubt(application)) === undefined ? 'absent' : 'absence_doubted';
  }

  /** Ends what is never sent again. False where a repetition may send it. */
  async #settleAbsent(request: PayoutRequest, { found, failed }: Reading): Promise<boolean> {
    const { records, events = {} } = this.#options;
    if (allSendsTurnedAway(request) && found.length === 0 && failed.length === 0) {
      await records.freeTurnedAway(request);
      return true;
    }
    const { refusal, sends } = request;
    const single = request.records.length === 1;
    if (single && (sends.grant !== null || (refusal === null && failed.length === 0))) return false;
    const missing = openRecords(request).filter(
      ({ position }) => !found.some(other => other.position === position),
    );
    // The refusal of a request as a whole is the answer to all of its transfers, or to none.
    const whole =
      failed.length === 0 &&
      missing.length === request.records.length &&
      (single || refusal?.transferIndex === null);
    const rejections = missing.map(({ position }) => ({
      position,
      answer:
        failed.find(other => other.position === position)?.answer ??
        (refusal !== null && whole ? refusal : notTaken(request, position, refusal)),
    }));
    const rejected = await records.rejectAbsent(request, rejections);
    for (const { answer } of rejected) events.settled?.(request, answer);
    return rejected.length > 0;
  }

  async #tellDuplicates(request: PayoutRequest, { duplicates }: Pick<Reading, 'duplicates'>): Promise<void> {
    if (duplicates.length === 0) return;
    const { records, events = {} } = this.#options;
    const fresh = await records.noteDuplicates(request, duplicates);
    if (fresh.length > 0) events.duplicates?.(request, fresh);
  }

  /** From now on the list of this application proves nothing. */
  async #doubtAbsence(request: PayoutRequest, missed: readonly MissedPayout[]): Promise<void> {
    const { records, events = {} } = this.#options;
    for (const { intentId, reason } of missed) {
      const isNew = await records.doubtAbsence(
        request.application ?? this.#options.application,
        intentId,
        reason,
      );
      if (isNew) events.absenceDoubted?.(request, intentId);
    }
  }

  async #open(request: PayoutRequest, outcome: Reconciliation): Promise<Reconciliation> {
    const { records, events = {} } = this.#options;
    const open = openRecords(request).length - (outcome.reading?.found.length ?? 0);
    if (open > 0) {
      // A look that could not be made does not change what an earlier one found.
      if (outcome.finding !== 'lean_unavailable' || request.finding === null)
        await records.noteFinding(request, outcome.finding);
      events.open?.(request, outcome.finding, request.checks);
    }
    return outcome;
  }
}

/**
 * The finding of a reading. An operator who has allowed one more send has judged the payouts that were there to be
 * others, and has accepted what the list said of absence at that moment, and nothing else.
 */
function findingOf(request: PayoutRequest, reading: Reading, absence: Finding): Finding {
  const { grant } = request.sends;
  // Payouts of this key that Lean has shown once are there, whatever its list shows now.
  if (!coversAll(grant, openDuplicates(request, reading))) return 'several_at_lean';
  const finding = reading.finding === reading.absence ? absence : reading.finding;
  if (grant === null || !coversAll(grant, idsOf(reading, { failed: false }))) return finding;
  if (!coversFailed(grant, idsOf(reading, { failed: true }))) return finding;
  // A payout that could not be read then, or that turns out to be the key's own, was not judged.
  const isUnjudged = (candidate: Candidate): boolean =>
    !candidate.failed &&
    ((candidate.unread && grant.finding !== 'lean_unavailable') ||
      request.records.some(record => isOwn(candidate, record)));
  if (reading.candidates.some(isUnjudged)) return finding;
  const isJudged = finding === absence || finding === grant.finding || findings[finding].reason === 'UNCLEAR';
  if (!isJudged) return finding;
  return absence === (grant.absence ?? grant.finding) ? 'absent' : absence;
}

/**
 * The duplicate intents that may belong to transfers without an answer. The payouts that carry the reference of an
 * answered transfer say nothing about the other transfers of a batch.
 */
function openDuplicates(
  { duplicateIntents, records }: PayoutRequest,
  { candidates }: Reading,
): readonly string[] {
  const answered = records.filter(({ answer }) => answer !== null);
  const isOfAnswered = ({ match, positions }: Candidate): boolean =>
    match === 'exact' && positions.every(at => answered.some(({ position }) => position === at));
  const others = [
    ...answered.map(({ intentId }) => intentId),
    ...candidates.filter(isOfAnswered).map(({ row }) => row.intentId),
  ];
  return duplicateIntents.filter(id => !others.includes(id));
}

/** Ids of the payouts at Lean that are, or may be, the request's own: those that Lean has failed, or the others. */
function idsOf({ candidates }: Reading, { failed }: Pick<Candidate, 'failed'>): readonly string[] {
  return candidates.filter(candidate => candidate.failed === failed).map(({ row }) => row.intentId);
}

/** The rejection of a transfer that Lean is known not to have taken. */
export function notTaken(
  { idempotencyKey, records }: PayoutRequest,
  position: number,
  refusal: PayoutRejected | null,
): PayoutRejected {
  const said = refusal?.leanCode == null ? '' : ` and answered ${refusal.leanCode} to the request`;
  return {
    ...wholly(idempotencyKey),
    code: 'REJECTED_BY_LEAN',
    message: `Lean has not taken the payout${said}. Nothing was paid.`,
    inputErrors: [],
    leanCode: refusal?.leanCode ?? null,
    transferIndex: records.length === 1 ? null : position,
  };
}
