import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { sandboxCredentials } from '../src/sandbox/named.ts';
import { printTable } from './figures.ts';
import { floods, type Flood, type Flooded } from './flood-scenarios.ts';
import { startProcess, type ServerProcess } from './processes.ts';

/** What each flood may do at most: memory above the level before it in MiB, and how long it may hold others up in ms. */
const bounds = { memoryMiB: 150, loopMs: 50 } as const;

/** How long the memory of a flood may take to come back, in ms. */
const backMs = 60_000;

interface Counts {
  /** The part of each flood that is sent. */
  readonly share: number;
  /** How long the gateway is watched after each flood, in ms. */
  readonly watchMs: number;
}

/**
 * What floods do to the gateway and to everybody else: its memory at its highest above the level before, and after a
 * minute; the longest that its event loop was held; and the longest wait of another client, that asks for the health.
 */
export async function floodsTable({ quick }: { readonly quick: boolean }): Promise<void> {
  const counts = quick ? { share: 0.02, watchMs: 200 } : { share: 1, watchMs: backMs };
  const rows: string[][] = [];
  for (const flood of floods) rows.push(await measured(flood, counts));
  printTable(
    `Floods (accepted: ${String(bounds.memoryMiB)} MiB above the level before, ${String(bounds.loopMs)} ms of the event loop)`,
    [
      '',
      'MiB before',
      'at most',
      'a minute later',
      'loop held, CPU ms',
      'by the clock, ms',
      'others waited ms',
      'ended',
    ],
    rows,
  );
}

async function measured(flood: Flood, { share, watchMs }: Counts): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'lean-payouts-bench-'));
  const lean = await startProcess('fast-lean.ts');
  const [port, restPort, mcpPort] = await freePorts(3);
  const gateway = await startProcess('../dist/main.js', {
    flags: ['--max-semi-space-size=16'],
    quiet: true,
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
  const target: Flooded = { port: Number(port), restPort: Number(restPort), mcpPort: Number(mcpPort) };
  try {
    await waitUntilReady(target);
    // Once everything is loaded that a request needs, so that this is not counted as a flood's.
    await fetch(graphqlOf(target), {
      ...posting,
      body: '{"query":"{ payouts(first: 100) { nodes { id } } }"}',
    });
    await pause(500);
    const before = await residentMiB(gateway);
    await scrapeMetrics(target);
    await gateway.ask('held');
    const others = new OtherClient(target);
    let most = before;
    const watching = new AbortController();
    const watched = watch(gateway, watching.signal, mib => {
      most = Math.max(most, mib);
    });
    const close = await flood.send(target, share);
    // The watcher asks all the time, and answers have no names.
    watching.abort();
    await watched;
    const heldMs = Number(await gateway.ask('held'));
    const { loopMs, ended } = await scrapeMetrics(target);
    await close();
    const waitedMs = await others.longestWaitMs();
    await pause(watchMs);
    const after = await residentMiB(gateway);
    return [
      flood.name,
      before.toFixed(0),
      (most - before).toFixed(0),
      (after - before).toFixed(0),
      heldMs.toFixed(0),
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

const posting = { method: 'POST', headers: { 'content-type': 'application/json' } } as const;

function graphqlOf({ port }: Flooded): string {
  return `http://127.0.0.1:${String(port)}/graphql`;
}

async function waitUntilReady({ port }: Flooded): Promise<void> {
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${String(port)}/ready`).catch(() => undefined);
    if (answer?.status === 200) return;
    await pause(50);
  }
}

async function residentMiB(gateway: ServerProcess): Promise<number> {
  return Number(await gateway.ask('memory')) / 2 ** 20;
}

async function watch(
  gateway: ServerProcess,
  signal: AbortSignal,
  tell: (mib: number) => void,
): Promise<void> {
  while (!signal.aborted) {
    tell(await residentMiB(gateway));
    await pause(100);
  }
}

/** What the gateway itself has measured since it was asked last. */
async function scrapeMetrics({
  port,
}: Flooded): Promise<{ readonly loopMs: number; readonly ended: number }> {
  const text = await (await fetch(`http://127.0.0.1:${String(port)}/metrics`)).text();
  const sum = (pattern: RegExp): number =>
    [...text.matchAll(pattern)].reduce((total, [, value]) => total + Number(value), 0);
  return {
    loopMs: 1000 * sum(/^nodejs_eventloop_lag_max_seconds (\S+)$/gm),
    ended: sum(/^lean_payouts_connections_ended_total\{[^}]*\} (\S+)$/gm),
  };
}

async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  return Promise.all(
    servers.map(async server => {
      const address = server.address();
      await new Promise(resolve => server.close(resolve));
      return typeof address === 'object' && address !== null ? address.port : 0;
    }),
  );
}

/** A client with a thread of its own that asks for the health again and again, and notes how long it waits. */
class OtherClient {
  readonly #worker: Worker;

  constructor({ port }: Flooded) {
    this.#worker = new Worker(otherClient, { eval: true, workerData: { port } });
  }

  async longestWaitMs(): Promise<number> {
    const told = new Promise<number>(resolve => this.#worker.once('message', resolve));
    this.#worker.postMessage('over');
    const longest = await told;
    await this.#worker.terminate();
    return longest;
  }
}

const otherClient = `
  const { Agent, get } = require('node:http');
  const { parentPort, workerData: { port } } = require('node:worker_threads');
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let longest = 0;
  const ask = () => {
    const before = performance.now();
    const again = () => {
      longest = Math.max(longest, performance.now() - before);
      setTimeout(ask, 10);
    };
    get({ agent, port, host: '127.0.0.1', path: '/health' }, answer => answer.resume().on('end', again)).on('error', again);
  };
  ask();
  parentPort.on('message', () => parentPort.postMessage(longest));
`;
