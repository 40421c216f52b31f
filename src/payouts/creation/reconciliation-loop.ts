import { LRUCache } from 'lru-cache';
import { concernsOneRequest, LeanError } from '../../errors/lean-errors.ts';
import type { LeanClient } from '../../lean/client.ts';
import { StoreUnavailable } from '../../errors/gateway-errors.ts';
import { PollingLoop } from '../../scheduling/polling-loop.ts';
import type { OutcomeReconciler } from './outcome-reconciler.ts';
import { backgroundReadingMs, clockToleranceMs } from './payout-matcher.ts';
import { openRecords, type PayoutRequest, type RequestKey } from './payout-record.ts';
import type { PayoutRecords, ReconciliationRecords } from './payout-records.ts';
import { isFarAhead, type ResendRule } from './resend-rule.ts';

export interface ReconciliationLoopOptions {
  readonly client: LeanClient;
  readonly records: Pick<PayoutRecords, 'recover' | 'forget' | 'read'>;
  readonly reconciliation: ReconciliationRecords;
  readonly reconciler: OutcomeReconciler;
  readonly rule: ResendRule;
  /** The Lean application that this gateway speaks for. */
  readonly application: string;
  /** The store's time, epoch ms. */
  readonly storeNow: () => Promise<number>;
  /** How long settled requests are kept, in days. */
  readonly retentionDays: number;
  /** Told once when the store cannot be used, and with undefined when it can again. */
  readonly onStoreTrouble?: (error: StoreUnavailable | undefined) => void;
  /** Told of what clocks differ by, in ms, once when that is too much and with undefined when it is not any more. */
  readonly onClockTrouble?: (differences: ClockDifferences | undefined) => void;
  /** Told once when the audits of a request have failed for half an hour. They go on. */
  readonly onUnaudited?: (key: RequestKey) => void;
  /** Told when a request could not be looked for because of a bug; it is due again later. */
  readonly onFailure?: (key: RequestKey, error: unknown) => void;
  /** Between rounds. @default 1 s */
  readonly everyMs?: number;
  /** This machine's time, epoch milliseconds. @default Date.now */
  readonly now?: () => number;
  /** A steady clock, in ms. @default performance.now */
  readonly steadyNow?: () => number;
}

/** How far this machine's clock is ahead of the store's and of Lean's, in ms; undefined where that is not known. */
export interface ClockDifferences {
  readonly store: number;
  readonly lean: number | undefined;
}

/** Requests looked for in one round. */
const perRound = 20;
const firstPauseMs = 5000;
const longestPauseMs = 3_600_000;
/** An audit for which Lean could not be read is made again after this. */
const auditAgainMs = 300_000;
/** Audits of one request may fail for this long before it is told. */
const unauditedAfterMs = 1_800_000;
/** Requests whose audits fail that are remembered. */
const mostUnaudited = 10_000;
/** How long an audit may read: its window goes up to now, and may be wide. */
const auditReadingMs = 60_000;
const dayMs = 86_400_000;
/** How far the store's clock may run from a steady one between two rounds before nothing is purged by it. */
const jumpMs = 60_000;

/** Audits of a settled request come one resend delay after it was settled, and so long after that. */
const auditPausesMs: readonly number[] = [0, 3_600_000, dayMs];

/** Puts requests of unknown outcome before settled ones, and then the longest due first. */
function byUrgency(a: PayoutRequest, b: PayoutRequest): number {
  const isSettled = (request: PayoutRequest): number => Number(openRecords(request).length === 0);
  return isSettled(a) - isSettled(b) || (a.nextCheckAt ?? 0) - (b.nextCheckAt ?? 0);
}

/**
 * Looks in the background for payouts whose outcome is unknown: those that a crash left behind, and those whose answer
 * was lost. It never sends anything: what Lean does not have is sent again only when its key comes again.
 */
export class ReconciliationLoop {
  readonly #options: Required<ReconciliationLoopOptions>;
  readonly #rounds: PollingLoop;
  /** Since when the audits of a request fail, by the steady clock. */
  readonly #unaudited: LRUCache<string, { readonly since: number; told: boolean }>;
  #lastRound: { readonly store: number; readonly steady: number } | undefined;
  #clocks: ClockDifferences | undefined;
  #clockTrouble = false;

  constructor(options: ReconciliationLoopOptions) {
    this.#options = {
      onStoreTrouble: () => undefined,
      onClockTrouble: () => undefined,
      onUnaudited: () => undefined,
      onFailure: () => undefined,
      everyMs: 1000,
      now: Date.now,
      steadyNow: () => performance.now(),
      ...options,
    };
    const { onStoreTrouble, everyMs, steadyNow } = this.#options;
    // An entry ends if no audit has failed here for half an hour, because another gateway may have audited it since.
    this.#unaudited = new LRUCache({ max: mostUnaudited, ttl: unauditedAfterMs, perf: { now: steadyNow } });
    this.#rounds = new PollingLoop({
      round: () => this.round(),
      everyMs,
      isTrouble: error => error instanceof StoreUnavailable,
      onTrouble: error => {
        onStoreTrouble(error as StoreUnavailable | undefined);
      },
    });
  }

  /** As measured in the last round. */
  get clockDifferences(): ClockDifferences | undefined {
    return this.#clocks;
  }

  /** Looks now, and from now on. */
  start(): void {
    this.#rounds.start();
  }

  /** Ends the looking; a look under way is waited for. */
  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  /**
   * One round: takes back what ended gateways have left, forgets what is old, looks for what is due.
   * @throws StoreUnavailable
   */
  async round(): Promise<void> {
    const { records, reconciliation, retentionDays, rule } = this.#options;
    const mayPurge = await this.#compareClocks();
    await records.recover();
    if (mayPurge) await records.forget(Math.max(retentionDays * dayMs, rule.delayMs + dayMs));
    const due = await reconciliation.due(perRound, this.#options.application);
    for (const request of due.toSorted(byUrgency)) {
      if (this.#rounds.stopped) return;
      try {
        const error = await this.#look(request);
        // Where Lean cannot be read, the other requests wait for the next round: each could take as long.
        if (error !== undefined && !concernsOneRequest(error)) return;
      } catch (error) {
        if (error instanceof StoreUnavailable) throw error;
        // A bug that one request meets must not keep the others from being looked for.
        this.#options.onFailure(request, error);
      }
    }
  }

  /**
   * Measures the clocks. Whether records may be purged by the store's: it has not jumped since the last round, and it
   * agrees with Lean's.
   */
  async #compareClocks(): Promise<boolean> {
    const { storeNow, now, steadyNow, client, onClockTrouble } = this.#options;
    // Without a store nothing can be said of the clocks.
    this.#clocks = undefined;
    const steady = steadyNow();
    const store = await storeNow();
    const lean = client.clock.now();
    this.#clocks = { store: now() - store, lean: lean === undefined ? undefined : now() - lean };
    const differ = [this.#clocks.store, this.#clocks.lean ?? 0].some(ms => Math.abs(ms) > clockToleranceMs);
    if (differ !== this.#clockTrouble) onClockTrouble(differ ? this.#clocks : undefined);
    this.#clockTrouble = differ;
    const last = this.#lastRound;
    this.#lastRound = { store, steady };
    const steadily = last !== undefined && Math.abs(store - last.store - (steady - last.steady)) < jumpMs;
    return steadily && lean !== undefined && Math.abs(store - lean) <= clockToleranceMs;
  }

  /** The error where Lean could not be read. */
  async #look(request: PayoutRequest): Promise<LeanError | undefined> {
    const { reconciliation, client, reconciler } = this.#options;
    const isOpen = openRecords(request).length > 0;
    const planned = isOpen ? this.#pauseBefore(request) : this.#pauseBeforeAudit(request);
    const checks = request.checks < 0 ? request.checks : request.checks + 1;
    // Put off first, so that of several gateways one looks.
    if (!(await reconciliation.postpone(request, { checks, inMs: planned ?? auditAgainMs })))
      return undefined;
    const readingMs = isOpen ? backgroundReadingMs : auditReadingMs;
    const deadline = Math.max(client.deadline(), performance.now() + readingMs);
    if (isOpen) {
      const turn = await reconciliation.startReading(request);
      // A caller has had Lean read within the last seconds. That reading may have been too early to prove anything.
      if (turn === undefined) {
        await this.#lookAgainIn(firstPauseMs, request);
        return undefined;
      }
      const { error } = await reconciler.reconcile(turn, deadline);
      if (error !== undefined) await this.#lookAgainIn(firstPauseMs, request);
      return error;
    }
    try {
      await reconciler.audit(request, deadline);
      this.#unaudited.delete(nameOf(request));
      if (planned === null) await this.#lookAgainIn(null, request);
      return undefined;
    } catch (error) {
      if (!(error instanceof LeanError)) throw error;
      this.#noteUnaudited(request);
      await this.#lookAgainIn(auditAgainMs, request);
      return error;
    }
  }

  #noteUnaudited(request: PayoutRequest): void {
    const { steadyNow, onUnaudited } = this.#options;
    const failing = this.#unaudited.get(nameOf(request)) ?? { since: steadyNow(), told: false };
    this.#unaudited.set(nameOf(request), failing);
    if (failing.told || steadyNow() - failing.since < unauditedAfterMs) return;
    failing.told = true;
    onUnaudited(request);
  }

  /** Lean was not asked, so this look does not count. */
  async #lookAgainIn(inMs: number | null, request: PayoutRequest): Promise<void> {
    const { records, reconciliation } = this.#options;
    const now = await records.read(request);
    if (now !== undefined) await reconciliation.postpone(now, { checks: request.checks, inMs });
  }

  /**
   * Until the next planned audit; null after the last one. Audits are planned by time and not counted, so that one that
   * a webhook brings about replaces none of them.
   */
  #pauseBeforeAudit({ sends, changedAt, checks, readAt }: PayoutRequest): number | null {
    // Noted by a clock that was wrong.
    if (isFarAhead(changedAt, readAt)) return null;
    const first = changedAt + this.#options.rule.proofDelayOf(sends, readAt);
    // `checks` of -1: a webhook has brought this audit about, and no others are planned.
    const pauses = checks < 0 ? [0] : auditPausesMs;
    const next = pauses.map(pause => first + pause).find(at => at > readAt);
    return next === undefined ? null : next - readAt;
  }

  /** Soon at first, later more seldom, and at the end of the resend delay, when an absence becomes a proof. */
  #pauseBefore({ sends, checks, readAt }: PayoutRequest): number {
    const pause = Math.min(firstPauseMs * 2 ** checks, longestPauseMs);
    const end = sends.until === null ? null : sends.until + this.#options.rule.proofDelayOf(sends, readAt);
    const untilEnd = end === null || end <= readAt ? Infinity : end - readAt + 1000;
    return Math.min(pause, untilEnd);
  }
}

function nameOf({ caller, idempotencyKey }: RequestKey): string {
  return JSON.stringify([caller, idempotencyKey]);
}
