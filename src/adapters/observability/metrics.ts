import { collectDefaultMetrics, Counter, Registry, type Metric } from 'prom-client';
import { findings, type Finding } from '../../payouts/creation/finding.ts';
import { cancelledAttempt, type UpstreamCall } from '../../lean/upstream-call.ts';
import { connectionEndReasons, type ConnectionEndReason } from '../http/connection-limits.ts';
import { Histogram, type HistogramOptions } from './histogram.ts';
import type { FinishedRequest } from '../http/request-log.ts';
import { registerScrapedMetrics, type MetricsSources } from './scraped-metrics.ts';
import { deliveryOutcomes, type DeliveryOutcome } from '../http/webhook.ts';

/** The values of the `state` label of `lean_payouts_payouts_total`. */
const payoutCounterStates = ['created', 'rejected', 'unknown', 'found', 'duplicate', 'unaudited'] as const;

export type PayoutCounterState = (typeof payoutCounterStates)[number];

/**
 * The values of the `outcome` label of `lean_payouts_webhooks_total`. `foreign`: an event of a payment that is no
 * payout. `missed`: an event that only the backfill found.
 */
type WebhookOutcome = DeliveryOutcome | 'foreign' | 'missed';

const webhookOutcomes: readonly WebhookOutcome[] = [...deliveryOutcomes, 'foreign', 'missed'];

/** Histogram buckets for durations, in seconds. */
const durations = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/**
 * The metrics of the gateway in Prometheus format. Every label has a bounded number of values, whatever callers send.
 * @see https://prometheus.io/docs/instrumenting/exposition_formats
 */
export class Metrics {
  readonly #registry = new Registry();
  #rendering: Promise<string> | undefined;
  readonly #requests: Histogram;
  readonly #leanCalls: Histogram;
  readonly #upstream: Histogram;
  readonly #payouts: Counter<'state'>;
  readonly #findings: Counter<'finding'>;
  readonly #webhooks: Counter<'outcome'>;
  readonly #updates: Counter;
  readonly #secondPayments: Counter;
  readonly #connectionsEnded: Counter<'reason'>;

  constructor(sources: MetricsSources) {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
    this.#requests = this.#histogram({
      name: 'lean_payouts_request_duration_seconds',
      help: 'Requests by surface, operation, and ok or the code of the first error.',
      labelNames: ['surface', 'operation', 'outcome'],
      buckets: durations,
    });
    this.#leanCalls = this.#histogram({
      name: 'lean_payouts_request_lean_calls',
      help: 'Lean calls made for a request.',
      labelNames: ['surface'],
      buckets: [0, 1, 2, 5, 10, 25, 50, 100, 250],
    });
    this.#upstream = this.#histogram({
      name: 'lean_payouts_upstream_call_duration_seconds',
      help: 'Lean calls by operation, class, attempt (1 is the first) and outcome.',
      labelNames: ['operation', 'class', 'attempt', 'outcome'],
      buckets: durations,
    });
    this.#payouts = new Counter({
      name: 'lean_payouts_payouts_total',
      help: 'Payouts by outcome; unknown: requests whose response was lost; found: settled by reconciliation; duplicate: Lean has more payouts of a key than it has transfers; unaudited: Lean could not be read to check for duplicates.',
      labelNames: ['state'],
      registers,
    });
    this.#webhooks = new Counter({
      name: 'lean_payouts_webhooks_total',
      help: "Lean's webhooks by result; foreign: of a payment that is no payout; missed: found in Lean's list.",
      labelNames: ['outcome'],
      registers,
    });
    this.#updates = new Counter({
      name: 'lean_payouts_updates_total',
      help: 'State changes of payouts that this gateway has published to subscribers.',
      registers,
    });
    this.#secondPayments = new Counter({
      name: 'lean_payouts_second_payments_total',
      help: 'Number of times that Lean has shown a second payment of an intent.',
      registers,
    });
    for (const outcome of webhookOutcomes) this.#webhooks.inc({ outcome }, 0);
    for (const state of payoutCounterStates) this.#payouts.inc({ state }, 0);
    this.#findings = new Counter({
      name: 'lean_payouts_reconciliation_findings_total',
      help: 'Reconciliation reads for a payout of unknown outcome that did not settle it, by finding.',
      labelNames: ['finding'],
      registers,
    });
    for (const finding of Object.keys(findings)) this.#findings.inc({ finding }, 0);
    this.#connectionsEnded = new Counter({
      name: 'lean_payouts_connections_ended_total',
      help: 'Connections that the gateway closed because of a limit, by reason.',
      labelNames: ['reason'],
      registers,
    });
    for (const reason of connectionEndReasons) this.#connectionsEnded.inc({ reason }, 0);
    registerScrapedMetrics(this.#registry, sources);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Renders all metrics as text. */
  render(): Promise<string> {
    // Single-flight: concurrent scrapes share one rendering, which blocks the event loop for about a millisecond.
    this.#rendering ??= this.#registry.metrics().finally(() => {
      this.#rendering = undefined;
    });
    return this.#rendering;
  }

  recordRequest({ surface, operationLabel, outcome = 'unknown', seconds, leanCalls }: FinishedRequest): void {
    // Requests that have neither an operation nor an error code, such as health checks, are not counted.
    if (operationLabel === undefined && /^\d+$/.test(outcome)) return;
    this.#requests.observe(seconds, surface, operationLabel ?? 'none', outcome);
    this.#leanCalls.observe(leanCalls, surface);
  }

  recordUpstreamCall(call: UpstreamCall): void {
    const { operation, class: kind, attempt, durationMs } = call;
    this.#upstream.observe(durationMs / 1000, operation, kind, String(attempt), outcomeOf(call));
  }

  countPayouts(state: PayoutCounterState, count = 1): void {
    if (count > 0) this.#payouts.inc({ state }, count);
  }

  countFinding(finding: Finding): void {
    this.#findings.inc({ finding });
  }

  countWebhooks(outcome: WebhookOutcome, count = 1): void {
    this.#webhooks.inc({ outcome }, count);
  }

  countConnectionEnd(reason: ConnectionEndReason): void {
    this.#connectionsEnded.inc({ reason });
  }

  countSecondPayment(): void {
    this.#secondPayments.inc();
  }

  countUpdates(count: number): void {
    this.#updates.inc(count);
  }

  #histogram(options: HistogramOptions): Histogram {
    const histogram = new Histogram(options);
    // The cast is safe: the registry only uses `name` and `get`, but its type accepts only prom-client's own classes.
    this.#registry.registerMetric(histogram as unknown as Metric);
    return histogram;
  }
}

const statusClasses = ['', '1xx', '2xx', '3xx', '4xx', '5xx'];

function outcomeOf({ status, error = '' }: UpstreamCall): string {
  if (status === 429) return '429';
  if (status !== undefined) return statusClasses[Math.floor(status / 100)] ?? 'broken';
  if (error.startsWith('LeanUnreachable')) return 'unreachable';
  if (error.startsWith('LeanNotSent')) return 'held_back';
  if (error.endsWith('LEAN_TIMEOUT')) return 'timeout';
  return error === cancelledAttempt ? cancelledAttempt : 'broken';
}
