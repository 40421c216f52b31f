import { Counter, Gauge, type Registry } from 'prom-client';
import type { BulkheadLoad } from '../../lean/bulkhead.ts';
import type { RequestClass } from '../../lean/retry.ts';
import type { DetailCache } from '../../payouts/detail-cache.ts';
import type { AttentionCounts } from '../../payouts/creation/operator-records.ts';
import type { ClockDifferences } from '../../payouts/creation/reconciliation-loop.ts';
import { connectionLimits } from '../http/connection-limits.ts';
import type { Connections } from '../http/connections.ts';

/** Functions from which the gauges read their values whenever `/metrics` is requested. */
export interface MetricsSources {
  /** The load of the bulkheads in front of Lean, by request class. */
  readonly load: () => Readonly<Record<RequestClass, BulkheadLoad>>;
  readonly detailCache: () => DetailCache['statistics'];
  /** Counts of requests that need attention; undefined while the store is unavailable. */
  readonly attention: () => Promise<AttentionCounts | undefined>;
  /** How far this machine's clock is ahead of the store's and Lean's, in ms; undefined until it is measured. */
  readonly clocks: () => ClockDifferences | undefined;
  readonly ready: () => boolean;
  readonly subscriptions: () => number;
  readonly connections: () => Pick<Connections, 'count' | 'unreadBytes' | 'incomingBytes'>;
}

/** Registers the metrics that are read when they are scraped: gauges, and counters that other code keeps. */
export function registerScrapedMetrics(
  registry: Registry,
  { load, detailCache, attention, clocks, ready, subscriptions, connections }: MetricsSources,
): void {
  const registers = [registry];
  const gaugeByClass = (name: string, help: string, read: (load: BulkheadLoad) => number): void => {
    new Gauge({
      name,
      help,
      labelNames: ['class'],
      registers,
      collect() {
        for (const [kind, bulkhead] of Object.entries(load())) this.set({ class: kind }, read(bulkhead));
      },
    });
  };
  gaugeByClass('lean_payouts_upstream_connections_busy', 'Lean calls in flight.', ({ busy }) => busy);
  gaugeByClass(
    'lean_payouts_upstream_connections_max',
    'Lean calls that may be in flight at once.',
    ({ max }) => max,
  );
  gaugeByClass('lean_payouts_upstream_queue', 'Lean calls that wait in the queue.', ({ waiting }) => waiting);
  gaugeByClass(
    'lean_payouts_upstream_breaker_open',
    '1 while the circuit breaker is open because Lean is failing.',
    ({ open }) => Number(open),
  );
  // Several gauges share one read of the store in each scrape.
  let reading: Promise<AttentionCounts | undefined> | undefined;
  const readCounts = (): Promise<AttentionCounts | undefined> => {
    reading ??= attention().finally(() => {
      reading = undefined;
    });
    return reading;
  };
  const gaugeByReason = (
    name: string,
    help: string,
    read: (counts: AttentionCounts) => AttentionCounts['open'],
  ): void => {
    new Gauge({
      name,
      help: `${help} by reason: WAITING, UNCLEAR or OPERATOR, over all gateways on one store; no samples while the store is unavailable.`,
      labelNames: ['reason'],
      registers,
      async collect() {
        this.reset();
        const counts = await readCounts();
        if (counts === undefined) return;
        for (const [reason, value] of Object.entries(read(counts))) this.set({ reason }, value);
      },
    });
  };
  gaugeByReason('lean_payouts_open_requests', 'Requests of unknown outcome', ({ open }) => open);
  gaugeByReason(
    'lean_payouts_oldest_open_seconds',
    'Age of the oldest request of unknown outcome',
    ({ oldestSeconds }) => oldestSeconds,
  );
  const gaugeOfCount = (name: string, help: string, read: (counts: AttentionCounts) => number): void => {
    new Gauge({
      name,
      help: `${help}, over all gateways on one store; NaN while the store is unavailable.`,
      registers,
      async collect() {
        const counts = await readCounts();
        this.set(counts === undefined ? NaN : read(counts));
      },
    });
  };
  gaugeOfCount(
    'lean_payouts_unresolved_payouts',
    'Requests whose outcome is unknown',
    ({ open }) => open.WAITING + open.UNCLEAR + open.OPERATOR,
  );
  gaugeOfCount(
    'lean_payouts_duplicate_requests',
    'Requests for which Lean has more payouts than transfers',
    ({ duplicates }) => duplicates,
  );
  gaugeOfCount(
    'lean_payouts_doubted_applications',
    'Lean applications whose list has lacked a payout, so that no payout is judged absent',
    ({ doubts }) => doubts,
  );
  new Gauge({
    name: 'lean_payouts_clock_difference_seconds',
    help: "How far this machine's clock is ahead of the store's and of Lean's; beyond 300 s no payout is judged absent.",
    labelNames: ['clock'],
    registers,
    collect() {
      const differences = clocks();
      this.reset();
      if (differences === undefined) return;
      this.set({ clock: 'store' }, differences.store / 1000);
      if (differences.lean !== undefined) this.set({ clock: 'lean' }, differences.lean / 1000);
    },
  });
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  };
  const counter = (name: string, help: string, read: () => number): void => {
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  };
  counter(
    'lean_payouts_detail_cache_hits_total',
    'Lean calls that were saved, because the details of a final payout were cached.',
    () => detailCache().hits,
  );
  counter(
    'lean_payouts_detail_cache_misses_total',
    'Lean calls for details of final payouts in lists that were not cached.',
    () => detailCache().misses,
  );
  gauge(
    'lean_payouts_detail_cache_bytes',
    'Estimated memory of the cached details of final payouts, in bytes.',
    () => detailCache().bytes,
  );
  gauge('lean_payouts_subscribers', 'Open subscriptions.', subscriptions);
  gauge(
    'lean_payouts_connections',
    'Open connections of callers, on all listeners.',
    () => connections().count,
  );
  gauge(
    'lean_payouts_unread_bytes',
    'Bytes of responses that callers have not read.',
    () => connections().unreadBytes,
  );
  gauge(
    'lean_payouts_incoming_bytes',
    'Bytes of requests and messages that are incomplete or wait to be handled.',
    () => connections().incomingBytes,
  );
  const limits = new Gauge({
    name: 'lean_payouts_limit',
    help: 'The limits of one connection, one caller and the process: see docs/limits.md.',
    labelNames: ['limit'],
    registers,
  });
  for (const [name, max] of Object.entries(connectionLimits))
    limits.set({ limit: name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`) }, max);
  gauge('lean_payouts_ready', '1 while new requests are accepted and Lean can be called.', () =>
    Number(ready()),
  );
}
