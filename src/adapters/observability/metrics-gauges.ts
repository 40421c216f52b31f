import { Gauge, type Registry } from 'prom-client';
import type { BulkheadLoad } from '../../lean/bulkhead.ts';
import type { RequestClass } from '../../lean/retry.ts';
import type { AttentionCounts } from '../../payouts/creation/operator-records.ts';
import type { ClockDifferences } from '../../payouts/creation/reconciliation-loop.ts';
import { connectionLimits } from '../http/connection-limits.ts';
import type { Connections } from '../http/connections.ts';

/** The gauges read their values from here whenever `/metrics` is requested. */
export interface MetricsSources {
  /** How busy the ways to Lean are. */
  readonly load: () => Readonly<Record<RequestClass, BulkheadLoad>>;
  /** Requests that need attention; undefined when the store cannot say. */
  readonly attention: () => Promise<AttentionCounts | undefined>;
  /** How far the gateway's clock is ahead of the others; undefined until that is known. */
  readonly clocks: () => ClockDifferences | undefined;
  readonly ready: () => boolean;
  readonly subscriptions: () => number;
  readonly connections: () => Pick<Connections, 'count' | 'unreadBytes' | 'incomingBytes'>;
}

/** Registers the gauges, whose values are read whenever `/metrics` is requested. */
export function registerGauges(
  registry: Registry,
  { load, attention, clocks, ready, subscriptions, connections }: MetricsSources,
): void {
  const registers = [registry];
  const perClass = (name: string, help: string, read: (load: BulkheadLoad) => number): void => {
    new Gauge({
      name,
      help,
      labelNames: ['class'],
      registers,
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
      registers,
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
      registers,
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
    registers,
    collect() {
      const differences = clocks();
      this.reset();
      if (differences === undefined) return;
      this.set({ clock: 'store' }, differences.store / 1000);
      if (differences.lean !== undefined) this.set({ clock: 'lean' }, differences.lean / 1000);
    },
  });
  const single = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  };
  single('lean_payouts_subscribers', 'Subscriptions that are open.', subscriptions);
  single(
    'lean_payouts_connections',
    'Connections that callers have open, on all listeners.',
    () => connections().count,
  );
  single(
    'lean_payouts_unread_bytes',
    'Bytes of answers that callers have not read.',
    () => connections().unreadBytes,
  );
  single(
    'lean_payouts_incoming_bytes',
    'Bytes of requests and messages that have not come in whole, or wait for their turn.',
    () => connections().incomingBytes,
  );
  const limits = new Gauge({
    name: 'lean_payouts_limit',
    help: 'What one connection, one caller and the process may hold, by limit: see docs/limits.md.',
    labelNames: ['limit'],
    registers,
  });
  for (const [name, most] of Object.entries(connectionLimits))
    limits.set({ limit: name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`) }, most);
  single('lean_payouts_ready', '1 while new requests are taken and Lean can be called.', () =>
    Number(ready()),
  );
}
