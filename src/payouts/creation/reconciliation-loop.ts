import { LRUCache } from 'lru-cache';
import { concernsOneRequest, LeanError } from '../../errors/lean-errors.ts';
import type { LeanClient } from '../../lean/client.ts';
import { StoreUnavailable } from '../../errors/gateway-errors.ts';
import { PollingLoop } from '../../scheduling/polling-loop.ts';
import type { OutcomeReconciler } from './outcome-reconciler.ts';
import { clockToleranceMs } from './payout-matcher.ts';
import { maxReadIntervalMs, openRecords, type PayoutRequest, type RequestKey } from './payout-record.ts';
import type { PayoutRecords, ReconciliationRecords } from './payout-records.ts';
import { isFarAhead, type ResendRule } from './resend-rule.ts';

export interface ReconciliationLoopOptions {
  readonly client: LeanClient;
  readonly records: Pick<PayoutRecords, 'recover' | 'purge' | 'read'>;
  readonly reconciliation: ReconciliationRecords;
  readonly reconciler: OutcomeReconciler;
  readonly rule: ResendRule;
  /** The Lean application of the gateway's credentials. */
  readonly application: string;
  /** The store's time, epoch ms. */
  readonly storeNow: () => Promise<number>;
  /** For how many days settled requests are kept. */
  readonly retentionDays: number;
  /** Called once when clocks differ too much, and with undefined when they agree again. */
  readonly onClockDifference?: (differences: ClockDifferences | undefined) => void;
  /** Called once when the audits of a request have failed for half an hour. The audits continue. */
  readonly onAuditFailing?: (key: RequestKey) => void;
  /** Called when a bug has prevented the reconciliation of a request. The request is due again later. */
  readonly onFailure?: (key: RequestKey, error: unknown) => void;
  /** The pause between two polls. @default 1 s */
  readonly intervalMs?: number;
  /** This machine's time, epoch ms. @default Date.now */
  readonly now?: () => number;
  /** A monotonic clock, in ms. @default performance.now */
  readonly monotonicNow?: () => number;
}

/** How far this machine's clock is ahead of the store's and of Lean's, in ms; undefined if unknown. */
export interface ClockDifferences {
  readonly store: number;
  readonly lean: number | undefined;
}

/** The most requests that one poll reconciles. */
const requestsPerPoll = 20;
const firstPauseMs = 5000;
/** The pause after an audit that could not read Lean. */
const auditRetryMs = 300_000;
/** How long the audits of a request may fail before this is reported. */
const auditFailureReportMs = 1_800_000;
/** The most requests with failing audits that are remembered. */
const maxFailingAudits = 10_000;
/** The time limit for reading Lean's list for a request of unknown outcome. */
const readingTimeoutMs = 30_000;
/** The time limit of an audit. It is long, because an audit reads the list up to now. */
const auditTimeoutMs = 60_000;
const dayMs = 86_400_000;
/** Nothing is purged if the store's clock and the monotonic clock drift apart by this between two polls, in ms. */
const clockJumpMs = 60_000;

/** When a settled request is audited, in ms after one resend delay has passed since it was settled. */
const auditPausesMs: readonly number[] = [0, 3_600_000, dayMs];

/** Sorts requests of unknown outcome before settled ones, then the longest due first. */
function byUrgency(a: PayoutRequest, b: PayoutRequest): number {
  const isSettled = (request: PayoutRequest): number => Number(openRecords(request).length === 0);
  return isSettled(a) - isSettled(b) || (a.nextCheckAt ?? 0) - (b.nextCheckAt ?? 0);
}

/**
 * Reconciles requests in the background: those of unknown outcome, after a crash or a lost answer, and settled ones,
 * which it audits for a second payout. It never sends anything. Only a repetition of its key sends a request again.
 */
export class ReconciliationLoop {
  readonly #options: Required<ReconciliationLoopOptions>;
  readonly #pollingLoop: PollingLoop;
  /** Requests whose audits fail. `since` is a time of the monotonic clock. */
  readonly #failingAudits: LRUCache<string, { readonly since: number; reported: boolean }>;
  /** The times of the last poll. */
  #lastClocks: { readonly store: number; readonly monotonic: number } | undefined;
  #clockDifferences: ClockDifferences | undefined;
  #clocksDiffer = false;

  constructor(options: ReconciliationLoopOptions) {
    this.#options = {
      onClockDifference: () => undefined,
      onAuditFailing: () => undefined,
      onFailure: () => undefined,
      intervalMs: 1000,
      now: Date.now,
      monotonicNow: () => performance.now(),
      ...options,
    };
    const { intervalMs, monotonicNow } = this.#options;
    // An entry expires if no audit has failed in this process for half an hour: another gateway may have audited it
    // since.
    this.#failingAudits = new LRUCache({
      max: maxFailingAudits,
      ttl: auditFailureReportMs,
      perf: { now: monotonicNow },
    });
    this.#pollingLoop = new PollingLoop({
      poll: () => this.poll(),
      intervalMs,
      isTransient: error => error instanceof StoreUnavailable,
      // The store reports its failures itself, because most of them concern payouts and not this loop.
      onFailure: () => undefined,
    });
  }

  /** As measured by the last poll; undefined if the store was unavailable. */
  get clockDifferences(): ClockDifferences | undefined {
    return this.#clockDifferences;
  }

  /** Polls now and then at intervals. */
  start(): void {
    this.#pollingLoop.start();
  }

  /** Stops polling. Resolves once a running poll has ended. */
  stop(): Promise<void> {
    return this.#pollingLoop.stop();
  }

  /**
   * Polls once: ends the leases of gateways that no longer run, purges old requests, and reconciles due ones.
   * @throws StoreUnavailable
   */
  async poll(): Promise<void> {
    const { records, reconciliation, retentionDays, rule } = this.#options;
    const mayPurge = await this.#compareClocks();
    await records.recover();
    if (mayPurge) await records.purge(Math.max(retentionDays * dayMs, rule.delayMs + dayMs));
    const due = await reconciliation.due(requestsPerPoll, this.#options.application);
    for (const request of due.toSorted(byUrgency)) {
      if (this.#pollingLoop.stopped) return;
      try {
        const error = await this.#check(request);
        // If Lean cannot be read, each of the other requests could take as long, so they wait for the next poll.
        if (error !== undefined && !concernsOneRequest(error)) return;
      } catch (error) {
        if (error instanceof StoreUnavailable) throw error;
        // A bug that affects one request must not stop the reconciliation of the others.
        this.#options.onFailure(request, error);
      }
    }
  }

  /**
   * Compares the clocks.
   * @returns whether records may be purged by the store's clock: it has not jumped since the last poll, and it agrees
   * with Lean's
   */
  async #compareClocks(): Promise<boolean> {
    const { storeNow, now, monotonicNow, client, onClockDifference } = this.#options;
    // If the store is unavailable, nothing is known of the clocks.
    this.#clockDifferences = undefined;
    const monotonic = monotonicNow();
    const store = await storeNow();
    const lean = client.clock.now();
    const differences = { store: now() - store, lean: lean === undefined ? undefined : now() - lean };
    this.#clockDifferences = differences;
    const differ = [differences.store, differences.lean ?? 0].some(ms => Math.abs(ms) > clockToleranceMs);
    if (differ !== this.#clocksDiffer) onClockDifference(differ ? differences : undefined);
    this.#clocksDiffer = differ;
    const last = this.#lastClocks;
    this.#lastClocks = { store, monotonic };
    const isSteady =
      last !== undefined && Math.abs(store - last.store - (monotonic - last.monotonic)) < clockJumpMs;
    return isSteady && lean !== undefined && Math.abs(store - lean) <= clockToleranceMs;
  }

  /**
   * Reconciles a request of unknown outcome, or audits a settled one.
   * @returns the error if Lean could not be read
   */
  async #check(request: PayoutRequest): Promise<LeanError | undefined> {
    const { reconciliation, client, reconciler } = this.#options;
    const isOpen = openRecords(request).length > 0;
    const planned = isOpen ? this.#pauseBefore(request) : this.#pauseBeforeAudit(request);
    const checks = request.checks < 0 ? request.checks : request.checks + 1;
    // The request is postponed first, so that only one of several gateways reads Lean.
    if (!(await reconciliation.postpone(request, { checks, inMs: planned ?? auditRetryMs })))
      return undefined;
    const readingMs = isOpen ? readingTimeoutMs : auditTimeoutMs;
    const deadline = Math.max(client.deadline(), performance.now() + readingMs);
    if (isOpen) {
      const current = await reconciliation.startReading(request);
      // A request of a caller has read Lean's list within the last seconds. It may have been too early to prove
      // anything.
      if (current === undefined) {
        await this.#checkAgainIn(firstPauseMs, request);
        return undefined;
      }
      const { error } = await reconciler.reconcile(current, deadline);
      if (error !== undefined) await this.#checkAgainIn(firstPauseMs, request);
      return error;
    }
    try {
      await reconciler.audit(request, deadline);
      this.#failingAudits.delete(cacheKeyOf(request));
      if (planned === null) await this.#checkAgainIn(null, request);
      return undefined;
    } catch (error) {
      if (!(error instanceof LeanError)) throw error;
      this.#noteFailedAudit(request);
      await this.#checkAgainIn(auditRetryMs, request);
      return error;
    }
  }

  #noteFailedAudit(request: PayoutRequest): void {
    const { monotonicNow, onAuditFailing } = this.#options;
    const cacheKey = cacheKeyOf(request);
    const failing = this.#failingAudits.get(cacheKey) ?? { since: monotonicNow(), reported: false };
    this.#failingAudits.set(cacheKey, failing);
    if (failing.reported || monotonicNow() - failing.since < auditFailureReportMs) return;
    failing.reported = true;
    onAuditFailing(request);
  }

  /** Sets the time of the next check, without counting the check that was just made. */
  async #checkAgainIn(inMs: number | null, request: PayoutRequest): Promise<void> {
    const { records, reconciliation } = this.#options;
    const current = await records.read(request);
    if (current !== undefined) await reconciliation.postpone(current, { checks: request.checks, inMs });
  }

  /**
   * The time until the next planned audit, in ms; null after the last one. Audits are planned by time and not by
   * number, so that an audit that a webhook causes replaces none of them.
   */
  #pauseBeforeAudit({ sends, changedAt, checks, readAt }: PayoutRequest): number | null {
    // A wrong clock recorded the change.
    if (isFarAhead(changedAt, readAt)) return null;
    const first = changedAt + this.#options.rule.proofDelayOf(sends, readAt);
    // `checks` of -1: a webhook has caused this audit, and no others are planned.
    const pauses = checks < 0 ? [0] : auditPausesMs;
    const next = pauses.map(pause => first + pause).find(at => at > readAt);
    return next === undefined ? null : next - readAt;
  }

  /**
   * The time until the next check of an open request, in ms: exponential, but no later than the end of the resend
   * delay, when an absence becomes a proof.
   */
  #pauseBefore({ sends, checks, readAt }: PayoutRequest): number {
    const pause = Math.min(firstPauseMs * 2 ** checks, maxReadIntervalMs);
    const end = sends.until === null ? null : sends.until + this.#options.rule.proofDelayOf(sends, readAt);
    const untilEnd = end === null || end <= readAt ? Infinity : end - readAt + 1000;
    return Math.min(pause, untilEnd);
  }
}

function cacheKeyOf({ caller, idempotencyKey }: RequestKey): string {
  return JSON.stringify([caller, idempotencyKey]);
}
