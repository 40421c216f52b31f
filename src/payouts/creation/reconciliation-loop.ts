import { LeanError } from '../../lean/errors.ts';
import type { LeanClient } from '../../lean/client.ts';
import { StoreUnavailable } from '../errors.ts';
import { Rounds } from '../rounds.ts';
import type { OutcomeReconciler } from './outcome-reconciler.ts';
import { clockToleranceMs } from './payout-matcher.ts';
import { openRecords, type PayoutRequest } from './payout-record.ts';
import type { PayoutRecords, ReconciliationRecords } from './payout-records.ts';
import type { ResendRule } from './resend-rule.ts';

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
const dayMs = 86_400_000;
/** How far the store's clock may run from a steady one between two rounds before nothing is purged by it. */
const jumpMs = 60_000;

/** When a settled request that was sent twice, or rejected after a doubt, is looked for again: one delay, an hour, a day. */
const auditPausesMs: readonly number[] = [3_600_000, dayMs];

/**
 * Looks in the background for payouts whose outcome is unknown: those that a crash left behind, and those whose answer
 * was lost. It never sends anything: what Lean does not have is sent again only when its key comes again.
 */
export class ReconciliationLoop {
  readonly #options: Required<ReconciliationLoopOptions>;
  readonly #rounds: Rounds;
  #lastRound: { readonly store: number; readonly steady: number } | undefined;
  #clocks: ClockDifferences | undefined;
  #clockTrouble = false;

  constructor(options: ReconciliationLoopOptions) {
    this.#options = {
      onStoreTrouble: () => undefined,
      onClockTrouble: () => undefined,
      everyMs: 1000,
      now: Date.now,
      steadyNow: () => performance.now(),
      ...options,
    };
    const { onStoreTrouble, everyMs } = this.#options;
    this.#rounds = new Rounds({
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
    for (const request of await reconciliation.due(perRound, this.#options.application)) {
      if (this.#rounds.stopped) return;
      await this.#look(request);
    }
  }

  /**
   * Measures the clocks. Whether records may be purged by the store's: it has not jumped since the last round, and it
   * agrees with Lean's.
   */
  async #compareClocks(): Promise<boolean> {
    const { storeNow, now, steadyNow, client, onClockTrouble } = this.#options;
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

  async #look(request: PayoutRequest): Promise<void> {
    const { reconciliation, client, reconciler } = this.#options;
    const isOpen = openRecords(request).length > 0;
    const inMs = isOpen ? this.#pauseBefore(request) : (auditPausesMs[request.checks] ?? null);
    // Put off first, so that of several gateways one looks.
    if (!(await reconciliation.postpone(request, { checks: request.checks + 1, inMs }))) return;
    const deadline = client.deadline();
    if (isOpen) {
      const turn = await reconciliation.startReading(request);
      if (turn === undefined) return;
      const { error } = await reconciler.reconcile(turn, deadline);
      if (error !== undefined) await this.#lookAgainSoon(request);
      return;
    }
    try {
      await reconciler.audit(request, deadline);
    } catch (error) {
      if (!(error instanceof LeanError)) throw error;
      await this.#lookAgainSoon(request);
    }
  }

  /** Lean was not asked, so this look does not count. */
  async #lookAgainSoon(request: PayoutRequest): Promise<void> {
    const { records, reconciliation } = this.#options;
    const now = await records.read(request);
    if (now !== undefined) await reconciliation.postpone(now, { checks: request.checks, inMs: firstPauseMs });
  }

  /** Soon at first, later more seldom, and at the end of the resend delay, when an absence becomes a proof. */
  #pauseBefore({ sends, checks, readAt }: PayoutRequest): number {
    const pause = Math.min(firstPauseMs * 2 ** checks, longestPauseMs);
    const end = this.#options.rule.endOf(sends, readAt);
    const untilEnd = end === null || end <= readAt ? Infinity : end - readAt + 1000;
    return Math.min(pause, untilEnd);
  }
}
