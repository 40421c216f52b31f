import { LeanError } from '../../errors/lean-errors.ts';
import type { Candidate } from './candidate.ts';
import { type PayoutRejected, type TransferAnswer, requestRejection } from './creation-answer.ts';
import { findings, type Finding } from './finding.ts';
import { findMissedPayouts, type MissedPayout } from './missed-payouts.ts';
import { isOwn, isOwnOfSettled } from './own-payout.ts';
import type { PayoutMatcher, ListReading } from './payout-matcher.ts';
import { allSendsTurnedAway, openRecords, type PayoutRequest, type RequestKey } from './payout-record.ts';
import type { ReconciliationRecords } from './payout-records.ts';
import type { ResendRule } from './resend-rule.ts';
import { coversFailed, coversAll } from './send-history.ts';
import { findDuplicateIntents } from './duplicate-payouts.ts';

/** Events of the reconciliation, for logs and metrics. */
export interface ReconciliationEvents {
  /** A transfer of unknown outcome is settled: Lean has its payout, or is proven not to have it. */
  settled(key: RequestKey, answer: TransferAnswer): void;
  /** The request is still open after Lean was read, or after the read failed. */
  open(key: RequestKey, finding: Finding, checks: number): void;
  /** Lean has more payouts of a request than it has transfers: money may have moved twice. */
  duplicates(key: RequestKey, intentIds: readonly string[]): void;
  /** An audit could not read the complete list, or an intent in it, so it may have missed a second payout. */
  auditIncomplete(key: RequestKey): void;
  /** Lean's list lacked a payout that Lean had accepted. From now on it proves no absence. */
  absenceDoubted(key: RequestKey, intentId: string): void;
}

export interface OutcomeReconcilerOptions {
  readonly records: ReconciliationRecords;
  readonly matcher: PayoutMatcher;
  readonly rule: ResendRule;
  /** The Lean application of the gateway's credentials. */
  readonly application: string;
  readonly events?: Partial<ReconciliationEvents>;
}

/** The result of a reconciliation. */
export interface Reconciliation {
  readonly finding: Finding;
  /**
   * Whether Lean's list proves an absence, regardless of the finding: `absent`, or why it proves nothing. Undefined
   * if it was not read.
   */
  readonly absence?: Finding | undefined;
  /** Whether Lean is proven to have no payout of the transfers that are still open. */
  readonly proven: boolean;
  /** Undefined if Lean was not read, or if the read failed. */
  readonly reading: ListReading | undefined;
  readonly error?: LeanError;
}

/** Settles requests of unknown outcome by reading Lean's list. It never sends anything. */
export class OutcomeReconciler {
  readonly #options: OutcomeReconcilerOptions;

  constructor(options: OutcomeReconcilerOptions) {
    this.#options = options;
  }

  /**
   * Reads Lean's list once and records what it shows of the request. Transfers that Lean is proven not to have are
   * rejected, unless they may be sent again.
   * @param request as returned by `ReconciliationRecords.startReading`
   * @param deadline on the clock of `performance.now()`
   * @param options.untilNow whether the list is read up to now, to find a payout that Lean created after the resend
   * delay
   * @throws StoreUnavailable
   */
  async reconcile(
    request: PayoutRequest,
    deadline: number,
    { untilNow = false }: { readonly untilNow?: boolean } = {},
  ): Promise<Reconciliation> {
    const { application, matcher } = this.#options;
    if (request.application !== application)
      return { finding: 'other_application', proven: false, reading: undefined };
    try {
      return await this.#applyReading(request, await matcher.search(request, { deadline, untilNow }));
    } catch (error) {
      if (!(error instanceof LeanError)) throw error;
      return this.#leaveOpen(request, {
        finding: 'lean_unavailable',
        proven: false,
        reading: undefined,
        error,
      });
    }
  }

  /**
   * Searches Lean's list for a request that this store has not sent, as if it had been sent within the last
   * `lookbackMs`.
   * @returns undefined if the list is doubted
   * @throws LeanError when Lean cannot be read; StoreUnavailable
   */
  async searchUnsent(
    request: PayoutRequest,
    lookbackMs: number,
    deadline: number,
  ): Promise<ListReading | undefined> {
    const { records, matcher, application } = this.#options;
    if ((await records.doubtReason(application)) !== undefined) return undefined;
    const { readAt } = request;
    const sends = { ...request.sends, count: 1, firstAt: readAt, lookbackMs, until: readAt };
    return matcher.search({ ...request, sends }, { deadline });
  }

  /**
   * Reads Lean's list again for a settled request, because Lean may have accepted another copy of it. Payouts that
   * are in no answer of the request are reported as duplicates.
   * @throws LeanError, StoreUnavailable
   */
  async audit(request: PayoutRequest, deadline: number): Promise<void> {
    if (request.application !== this.#options.application) return;
    const { matcher, events = {} } = this.#options;
    const reading = await matcher.search(request, { deadline, untilNow: true });
    // A payout with the reference of the request is its own, even if an operator has judged it to be another one.
    const own = reading.candidates.filter(
      each => !each.failed && request.records.some(record => isOwnOfSettled(each, record)),
    );
    await this.#reportDuplicates(request, { duplicates: findDuplicateIntents(request, reading, own) });
    const decisions = await this.#options.records.decisions(request);
    await this.#doubtAbsence(request, findMissedPayouts(request, reading, own, decisions));
    const hasUnreadable = reading.candidates.some(
      each => each.unreadable && !request.judgedPayouts.includes(each.row.intentId),
    );
    if (!reading.isComplete || hasUnreadable) events.auditIncomplete?.(request);
  }

  async #applyReading(request: PayoutRequest, reading: ListReading): Promise<Reconciliation> {
    const { records, rule, events = {} } = this.#options;
    await this.#reportDuplicates(request, reading);
    for (const { position, answer } of reading.found)
      if (await records.recordFound(request, position, answer)) events.settled?.(request, answer);
    const { sends, readAt: storeNow } = request;
    const { leanNow } = reading;
    const absence = await this.#absenceOf(reading);
    const { grant } = sends;
    if (grant !== null && !coversAll(grant, idsOf(reading, { failed: false })))
      await records.endGrant(request);
    if (reading.found.length === openRecords(request).length || leanNow === undefined)
      return this.#leaveOpen(request, { finding: reading.finding, absence, proven: false, reading });
    if (rule.mustRestart(sends, { storeNow, leanNow })) await records.restartDelay(request, leanNow);
    const finding = findingOf(request, reading, absence);
    if (finding !== 'absent') return this.#leaveOpen(request, { finding, absence, proven: false, reading });
    const proven = rule.hasPassed(sends, { storeNow, leanNow });
    if (proven && (await this.#settleAbsent(request, reading))) return { finding, absence, proven, reading };
    const openFinding = proven && !rule.allows(request) ? 'needs_decision' : finding;
    return this.#leaveOpen(request, { finding: openFinding, absence, proven, reading });
  }

  /** Whether the list proves an absence; never if the list of this application is doubted. */
  async #absenceOf({ absence }: ListReading): Promise<Finding> {
    const { records, application } = this.#options;
    if (absence !== 'absent') return absence;
    return (await records.doubtReason(application)) === undefined ? 'absent' : 'absence_doubted';
  }

  /**
   * Settles the transfers that Lean is proven not to have. A request that Lean has only turned away frees its key.
   * @returns false if the request stays open, because it may be sent again
   */
  async #settleAbsent(request: PayoutRequest, { found, failed }: ListReading): Promise<boolean> {
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
    // Lean's refusal of the request as a whole may only become the answer to all of its transfers.
    const isWhollyRefused =
      failed.length === 0 &&
      missing.length === request.records.length &&
      (single || refusal?.transferIndex === null);
    const rejections = missing.map(({ position }) => ({
      position,
      answer:
        failed.find(other => other.position === position)?.answer ??
        (refusal !== null && isWhollyRefused ? refusal : notAcceptedRejection(request, position, refusal)),
    }));
    const rejected = await records.rejectAbsent(request, rejections);
    for (const { answer } of rejected) events.settled?.(request, answer);
    return rejected.length > 0;
  }

  async #reportDuplicates(
    request: PayoutRequest,
    { duplicates }: Pick<ListReading, 'duplicates'>,
  ): Promise<void> {
    if (duplicates.length === 0) return;
    const { records, events = {} } = this.#options;
    const fresh = await records.noteDuplicates(request, duplicates);
    if (fresh.length > 0) events.duplicates?.(request, fresh);
  }

  /** Records payouts that Lean's list has missed. From then on the list of this application proves no absence. */
  async #doubtAbsence(request: PayoutRequest, missed: readonly MissedPayout[]): Promise<void> {
    const { records, events = {} } = this.#options;
    for (const { intentId, reason } of missed) {
      const isNew = await records.doubtAbsence(request.application, intentId, reason);
      if (isNew) events.absenceDoubted?.(request, intentId);
    }
  }

  async #leaveOpen(request: PayoutRequest, outcome: Reconciliation): Promise<Reconciliation> {
    const { records, events = {} } = this.#options;
    const open = openRecords(request).length - (outcome.reading?.found.length ?? 0);
    if (open > 0) {
      // A failed read does not replace the finding of an earlier read.
      if (outcome.finding !== 'lean_unavailable' || request.finding === null)
        await records.noteFinding(request, outcome.finding);
      events.open?.(request, outcome.finding, request.checks);
    }
    return outcome;
  }
}

/**
 * The finding of a read, in view of an operator's permission for one more send (`grant`). The operator has judged the
 * payouts that Lean showed at that time to be others, and has accepted the absence that the list showed at that time.
 * The permission covers nothing else.
 */
function findingOf(request: PayoutRequest, reading: ListReading, absence: Finding): Finding {
  const { grant } = request.sends;
  // A payout of this key that Lean has shown once exists, whatever its list shows now.
  if (!coversAll(grant, openDuplicates(request, reading))) return 'several_at_lean';
  const finding = reading.finding === reading.absence ? absence : reading.finding;
  if (grant === null || !coversAll(grant, idsOf(reading, { failed: false }))) return finding;
  if (!coversFailed(grant, idsOf(reading, { failed: true }))) return finding;
  // The operator has not judged a payout that was unreadable at that time, or that turns out to be the key's own.
  const isUnjudged = (candidate: Candidate): boolean =>
    !candidate.failed &&
    ((candidate.unreadable && grant.finding !== 'lean_unavailable') ||
      request.records.some(record => isOwn(candidate, record)));
  if (reading.candidates.some(isUnjudged)) return finding;
  const isCovered =
    finding === absence || finding === grant.finding || findings[finding].reason === 'UNCLEAR';
  if (!isCovered) return finding;
  return absence === (grant.absence ?? grant.finding) ? 'absent' : absence;
}

/**
 * The duplicate intents that may belong to transfers without an answer. A payout with the reference of an answered
 * transfer says nothing about the other transfers of a batch.
 */
function openDuplicates(
  { duplicateIntents, records }: PayoutRequest,
  { candidates }: ListReading,
): readonly string[] {
  const answered = records.filter(({ answer }) => answer !== null);
  const isOfAnswered = ({ match, positions }: Candidate): boolean =>
    match === 'exact' && positions.every(at => answered.some(({ position }) => position === at));
  const ofAnsweredTransfers = [
    ...answered.map(({ intentId }) => intentId),
    ...candidates.filter(isOfAnswered).map(({ row }) => row.intentId),
  ];
  return duplicateIntents.filter(id => !ofAnsweredTransfers.includes(id));
}

/** The intents of the candidates: of those that Lean has failed, or of the others. */
function idsOf({ candidates }: ListReading, { failed }: Pick<Candidate, 'failed'>): readonly string[] {
  return candidates.filter(candidate => candidate.failed === failed).map(({ row }) => row.intentId);
}

/** The rejection of a transfer that Lean is proven not to have accepted. */
export function notAcceptedRejection(
  { idempotencyKey, records }: PayoutRequest,
  position: number,
  refusal: PayoutRejected | null,
): PayoutRejected {
  const reason = refusal?.leanCode == null ? '' : ` and answered ${refusal.leanCode} to the request`;
  return {
    ...requestRejection(idempotencyKey),
    code: 'REJECTED_BY_LEAN',
    message: `Lean has not accepted the payout${reason}. Nothing was paid.`,
    inputErrors: [],
    leanCode: refusal?.leanCode ?? null,
    transferIndex: records.length === 1 ? null : position,
  };
}
