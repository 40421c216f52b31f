import { LRUCache } from 'lru-cache';
import type { LeanClient } from '../../lean/client.ts';
import type { PayoutReads } from '../payout-reads.ts';
import type { Payout } from '../payout.ts';
import { CandidateClassifier, type Candidate, type Classification } from './candidate.ts';
import type { Finding } from './finding.ts';
import { paymentsPerIntent, currentRowPerPayout } from './list-rows.ts';
import { readListWindow, type ListWindow, type TimeRange } from './list-window.ts';
import { findMisassignedPayouts } from './misassigned-payouts.ts';
import { openRecords, type PayoutRecord, type PayoutRequest } from './payout-record.ts';
import type { KeyedRecord, PayoutEvidence } from './payout-records.ts';
import { compareAmounts } from './resemblance.ts';
import { isFarAhead, type ResendRule } from './resend-rule.ts';
import { settlementOf, type FoundTransfer } from './transfer-settlement.ts';

export interface PayoutMatcherOptions {
  readonly client: LeanClient;
  readonly reads: PayoutReads;
  readonly evidence: PayoutEvidence;
  readonly rule: ResendRule;
  /** The Lean application whose list is read. */
  readonly application: string;
  /** This machine's time, epoch ms. @default Date.now */
  readonly now?: () => number;
}

/** The result of searching Lean's list for a request. */
export interface ListReading {
  /** The transfers of unknown outcome whose payout Lean has, with their answers. */
  readonly found: readonly FoundTransfer[];
  /**
   * The transfers of unknown outcome of which Lean has only failed payouts. Their answers become final once Lean can
   * no longer accept another copy of the request.
   */
  readonly failed: readonly FoundTransfer[];
  /** The finding for the transfers that were not found. `absent`: they are not in Lean's list now. */
  readonly finding: Finding;
  /** Whether the list can prove that a payout is not in it, regardless of `finding`: `absent`, or why not. */
  readonly absence: Finding;
  /** Payouts at Lean that match, or may match, a transfer of this request. */
  readonly candidates: readonly Candidate[];
  /** Intents that the records of other keys name, and that Lean could not show, so that they may be candidates. */
  readonly unreadableOfOthers: readonly string[];
  /** Intents of candidates that the request has in addition to one payout per transfer. */
  readonly duplicates: readonly string[];
  readonly rows: readonly Payout[];
  /** Whether the rows are all payouts of the time range. */
  readonly isComplete: boolean;
  /** Lean's time at the first answer, epoch ms. */
  readonly leanNow: number | undefined;
}

export interface SearchOptions {
  /** On the clock of `performance.now()`. */
  readonly deadline: number;
  /** Whether the list is read up to now, to find payouts that Lean created after the resend delay. @default false */
  readonly untilNow?: boolean;
}

/** The largest accepted difference between the clock of Lean's rows and that of its `Date` headers, in ms. */
export const rowTimeMarginMs = 300_000;

const dayMs = 86_400_000;

/** About 4 MB. */
const maxReferences = 20_000;

/** Clocks that differ by more than this, in ms, are reported to operators. Lean's list then proves no absence. */
export const clockToleranceMs = 300_000;

/**
 * Searches Lean's list for the payouts of a request whose answer was lost. It reads the complete list of the time
 * range in which Lean may have created them, then the intents of the rows that may match, and compares references. It
 * compares every row and does not stop at the first match, because a second match is a double payment.
 */
export class PayoutMatcher {
  readonly #options: Required<PayoutMatcherOptions>;
  /**
   * The references of intents, which never change. There may be hundreds of payouts of one amount to one destination,
   * and a reading that reached its deadline continues where it stopped.
   */
  readonly #references = new LRUCache<string, string>({ max: maxReferences });

  constructor(options: PayoutMatcherOptions) {
    this.#options = { now: Date.now, ...options };
  }

  /**
   * @param options.deadline on the clock of `performance.now()`
   * @throws LeanError when Lean cannot be read; StoreUnavailable
   */
  async search(request: PayoutRequest, { deadline, untilNow = false }: SearchOptions): Promise<ListReading> {
    const { client, reads, evidence, application } = this.#options;
    const leanNow = await client.now({ deadline });
    const { from, to } = this.#timeRangeOf(request, leanNow ?? request.readAt);
    const end = untilNow ? Math.max(to, (leanNow ?? 0) + rowTimeMarginMs) : to;
    const list = await readListWindow(client, { from, to: end }, deadline);
    const similar = list.rows.filter(row =>
      request.records.some(({ transfer }) => compareAmounts(transfer.amount, row.amount) !== 'other'),
    );
    const delay = this.#delayOf(request);
    // Records are read after the list, so every payout in the list that this gateway sent has a record, open or
    // settled. Lean may have created the payout of another key up to one resend delay after it was sent.
    const others = await evidence.otherRecords(request, from - delay);
    const owners = await evidence.owners(similar.map(({ intentId }) => intentId));
    const unowned = similar.filter(({ intentId }) => !owners.has(intentId));
    // The reference payout must have been created within the time range, and long enough ago to be in the list.
    const referencePayout = await evidence.referencePayout(application, {
      from: from + rowTimeMarginMs,
      to: Math.min(to - delay - rowTimeMarginMs, (list.firstDate ?? from) - delay),
    });
    const references = this.#references;
    const classifier = new CandidateClassifier({
      reads,
      evidence,
      application,
      referencePayout,
      references,
      deadline,
    });
    const { candidates, knowsOwners } = await classifier.classify(
      currentRowPerPayout(unowned),
      request.records,
      others,
    );
    const reading = this.#evaluate(request, list, {
      candidates,
      knowsOwners,
      intentsPaidTwice: [...paymentsPerIntent(similar)].flatMap(([id, payments]) => (payments > 1 ? id : [])),
      referencePayout,
      leanNow,
      isAudit: openRecords(request).length === 0,
    });
    if (reading.found.length === openRecords(request).length) return reading;
    const misassigned = await findMisassignedPayouts(
      request,
      currentRowPerPayout(similar),
      owners,
      references,
      rows => classifier.readDetails(rows),
    );
    const unreadableOfOthers = misassigned.unreadable;
    // These are added whatever the finding, because an operator may decide in spite of it.
    if (misassigned.candidates.length > 0)
      return {
        ...reading,
        finding: reading.finding === reading.absence ? 'recorded_for_other_key' : reading.finding,
        candidates: [...candidates, ...misassigned.candidates],
        unreadableOfOthers,
      };
    const isUndecided = unreadableOfOthers.length > 0 && reading.finding === 'absent';
    return { ...reading, ...(isUndecided && { finding: 'lean_unavailable' }), unreadableOfOthers };
  }

  #evaluate(
    request: PayoutRequest,
    list: ListWindow,
    { candidates, knowsOwners, intentsPaidTwice, referencePayout, leanNow, isAudit }: SearchEvidence,
  ): ListReading {
    const exact = candidates.filter(({ match }) => match === 'exact');
    // An audit looks for second payouts of settled records. A payout that may belong to several settled records is a
    // second payout of one of them, so only open records count as sharers.
    const sharersOf = ({ sharedWith }: Candidate): readonly KeyedRecord[] =>
      isAudit ? sharedWith.filter(({ record }) => record.answer === null) : sharedWith;
    const shared = exact.filter(candidate => sharersOf(candidate).length > 0);
    const own = knowsOwners || isAudit ? exact.filter(candidate => sharersOf(candidate).length === 0) : [];
    const settlements = request.records.map(record => settlementOf(request, record, own));
    const found = settlements.flatMap(({ found }) => found ?? []);
    const several = settlements.some(({ several }) => several);
    const missing = openRecords(request).length - found.length;
    const absence = this.#absenceOf(request, list, { referencePayout, leanNow });
    const finding = (): Finding => {
      if (several) return 'several_at_lean';
      if (missing === 0) return 'absent';
      const uncertain = candidates.filter(candidate => !own.includes(candidate));
      if (uncertain.some(({ sharedWith }) => sharedWith.some(({ inFlight }) => inFlight))) return 'in_flight';
      if (shared.length > 0) return 'reference_shared';
      if (uncertain.some(({ unreadable }) => unreadable)) return 'lean_unavailable';
      if (uncertain.length > 0) return 'look_alike';
      const ownIntents = [
        ...request.records.map(({ intentId }) => intentId),
        ...own.map(({ row }) => row.intentId),
      ];
      // One of the payments may belong to another transfer.
      if (intentsPaidTwice.some(id => ownIntents.includes(id))) return 'look_alike';
      return absence;
    };
    return {
      found,
      failed: settlements.flatMap(({ failed }) => failed ?? []),
      finding: finding(),
      absence,
      candidates,
      unreadableOfOthers: [],
      duplicates: settlements.flatMap(({ duplicates }) => duplicates),
      rows: list.rows,
      isComplete: list.completeness === 'complete',
      leanNow: list.firstDate,
    };
  }

  /** `absent` if the list can prove that a payout is not in it; otherwise why not. */
  #absenceOf(
    { readAt, sends, createdAt }: PayoutRequest,
    list: ListWindow,
    { referencePayout, leanNow }: Pick<SearchEvidence, 'referencePayout' | 'leanNow'>,
  ): Finding {
    const { now } = this.#options;
    if (list.completeness !== 'complete') return list.completeness;
    if (
      referencePayout !== undefined &&
      !list.rows.some(({ intentId }) => intentId === referencePayout.intentId)
    )
      return 'reference_payout_missing';
    if (list.firstDate === undefined) return 'lean_time_unknown';
    const { firstDate } = list;
    const differences = [now(), readAt, leanNow ?? firstDate].map(time => time - firstDate);
    if (differences.some(ms => Math.abs(ms) > clockToleranceMs)) return 'clocks_differ';
    // A clock that was ahead recorded the send, so the right time range is not known.
    const isRecordedAhead =
      sends.leanFirstAt === null
        ? isFarAhead(sends.firstAt ?? createdAt, readAt)
        : isFarAhead(sends.leanFirstAt, firstDate);
    if (isRecordedAhead) return 'clocks_differ';
    return 'absent';
  }

  /**
   * The time range to read, by Lean's clock: from before the first send to after the last moment at which Lean may
   * create the payout.
   */
  #timeRangeOf(request: PayoutRequest, leanNow: number): TimeRange {
    const { sends, readAt, createdAt } = request;
    const toLeanTime = (storeTime: number): number => storeTime + leanNow - readAt;
    // Two clocks recorded the send, and one of them may have been wrong. The time range covers both.
    const firsts = [
      toLeanTime(sends.firstAt ?? createdAt),
      ...(sends.leanFirstAt === null ? [] : [sends.leanFirstAt]),
    ];
    const first = Math.min(...firsts);
    const lasts = [toLeanTime(sends.until ?? readAt), ...(sends.leanUntil === null ? [] : [sends.leanUntil])];
    const isAhead = first > leanNow + clockToleranceMs;
    // If only the store's clock recorded the send, and that clock was wrong, the send may have been earlier.
    const isUncertain = isAhead || (sends.lastAt !== null && sends.leanFirstAt === null);
    return {
      // Twice the margin, so that the time range also contains a reference payout that was sent shortly before.
      from: (isAhead ? leanNow : first) - sends.lookbackMs - (isUncertain ? dayMs : 0) - 2 * rowTimeMarginMs,
      to: Math.max(...firsts, ...lasts) + this.#delayOf(request) + rowTimeMarginMs,
    };
  }

  #delayOf({ sends, readAt }: PayoutRequest): number {
    const { rule } = this.#options;
    return rule.proofDelayOf(sends, readAt);
  }
}

interface SearchEvidence extends Classification {
  /** Intents at Lean with several payments that have not failed. */
  readonly intentsPaidTwice: readonly string[];
  readonly referencePayout: PayoutRecord | undefined;
  /** Lean's time when the time range was computed, epoch ms. */
  readonly leanNow: number | undefined;
  /** Whether all transfers of the request are settled. */
  readonly isAudit: boolean;
}
