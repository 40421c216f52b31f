import type { LeanClient } from '../../lean/client.ts';
import { leanTime } from '../lean-time.ts';
import type { PayoutReads } from '../payout-reads.ts';
import type { Payout } from '../payout.ts';
import { Candidates, type Candidate } from './candidate.ts';
import type { Finding } from './finding.ts';
import { foundAnswer } from './found-answer.ts';
import { readListWindow, type ListWindow, type Window } from './list-window.ts';
import type { TransferAnswer } from './creation-answer.ts';
import { openRecords, type PayoutRecord, type PayoutRequest } from './payout-record.ts';
import type { PayoutEvidence } from './payout-records.ts';
import { compareAmounts } from './resemblance.ts';
import type { ResendRule } from './resend-rule.ts';

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
  readonly found: readonly { readonly position: number; readonly answer: TransferAnswer }[];
  /** The same for transfers of which Lean has failed payouts alone: an answer once nothing else can be there. */
  readonly failed: Reading['found'];
  /** The finding for those not found. `absent`: Lean's list does not have them now. */
  readonly finding: Finding;
  /** Payouts at Lean that are, or may be, of this request and that no record names. */
  readonly candidates: readonly Candidate[];
  /** Of these the intents that are this request's beyond its transfers. */
  readonly duplicates: readonly string[];
  /** Rows of the whole window. */
  readonly rows: readonly Payout[];
  /** Lean's time at the first answer, epoch ms. */
  readonly leanNow: number | undefined;
}

export interface SearchOptions {
  /** On the clock of `performance.now()`. */
  readonly deadline: number;
  /** Whether the list is read up to now, for payouts that came later than they may. @default false */
  readonly untilNow?: boolean;
}

/** A payout that is this near to the window's beginning, in ms, may have been listed before it. */
const edgeMs = 60_000;

/** How far the clock that stamps Lean's rows may be from the one that stamps its answers. */
const marginMs = 300_000;

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
    const others = await evidence.openRecords(application, request);
    const window = this.#windowOf(request, leanNow ?? request.readAt);
    const until = untilNow ? Math.max(window.to, (leanNow ?? 0) + marginMs) : window.to;
    const list = await readListWindow(client, { from: window.from, to: until }, deadline);
    const like = list.rows.filter(row =>
      request.records.some(({ transfer }) => compareAmounts(transfer.amount, row.amount) !== 'other'),
    );
    const owners = await evidence.owners(like.flatMap(({ intentId }) => intentId ?? []));
    const unowned = like.filter(({ intentId }) => intentId == null || !owners.has(intentId));
    // One that Lean may have created outside of the window, or may not have listed yet, proves nothing.
    const delay = this.#delayOf(request);
    const reference = await evidence.referencePayout(application, {
      from: window.from + edgeMs,
      to: Math.min(window.to - delay - marginMs, (list.firstDate ?? window.from) - delay),
    });
    const candidates = await new Candidates({ reads, evidence, application, reference, deadline }).judge(
      unowned,
      request.records,
      others,
    );
    return this.#reading(request, list, { candidates, reference, leanNow });
  }

  #reading(request: PayoutRequest, list: ListWindow, { candidates, reference, leanNow }: Evidence): Reading {
    const open = openRecords(request);
    const exact = candidates.filter(({ match }) => match === 'exact');
    const shared = exact.filter(candidate => candidate.sharedWith.length > 0);
    const own = exact.filter(candidate => candidate.sharedWith.length === 0);
    const live = own.filter(({ failed }) => !failed);
    // A failed payout is an answer only where Lean cannot take another send of the request any more.
    const settling = live.length > 0 || request.sends.count > 1 ? live : own;
    const several = live.length > open.length;
    const found = several ? [] : assigned(open, settling, request);
    const missing = open.length - found.length;
    const duplicates = several ? live.flatMap(({ row }) => row.intentId ?? []) : [];
    const finding = (): Finding => {
      if (several) return 'several_at_lean';
      if (missing === 0) return 'absent';
      const unsure = [...shared, ...candidates.filter(({ match }) => match === 'may be')];
      if (unsure.some(({ sharedWith }) => sharedWith.some(({ inFlight }) => inFlight))) return 'in_flight';
      if (shared.length > 0) return 'reference_shared';
      if (unsure.length > 0) return 'look_alike';
      return this.#absence(request, list, { reference, leanNow });
    };
    return {
      found,
      failed: assigned(
        open,
        own.filter(({ failed }) => failed),
        request,
      ),
      finding: finding(),
      candidates,
      duplicates,
      rows: list.rows,
      leanNow: list.firstDate,
    };
  }

  /** Whether the list can prove that something is not in it. */
  #absence(
    { readAt }: PayoutRequest,
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
    const lasts = [byLean(sends.until ?? readAt), ...(sends.leanUntil === null ? [] : [sends.leanUntil])];
    return {
      from: Math.min(...firsts) - marginMs,
      to: Math.max(...firsts, ...lasts) + this.#delayOf(request) + marginMs,
    };
  }

  #delayOf({ sends, readAt }: PayoutRequest): number {
    const { rule } = this.#options;
    return rule.proofDelayOf(sends, readAt);
  }
}

interface Evidence {
  readonly candidates: readonly Candidate[];
  readonly reference: PayoutRecord | undefined;
  /** Lean's time by which the window was chosen. */
  readonly leanNow: number | undefined;
}

/** Each transfer with a payout of its own. Transfers that are alike in everything are as good as each other. */
function assigned(open: readonly PayoutRecord[], settling: readonly Candidate[], request: PayoutRequest) {
  const left = new Set(settling);
  return open.flatMap(record => {
    const candidate = [...left].find(({ positions }) => positions.includes(record.position));
    if (candidate === undefined) return [];
    left.delete(candidate);
    const answer = foundAnswer(request.idempotencyKey, record, candidate.intent, candidate.row);
    return [{ position: record.position, answer }];
  });
}
