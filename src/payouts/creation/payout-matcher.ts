import type { LeanClient } from '../../lean/client.ts';
import { leanTime } from '../values/lean-time.ts';
import type { PayoutReads } from '../payout-reads.ts';
import type { Payout } from '../payout.ts';
import { Candidates, type Candidate, type Judgement } from './candidate.ts';
import type { Finding } from './finding.ts';
import { foundAnswer } from './found-answer.ts';
import { paymentsPerIntent, currentRowPerPayout } from './list-rows.ts';
import { readListWindow, type ListWindow, type Window } from './list-window.ts';
import type { TransferAnswer } from './creation-answer.ts';
import { openRecords, type PayoutRecord, type PayoutRequest } from './payout-record.ts';
import type { OwnedRecord, PayoutEvidence } from './payout-records.ts';
import { compareAmounts } from './resemblance.ts';
import { isFarAhead, type ResendRule } from './resend-rule.ts';

export interface PayoutMatcherOptions {
  readonly client: LeanClient;
  readonly reads: PayoutReads;
  readonly evidence: PayoutEvidence;
  readonly rule: ResendRule;
  /** The Lean application whose list is read. */
  readonly application: string;
  /** This machine's time, epoch milliseconds. @default Date.now */
  readonly now?: () => number;
}

/** The result of searching Lean's list for a request. */
export interface Reading {
  /** Transfers of unknown outcome that Lean has, with their answers. */
  readonly found: readonly Found[];
  /** The same for transfers of which Lean has failed payouts alone: the answer once Lean cannot take another copy. */
  readonly failed: readonly Found[];
  /** The finding for those not found. `absent`: Lean's list does not have them now. */
  readonly finding: Finding;
  /** Whether the list could prove that something is not in it, whatever else was found: `absent`, or why not. */
  readonly absence: Finding;
  /** Payouts at Lean that are, or may be, of this request and that no record names. */
  readonly candidates: readonly Candidate[];
  /** The candidates' intents that this request has beyond its transfers. */
  readonly duplicates: readonly string[];
  readonly rows: readonly Payout[];
  /** Whether the rows are all that Lean's list holds of the time in question. */
  readonly isWhole: boolean;
  /** Lean's time at the first answer, epoch ms. */
  readonly leanNow: number | undefined;
}

export interface SearchOptions {
  /** On the clock of `performance.now()`. */
  readonly deadline: number;
  /** Whether the list is read up to now, for payouts that came later than they may. @default false */
  readonly untilNow?: boolean;
}

/** How far the clock that stamps Lean's rows may be from the one that stamps its answers. */
export const marginMs = 300_000;

/** How long a reading may take where no caller waits for it, in ms. */
export const backgroundReadingMs = 30_000;

const dayMs = 86_400_000;

/** Clocks that differ by more than this are told to operators, and nothing is judged absent by them. */
export const clockToleranceMs = 300_000;

/**
 * Finds out what Lean has of a request whose answer was lost: reads Lean's list of the time in which it may have been
 * taken, whole, then the intents of the rows that may be its own, and compares references. It judges every row, and
 * never stops at the first that fits: a second one is a payment made twice.
 */
export class PayoutMatcher {
  readonly #options: Required<PayoutMatcherOptions>;

  constructor(options: PayoutMatcherOptions) {
    this.#options = { now: Date.now, ...options };
  }

  /**
   * @param options.deadline on the clock of `performance.now()`
   * @throws LeanError when Lean cannot be asked; StoreUnavailable
   */
  async search(request: PayoutRequest, { deadline, untilNow = false }: SearchOptions): Promise<Reading> {
    const { client, reads, evidence, application } = this.#options;
    const leanNow = await leanTime(client, { deadline });
    const window = this.#windowOf(request, leanNow ?? request.readAt);
    const until = untilNow ? Math.max(window.to, (leanNow ?? 0) + marginMs) : window.to;
    const list = await readListWindow(client, { from: window.from, to: until }, deadline);
    const like = list.rows.filter(row =>
      request.records.some(({ transfer }) => compareAmounts(transfer.amount, row.amount) !== 'other'),
    );
    // Read after the list: a payout of another key that is in it belongs to a record that is still open, or is settled.
    const delay = this.#delayOf(request);
    // Lean may have taken the payout of another key as late as one delay after it was sent.
    const others = await evidence.otherRecords(request, window.from - delay);
    const owners = await evidence.owners(like.map(({ intentId }) => intentId));
    const unowned = like.filter(({ intentId }) => !owners.has(intentId));
    // One that Lean may have created outside of the window, or may not have listed yet, proves nothing.
    const reference = await evidence.referencePayout(application, {
      from: window.from + marginMs,
      to: Math.min(window.to - delay - marginMs, (list.firstDate ?? window.from) - delay),
    });
    const { candidates, knowsOwners } = await new Candidates({
      reads,
      evidence,
      application,
      reference,
      deadline,
    }).judge(currentRowPerPayout(unowned), request.records, others);
    return this.#reading(request, list, {
      candidates,
      knowsOwners,
      takenTwice: [...paymentsPerIntent(like)].flatMap(([id, payments]) => (payments > 1 ? id : [])),
      reference,
      leanNow,
      isAudit: openRecords(request).length === 0,
    });
  }

  #reading(
    request: PayoutRequest,
    list: ListWindow,
    { candidates, knowsOwners, takenTwice, reference, leanNow, isAudit }: Evidence,
  ): Reading {
    const exact = candidates.filter(({ match }) => match === 'exact');
    // In an audit a payout that belongs to one of several settled keys is a second one of some key.
    const sharers = ({ sharedWith }: Candidate): readonly OwnedRecord[] =>
      isAudit ? sharedWith.filter(({ record }) => record.answer === null) : sharedWith;
    const shared = exact.filter(candidate => sharers(candidate).length > 0);
    const own = knowsOwners || isAudit ? exact.filter(candidate => sharers(candidate).length === 0) : [];
    const settled = request.records.map(record => settlementOf(request, record, own));
    const found = settled.flatMap(({ found }) => found ?? []);
    const several = settled.some(({ several }) => several);
    const missing = openRecords(request).length - found.length;
    const absence = this.#absence(request, list, { reference, leanNow });
    const finding = (): Finding => {
      if (several) return 'several_at_lean';
      if (missing === 0) return 'absent';
      const unsure = candidates.filter(candidate => !own.includes(candidate));
      if (unsure.some(({ sharedWith }) => sharedWith.some(({ inFlight }) => inFlight))) return 'in_flight';
      if (shared.length > 0) return 'reference_shared';
      if (unsure.some(({ unread }) => unread)) return 'lean_unavailable';
      if (unsure.length > 0) return 'look_alike';
      const ownIntents = [
        ...request.records.map(({ intentId }) => intentId),
        ...own.map(({ row }) => row.intentId),
      ];
      // One of the payments may be that of another transfer.
      if (takenTwice.some(id => ownIntents.includes(id))) return 'look_alike';
      return absence;
    };
    return {
      found,
      failed: settled.flatMap(({ failed }) => failed ?? []),
      finding: finding(),
      absence,
      candidates,
      duplicates: settled.flatMap(({ duplicates }) => duplicates),
      rows: list.rows,
      isWhole: list.completeness === 'whole',
      leanNow: list.firstDate,
    };
  }

  /** Whether the list can prove that something is not in it. */
  #absence(
    { readAt, sends, createdAt }: PayoutRequest,
    list: ListWindow,
    { reference, leanNow }: Pick<Evidence, 'reference' | 'leanNow'>,
  ): Finding {
    const { now } = this.#options;
    if (list.completeness !== 'whole') return list.completeness;
    if (reference !== undefined && !list.rows.some(({ intentId }) => intentId === reference.intentId))
      return 'reference_payout_missing';
    if (list.firstDate === undefined) return 'lean_time_unknown';
    const { firstDate } = list;
    const differences = [now(), readAt, leanNow ?? firstDate].map(time => time - firstDate);
    if (differences.some(ms => Math.abs(ms) > clockToleranceMs)) return 'clocks_differ';
    // The send was noted by a clock that was ahead, so the time to read is not known.
    const isNotedAhead =
      sends.leanFirstAt === null
        ? isFarAhead(sends.firstAt ?? createdAt, readAt)
        : isFarAhead(sends.leanFirstAt, firstDate);
    if (isNotedAhead) return 'clocks_differ';
    return 'absent';
  }

  /** By Lean's clock: from before the first send to after the last moment at which Lean may list it. */
  #windowOf(request: PayoutRequest, leanNow: number): Window {
    const { sends, readAt, createdAt } = request;
    const byLean = (storeTime: number): number => storeTime + leanNow - readAt;
    // Noted by two clocks, of which one may have been wrong at that moment: the window covers both.
    const firsts = [
      byLean(sends.firstAt ?? createdAt),
      ...(sends.leanFirstAt === null ? [] : [sends.leanFirstAt]),
    ];
    const first = Math.min(...firsts);
    const lasts = [byLean(sends.until ?? readAt), ...(sends.leanUntil === null ? [] : [sends.leanUntil])];
    const isAhead = first > leanNow + clockToleranceMs;
    // What the store's clock alone has noted of a send is known as well as that clock was right.
    const isUnsure = isAhead || (sends.lastAt !== null && sends.leanFirstAt === null);
    return {
      // Of twice the margin, so that a payout that was sent shortly before it must be in the list as well.
      from: (isAhead ? leanNow : first) - sends.lookbackMs - (isUnsure ? dayMs : 0) - 2 * marginMs,
      to: Math.max(...firsts, ...lasts) + this.#delayOf(request) + marginMs,
    };
  }

  #delayOf({ sends, readAt }: PayoutRequest): number {
    const { rule } = this.#options;
    return rule.proofDelayOf(sends, readAt);
  }
}

interface Evidence extends Judgement {
  /** Intents at Lean of which several payments were taken. */
  readonly takenTwice: readonly string[];
  readonly reference: PayoutRecord | undefined;
  /** Lean's time by which the window was chosen. */
  readonly leanNow: number | undefined;
  readonly isAudit: boolean;
}

interface Found {
  readonly position: number;
  readonly answer: TransferAnswer;
}

interface TransferSettlement {
  /** The answer by what Lean has. */
  readonly found?: Found;
  /** Lean has failed the payout: the answer once Lean cannot take another copy of the request. */
  readonly failed?: Found;
  /** Whether Lean has several payouts that the transfer, whose outcome is unknown, may have become. */
  readonly several: boolean;
  /** Intents at Lean beyond the one payout that the transfer stands for. */
  readonly duplicates: readonly string[];
}

/**
 * Settles one transfer by the payouts that Lean has.
 * @param own the payouts with the references of the request; each transfer has a reference of its own
 */
function settlementOf(
  request: PayoutRequest,
  record: PayoutRecord,
  own: readonly Candidate[],
): TransferSettlement {
  const mine = own.filter(({ positions }) => positions.includes(record.position));
  const live = mine.filter(({ failed }) => !failed);
  const isOpen = record.answer === null;
  if (live.length > (isOpen ? 1 : 0))
    return { several: isOpen, duplicates: live.map(({ row }) => row.intentId) };
  if (!isOpen) return { several: false, duplicates: [] };
  const answer = ({ intent, row }: Candidate): Found => ({
    position: record.position,
    answer: foundAnswer(request, record, intent, row),
  });
  const [paid] = live;
  if (paid !== undefined) return { found: answer(paid), several: false, duplicates: [] };
  const [dead] = mine;
  if (dead === undefined) return { several: false, duplicates: [] };
  return { failed: answer(dead), several: false, duplicates: [] };
}
