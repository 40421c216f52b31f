import { collectDefaultMetrics, Counter, Gauge, Registry, type Metric } from 'prom-client';
import type { LaneLoad } from '../lean/lane.ts';
import { findings, type Finding } from '../payouts/creation/finding.ts';
import type { AttentionCounts } from '../payouts/creation/operator-records.ts';
import type { ClockDifferences } from '../payouts/creation/reconciliation-loop.ts';
import type { RequestClass } from '../lean/retry.ts';
import type { UpstreamCall } from '../lean/upstream-call.ts';
import { connectionEnds, connectionLimits, type ConnectionEnd } from './connection-limits.ts';
import { Histogram, type HistogramOptions } from './histogram.ts';
import type { FinishedRequest } from './listener.ts';
import type { DeliveryOutcome } from './webhook.ts';

/** What is read when somebody asks for the numbers. */
export interface MetricsSources {
  /** How busy the ways to Lean are. */
  readonly load: () => Readonly<Record<RequestClass, LaneLoad>>;
  /** Requests that need attention; undefined when the store cannot say. */
  readonly attention: () => Promise<AttentionCounts | undefined>;
  /** How far the gateway's clock is ahead of the others; undefined until that is known. */
  readonly clocks: () => ClockDifferences | undefined;
  readonly ready: () => boolean;
  readonly subscriptions: () => number;
  readonly connections: () => { readonly open: number; readonly unreadBytes: number };
}

/** What became of a payout that somebody wanted to make, or that was looked for. */
export type PayoutEnd = 'created' | 'rejected' | 'unknown' | 'found' | 'duplicate';

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
  readonly #requests: Histogram;
  readonly #leanCalls: Histogram;
  readonly #upstream: Histogram;
  readonly #payouts: Counter<'state'>;
  readonly #findings: Counter<'finding'>;
  readonly #webhooks: Counter<'outcome'>;
  readonly #updates: Counter;
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
      help: 'Payouts by outcome; unknown: requests whose answer was lost; found: settled by reconciliation; duplicate: Lean has more payouts of a key than it has transfers.',
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
    for (const outcome of deliveries) this.#webhooks.inc({ outcome }, 0);
    for (const state of ['created', 'rejected', 'unknown', 'found', 'duplicate'])
      this.#payouts.inc({ state }, 0);
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
    this.#readWhenAsked(sources);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All numbers as text. */
  metrics(): Promise<string> {
    return this.#registry.metrics();
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

  payouts(state: PayoutEnd, count = 1): void {
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

  updates(count: number): void {
    this.#updates.inc(count);
  }

  #histogram(options: HistogramOptions): Histogram {
    const histogram = new Histogram(options);
    // The registry's type has the library's own classes alone; all that it asks of a metric is its name and `get`.
    this.#registry.registerMetric(histogram as unknown as Metric);
    return histogram;
  }

  #readWhenAsked({ load, attention, clocks, ready, subscriptions, connections }: MetricsSources): void {
    const perClass = (name: string, help: string, read: (load: LaneLoad) => number): void => {
      new Gauge({
        name,
        help,
        labelNames: ['class'],
        registers: [this.#registry],
        collect() {
          for (const [kind, lane] of Object.entries(load())) this.set({ class: kind }, read(lane));
        },
      });
    };
    perClass('lean_payouts_upstream_connections_busy', 'Lean calls under way.', ({ busy }) => busy);
    perClass(
      'lean_payouts_upstream_connections_max',
      'Lean calls that may be under way at once.',
      ({ max }) => max,
    );
    perClass('lean_payouts_upstream_queue', 'Lean calls that wait for their turn.', ({ waiting }) => waiting);
    perClass('lean_payouts_upstream_breaker_open', '1 while Lean is failing and left alone.', ({ open }) =>
      Number(open),
    );
    // Asked for once in each scrape, by whichever gauge comes first.
    let counting: Promise<AttentionCounts | undefined> | undefined;
    const counts = (): Promise<AttentionCounts | undefined> => {
      counting ??= attention().finally(() => {
        counting = undefined;
      });
      return counting;
    };
    const byReason = (
      name: string,
      help: string,
      read: (counts: AttentionCounts) => AttentionCounts['open'],
    ): void => {
      new Gauge({
        name,
        help: `${help} by why: WAITING, UNCLEAR or OPERATOR, over all gateways on one store; none while the store cannot say.`,
        labelNames: ['reason'],
        registers: [this.#registry],
        async collect() {
          this.reset();
          const known = await counts();
          if (known === undefined) return;
          for (const [reason, value] of Object.entries(read(known))) this.set({ reason }, value);
        },
      });
    };
    byReason('lean_payouts_open_requests', 'Requests of unknown outcome', ({ open }) => open);
    byReason(
      'lean_payouts_oldest_open_seconds',
      'Age of the oldest request of unknown outcome',
      ({ oldestSeconds }) => oldestSeconds,
    );
    const counted = (name: string, help: string, read: (counts: AttentionCounts) => number): void => {
      new Gauge({
        name,
        help: `${help}, over all gateways on one store; NaN while the store cannot say.`,
        registers: [this.#registry],
        async collect() {
          const known = await counts();
          this.set(known === undefined ? NaN : read(known));
        },
      });
    };
    counted(
      'lean_payouts_unresolved_payouts',
      'Requests whose outcome is unknown',
      ({ open }) => open.WAITING + open.UNCLEAR + open.OPERATOR,
    );
    counted(
      'lean_payouts_duplicate_requests',
      'Requests of which Lean has more payouts than transfers',
      ({ duplicates }) => duplicates,
    );
    counted(
      'lean_payouts_doubted_applications',
      'Lean applications whose list has lacked a payout, so that nothing is judged absent',
      ({ doubts }) => doubts,
    );
    new Gauge({
      name: 'lean_payouts_clock_difference_seconds',
      help: "How far this machine's clock is ahead of the store's and of Lean's; beyond 300 s nothing is judged absent.",
      labelNames: ['clock'],
      registers: [this.#registry],
      collect() {
        const differences = clocks();
        this.reset();
        if (differences === undefined) return;
        this.set({ clock: 'store' }, differences.store / 1000);
        if (differences.lean !== undefined) this.set({ clock: 'lean' }, differences.lean / 1000);
      },
    });
    new Gauge({
      name: 'lean_payouts_subscribers',
      help: 'Subscriptions that are open.',
      registers: [this.#registry],
      collect() {
        this.set(subscriptions());
      },
    });
    new Gauge({
      name: 'lean_payouts_connections',
      help: 'Connections that callers have open, on all listeners.',
      registers: [this.#registry],
      collect() {
        this.set(connections().open);
      },
    });
    new Gauge({
      name: 'lean_payouts_unread_bytes',
      help: 'Bytes of answers that callers have not read.',
      registers: [this.#registry],
      collect() {
        this.set(connections().unreadBytes);
      },
    });
    const limits = new Gauge({
      name: 'lean_payouts_limit',
      help: 'What one connection, one caller and the process may hold, by limit: see docs/limits.md.',
      labelNames: ['limit'],
      registers: [this.#registry],
    });
    for (const [name, most] of Object.entries(connectionLimits))
      limits.set({ limit: name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`) }, most);
    new Gauge({
      name: 'lean_payouts_ready',
      help: '1 while new requests are taken and Lean can be called.',
      registers: [this.#registry],
      collect() {
        this.set(Number(ready()));
      },
    });
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
