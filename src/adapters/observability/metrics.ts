import { collectDefaultMetrics, Counter, Registry, type Metric } from 'prom-client';
import { findings, type Finding } from '../../payouts/creation/finding.ts';
import type { UpstreamCall } from '../../lean/upstream-call.ts';
import { connectionEnds, type ConnectionEnd } from '../http/connection-limits.ts';
import { Histogram, type HistogramOptions } from './histogram.ts';
import type { FinishedRequest } from '../http/listener.ts';
import { registerGauges, type MetricsSources } from './metrics-gauges.ts';
import type { DeliveryOutcome } from '../http/webhook.ts';

/** The states in which payouts are counted. */
export const countedPayouts = ['created', 'rejected', 'unknown', 'found', 'duplicate', 'unaudited'] as const;

export type CountedPayout = (typeof countedPayouts)[number];

const deliveries: readonly (DeliveryOutcome | 'foreign' | 'missed')[] = [
  'taken',
  'seen',
  'ignored',
  'unsigned',
  'malformed',
  'too_large',
  'not_kept',
  'foreign',
  'missed',
];

const durations = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/**
 * The numbers that those who run the gateway look at, as Prometheus reads them. Every label has a bounded number of
 * values, whatever callers send.
 * @see https://prometheus.io/docs/instrumenting/exposition_formats
 */
export class Metrics {
  readonly #registry = new Registry();
  #text: Promise<string> | undefined;
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
      help: 'Lean calls that a request cost.',
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
      help: 'Payouts by outcome; unknown: requests whose answer was lost; found: settled by reconciliation; duplicate: Lean has more payouts of a key than it has transfers; unaudited: Lean could not be read to find that out.',
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
      help: 'Steps of payouts that subscribers have been told of, by this gateway.',
      registers,
    });
    this.#secondPayments = new Counter({
      name: 'lean_payouts_second_payments_total',
      help: 'Times that Lean has shown another payment of an intent.',
      registers,
    });
    for (const outcome of deliveries) this.#webhooks.inc({ outcome }, 0);
    for (const state of countedPayouts) this.#payouts.inc({ state }, 0);
    this.#findings = new Counter({
      name: 'lean_payouts_reconciliation_findings_total',
      help: 'Looks at Lean for a payout of unknown outcome that settled nothing, by what they found.',
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
    for (const reason of connectionEnds) this.#connectionsEnded.inc({ reason }, 0);
    registerGauges(this.#registry, sources);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All numbers as text. */
  metrics(): Promise<string> {
    // Concurrent scrapes share one rendering: each takes a millisecond of the event loop.
    this.#text ??= this.#registry.metrics().finally(() => {
      this.#text = undefined;
    });
    return this.#text;
  }

  request({ surface, label, outcome = 'unknown', seconds, leanCalls }: FinishedRequest): void {
    // What has no operation and no code, such as a question after the health, is nobody's request for payouts.
    if (label === undefined && /^\d+$/.test(outcome)) return;
    this.#requests.observe(seconds, surface, label ?? 'none', outcome);
    this.#leanCalls.observe(leanCalls, surface);
  }

  upstreamCall(call: UpstreamCall): void {
    const { operation, class: kind, attempt, durationMs } = call;
    this.#upstream.observe(durationMs / 1000, operation, kind, String(attempt), outcomeOf(call));
  }

  payouts(state: CountedPayout, count = 1): void {
    if (count > 0) this.#payouts.inc({ state }, count);
  }

  finding(finding: Finding): void {
    this.#findings.inc({ finding });
  }

  webhooks(outcome: DeliveryOutcome | 'foreign' | 'missed', count = 1): void {
    this.#webhooks.inc({ outcome }, count);
  }

  connectionEnded(reason: ConnectionEnd): void {
    this.#connectionsEnded.inc({ reason });
  }

  secondPayment(): void {
    this.#secondPayments.inc();
  }

  updates(count: number): void {
    this.#updates.inc(count);
  }

  #histogram(options: HistogramOptions): Histogram {
    const histogram = new Histogram(options);
    // The registry's type has the library's own classes alone; all that it asks of a metric is its name and `get`.
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
  return error === 'given up' ? 'given_up' : 'broken';
}
