import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { SseSubscribers, openWithoutReading } from './sse-subscribers.ts';
import { median, printTable } from './figures.ts';
import { startProcess, type ServerProcess } from './processes.ts';
import { deliverWebhook, nextWebhook, updatesQuery, webhookSecret } from './webhook-delivery.ts';

/** The size of the measurement. */
export interface SubscriberCounts {
  readonly subscribers: number;
  /** The number of subscribers that do not read, for the second row. */
  readonly notReading: number;
  /** The number of events that each subscriber receives. */
  readonly events: number;
}

interface Processes {
  readonly lean: ServerProcess;
  readonly gateway: ServerProcess;
}

/** Times are in ms after the webhook. They are medians over the events. */
interface Delivery {
  readonly first: number;
  readonly median: number;
  readonly last: number;
  /** CPU time of the gateway per event and subscriber, in µs. */
  readonly cpuMicros: number;
  /** Lean calls per event. */
  readonly leanCalls: number;
}

/**
 * Measures the cost of subscribers that all receive the same events on one gateway. Each event arrives by Lean's
 * webhook. The subscribers run in this process, so the measured times include the cost of reading here.
 */
export async function subscribersTable(counts: SubscriberCounts): Promise<void> {
  const { notReading, events } = counts;
  const subscribers = Math.min(counts.subscribers, maxConnections());
  const folder = await mkdtemp(join(tmpdir(), 'lean-payouts-bench-'));
  const lean = await startProcess('live-lean.ts');
  const gateway = await startProcess('live-gateway.ts', {
    args: [lean.url, folder, webhookSecret],
    path: '/graphql',
    // The process collects its garbage before it measures its memory.
    flags: ['--expose-gc'],
  });
  const processes = { lean, gateway };
  try {
    // A warm-up, because code and hidden classes are created once and must not count for the subscribers.
    await deliverTo(processes, Math.min(subscribers, 200), events);
    const before = await memory(processes);
    const readers = await SseSubscribers.open(gateway.url, updatesQuery, subscribers);
    const kibEach = ((await memory(processes)) - before) / subscribers;
    const allReading = await measure(processes, readers, subscribers, events);
    await disconnect(processes, readers);

    const sockets = await blockSubscribers(processes, notReading);
    const besideBlocked = await deliverTo(processes, subscribers - notReading, events);
    if (Number(await gateway.ask('full buffers')) !== notReading)
      throw new Error('a subscriber that must not read has read');
    for (const socket of sockets) socket.destroy();

    printTable(
      'Subscribers to all payouts on one gateway',
      ['', 'KiB each', 'first ms', 'median ms', 'last ms', 'CPU µs each', 'Lean calls'],
      [
        [`${String(subscribers)} reading`, kibEach.toFixed(1), ...cells(allReading)],
        [
          `${String(subscribers - notReading)} reading, ${String(notReading)} not reading`,
          '',
          ...cells(besideBlocked),
        ],
      ],
    );
  } finally {
    for (const server of [gateway, lean]) await server.stop();
    await rm(folder, { recursive: true });
  }
}

function cells({ first, median: middle, last, cpuMicros, leanCalls }: Delivery): string[] {
  return [...[first, middle, last, cpuMicros].map(figure => figure.toFixed(1)), leanCalls.toFixed(1)];
}

/** Opens subscribers, measures the events, and closes the subscribers. */
async function deliverTo(processes: Processes, subscribers: number, events: number): Promise<Delivery> {
  const readers = await SseSubscribers.open(processes.gateway.url, updatesQuery, subscribers);
  const delivery = await measure(processes, readers, subscribers, events);
  await disconnect(processes, readers);
  return delivery;
}

async function disconnect({ gateway }: Processes, readers: SseSubscribers): Promise<void> {
  const others = Number(await gateway.ask('full buffers'));
  readers.close();
  while (Number(await gateway.ask('connected')) > others) await pause(50);
}

async function measure(
  { lean, gateway }: Processes,
  readers: SseSubscribers,
  subscribers: number,
  events: number,
): Promise<Delivery> {
  const delays: (readonly number[])[] = [];
  const [cpuBefore, callsBefore] = [await gateway.cpuMicros(), Number(await lean.ask('calls'))];
  for (let event = 0; event < events; event += 1) {
    const { webhook, updateText } = await nextWebhook(lean);
    const arriving = readers.arrivals(updateText);
    const sentAt = performance.now();
    await deliverWebhook(gateway.url, webhook);
    delays.push((await arriving).map(at => at - sentAt));
    await pause(20);
  }
  const cpu = (await gateway.cpuMicros()) - cpuBefore;
  const calls = Number(await lean.ask('calls')) - callsBefore;
  return {
    first: median(delays.map(eventDelays => eventDelays[0] ?? NaN)),
    median: median(delays.map(median)),
    last: median(delays.map(eventDelays => eventDelays.at(-1) ?? NaN)),
    cpuMicros: cpu / events / subscribers,
    leanCalls: calls / events,
  };
}

const largeQuery = `subscription { payoutUpdated { payout { ${Array.from('abcdefghijklmno', alias => `${alias}: description`).join(' ')} } } }`;

/**
 * Opens subscribers that do not read, and sends large payouts until the buffers of all of them are full. A smaller
 * socket buffer would be faster, but Node cannot set one.
 */
async function blockSubscribers({ lean, gateway }: Processes, count: number) {
  const sockets = await Promise.all(
    Array.from({ length: count }, () => openWithoutReading(gateway.url, largeQuery)),
  );
  while (Number(await gateway.ask('connected')) < count) await pause(20);
  for (let events = 0; Number(await gateway.ask('full buffers')) < count; events += 1) {
    if (events === 1000) throw new Error('the gateway still sends to subscribers that do not read');
    await deliverWebhook(gateway.url, String(await lean.ask('large payout')));
    await pause(20);
  }
  return sockets;
}

async function memory({ gateway }: Processes): Promise<number> {
  return Number(await gateway.ask('needed memory'));
}

/**
 * The limit of file descriptors. A connection takes one in this process and one in the gateway, with the same limit.
 */
function maxConnections(): number {
  const { userLimits } = process.report.getReport() as {
    readonly userLimits?: { readonly open_files: { readonly soft: number | string } };
  };
  const soft = Number(userLimits?.open_files.soft);
  return Number.isFinite(soft) ? soft - 200 : Infinity;
}
