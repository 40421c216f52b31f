import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { sandboxCredentials } from '../src/sandbox/fixtures.ts';
import { freePorts } from '../test/support/free-port.ts';
import { printTable } from './figures.ts';
import { floods, type Flood, type FloodTarget } from './flood-scenarios.ts';
import { sendLoad } from './load.ts';
import { startProcess, type ServerProcess } from './processes.ts';
import { nodeFlags } from './servers.ts';
import { onePayout, payoutDetails, type Workload } from './workloads.ts';

/** The accepted effects of a flood: memory above the level before it in MiB, and blocking of the event loop in ms. */
const bounds = { memoryMiB: 150, loopMs: 50 } as const;

/** The time until the memory after a flood is measured, in ms. */
const recoveryMs = 60_000;

/** Ordinary load before a flood. After it the memory of a process has the level that it has in production. */
const warmUp: readonly (readonly [Workload, number])[] = [
  [onePayout, 20_000],
  [payoutDetails(50), 1000],
];

interface Counts {
  /** The part of each flood, and of the ordinary load before it, that is sent, from 0 to 1. */
  readonly share: number;
  /** The time from the end of a flood until the memory is measured again, in ms. */
  readonly recoveryMs: number;
}

/**
 * Measures the effects of floods on the gateway and on another client: the peak of its memory and the memory a minute
 * later, both above the level before the flood, the longest time that the event loop was blocked, and the longest
 * response time of `/health`. `BENCH_FLOOD=words` runs only the floods with these words in their names.
 */
export async function floodsTable({ quick }: { readonly quick: boolean }): Promise<void> {
  const counts = quick ? { share: 0.02, recoveryMs: 200 } : { share: 1, recoveryMs };
  const rows: string[][] = [];
  const named = process.env['BENCH_FLOOD'] ?? '';
  for (const flood of floods) if (flood.name.includes(named)) rows.push(await measureFlood(flood, counts));
  printTable(
    `Floods (accepted: ${String(bounds.memoryMiB)} MiB above the level before, event loop blocked for ${String(bounds.loopMs)} ms)`,
    [
      '',
      'MiB before',
      'peak added',
      'added after a minute',
      'loop blocked, CPU ms',
      'loop blocked, ms',
      '/health ms',
      'connections ended',
    ],
    rows,
  );
}

async function measureFlood(flood: Flood, { share, recoveryMs }: Counts): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'lean-payouts-bench-'));
  const lean = await startProcess('fast-lean.ts');
  const [port, restPort, mcpPort] = await freePorts(3);
  const gateway = await startProcess('../dist/main.js', {
    flags: nodeFlags(),
    output: 'quiet',
    env: {
      PATH: process.env['PATH'],
      LEAN_BASE_URL: lean.url,
      LEAN_API_TOKEN: sandboxCredentials.token,
      LEAN_WEBHOOK_SECRET: 'secret',
      AUTH: 'none',
      PORT: String(port),
      REST_PORT: String(restPort),
      MCP_PORT: String(mcpPort),
      MAX_UPSTREAM_CALLS: '250',
      DATA_DIR: folder,
    },
  });
  const target: FloodTarget = { port: Number(port), restPort: Number(restPort), mcpPort: Number(mcpPort) };
  try {
    await waitUntilReady(target);
    const url = `http://127.0.0.1:${String(port)}/graphql`;
    for (const [workload, requests] of warmUp)
      await sendLoad(url, [''], workload, { callers: 32, requests: Math.ceil(requests * share) });
    await queryFor(target, Math.min(5000, recoveryMs));
    const before = await residentMiB(gateway);
    await scrapeMetrics(target);
    await gateway.ask('max blocked ms');
    const otherClient = new OtherClient(target);
    let peak = before;
    const watching = new AbortController();
    const watched = watch(gateway, watching.signal, mib => {
      peak = Math.max(peak, mib);
    });
    const close = await flood.send(target, share);
    // The watcher must stop first, because replies of the gateway's process are matched by their order only.
    watching.abort();
    await watched;
    const blockedMs = Number(await gateway.ask('max blocked ms'));
    const { loopMs, ended } = await scrapeMetrics(target);
    await close();
    const waitedMs = await otherClient.longestWaitMs();
    await queryFor(target, recoveryMs);
    const after = await residentMiB(gateway);
    return [
      flood.name,
      before.toFixed(0),
      (peak - before).toFixed(0),
      (after - before).toFixed(0),
      blockedMs.toFixed(0),
      loopMs.toFixed(0),
      waitedMs.toFixed(0),
      String(ended),
    ];
  } finally {
    await gateway.stop();
    await lean.stop();
    await rm(folder, { recursive: true });
  }
}

async function queryPayouts({ port }: FloodTarget): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${String(port)}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"query":"{ payouts(first: 100) { nodes { id } } }"}',
  });
  await response.arrayBuffer();
}

/** Ten queries per second, because V8 only collects the flood's garbage while something is allocated. */
async function queryFor(target: FloodTarget, durationMs: number): Promise<void> {
  const end = performance.now() + durationMs;
  while (performance.now() < end) {
    await queryPayouts(target);
    await pause(100);
  }
}

async function waitUntilReady({ port }: FloodTarget): Promise<void> {
  for (;;) {
    const response = await fetch(`http://127.0.0.1:${String(port)}/ready`).catch(() => undefined);
    if (response?.status === 200) return;
    await pause(50);
  }
}

async function residentMiB(gateway: ServerProcess): Promise<number> {
  return Number(await gateway.ask('memory')) / 2 ** 20;
}

async function watch(
  gateway: ServerProcess,
  signal: AbortSignal,
  onSample: (mib: number) => void,
): Promise<void> {
  while (!signal.aborted) {
    onSample(await residentMiB(gateway));
    await pause(100);
  }
}

/** The gateway's own measurements since the last scrape. */
async function scrapeMetrics({
  port,
}: FloodTarget): Promise<{ readonly loopMs: number; readonly ended: number }> {
  const text = await (await fetch(`http://127.0.0.1:${String(port)}/metrics`)).text();
  const sum = (pattern: RegExp): number =>
    [...text.matchAll(pattern)].reduce((total, [, value]) => total + Number(value), 0);
  return {
    loopMs: 1000 * sum(/^nodejs_eventloop_lag_max_seconds (\S+)$/gm),
    ended: sum(/^lean_payouts_connections_ended_total\{[^}]*\} (\S+)$/gm),
  };
}

/** A client in its own thread that requests `/health` repeatedly and measures the longest response time. */
class OtherClient {
  readonly #worker: Worker;

  constructor({ port }: FloodTarget) {
    this.#worker = new Worker(otherClientSource, { eval: true, workerData: { port } });
  }

  async longestWaitMs(): Promise<number> {
    const reply = new Promise<number>(resolve => this.#worker.once('message', resolve));
    this.#worker.postMessage('over');
    const longest = await reply;
    await this.#worker.terminate();
    return longest;
  }
}

const otherClientSource = `
  const { Agent, get } = require('node:http');
  const { parentPort, workerData: { port } } = require('node:worker_threads');
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let longest = 0;
  const request = () => {
    const sentAt = performance.now();
    const finish = () => {
      longest = Math.max(longest, performance.now() - sentAt);
      setTimeout(request, 10);
    };
    get({ agent, port, host: '127.0.0.1', path: '/health' }, response => response.resume().on('end', finish)).on('error', finish);
  };
  request();
  parentPort.on('message', () => parentPort.postMessage(longest));
`;
