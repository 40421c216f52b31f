import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median, percentile, printTable } from './figures.ts';
import { startProcess, type ServerProcess } from './processes.ts';

/** Counts of one run of the table. */
export interface Counts {
  readonly rounds: number;
  /** Payouts one after the other, for latency. */
  readonly inTurn: number;
  /** Payouts by sixteen callers at once, for CPU and throughput. */
  readonly atOnce: number;
}

const variants = ['recorded', 'unrecorded'] as const;
const callers = 16;

interface Measured {
  readonly cpuMicros: number;
  readonly p50: number;
  readonly p99: number;
  readonly perSecond: number;
}

/**
 * What the durable record adds to a payout: the gateway with its records in SQLite (three transactions a payout, each
 * on disk before it goes on) against the same gateway without any, in turns.
 */
export async function payoutRecordTable({ rounds, inTurn, atOnce }: Counts): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'lean-payouts-bench-'));
  const lean = await startProcess('fast-lean.ts');
  const path = '/graphql';
  const gateways = {
    recorded: await startProcess('gateway.ts', { args: [lean.url, join(folder, 'a'), 'recorded'], path }),
    unrecorded: await startProcess('gateway.ts', { args: [lean.url, join(folder, 'b'), 'unrecorded'], path }),
  };
  try {
    for (const variant of variants) await payMany(gateways[variant], atOnce / 2, callers);
    const results: Record<(typeof variants)[number], Measured[]> = { recorded: [], unrecorded: [] };
    for (let round = 0; round < rounds; round += 1)
      for (const variant of variants) results[variant].push(await measure(gateways[variant], inTurn, atOnce));
    const middle = (variant: (typeof variants)[number], figure: keyof Measured): number =>
      median(results[variant].map(each => each[figure]));
    printTable(
      'A payout with its durable record (SQLite), and without',
      ['', 'CPU µs', 'p50 ms', 'p99 ms', 'payouts/s'],
      variants.map(variant => [
        variant,
        middle(variant, 'cpuMicros').toFixed(0),
        middle(variant, 'p50').toFixed(2),
        middle(variant, 'p99').toFixed(2),
        middle(variant, 'perSecond').toFixed(0),
      ]),
    );
    const addedMs = middle('recorded', 'p50') - middle('unrecorded', 'p50');
    const addedMicros = middle('recorded', 'cpuMicros') - middle('unrecorded', 'cpuMicros');
    console.log(
      `The record adds ${addedMicros.toFixed(0)} µs of CPU and ${addedMs.toFixed(2)} ms to a payout: ` +
        `${((100 * addedMs) / (150 + addedMs)).toFixed(1)} % of one that Lean takes 150 ms for.\n`,
    );
  } finally {
    for (const server of [...Object.values(gateways), lean]) await server.stop();
    await rm(folder, { recursive: true });
  }
}

async function measure(gateway: ServerProcess, inTurn: number, atOnce: number): Promise<Measured> {
  const { latencies } = await payMany(gateway, inTurn, 1);
  const cpuBefore = await gateway.cpuMicros();
  const { seconds } = await payMany(gateway, atOnce, callers);
  const cpu = (await gateway.cpuMicros()) - cpuBefore;
  return {
    cpuMicros: cpu / atOnce,
    p50: percentile(latencies, 50),
    p99: percentile(latencies, 99),
    perSecond: atOnce / seconds,
  };
}

let keys = 0;

async function payMany(
  { url }: ServerProcess,
  count: number,
  concurrency: number,
): Promise<{ readonly latencies: readonly number[]; readonly seconds: number }> {
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  const latencies: number[] = [];
  let left = count;
  const startedAt = performance.now();
  const caller = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const sentAt = performance.now();
      await pay(url, agent, `bench-${String((keys += 1))}`);
      latencies.push(performance.now() - sentAt);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, caller));
  agent.destroy();
  return { latencies, seconds: (performance.now() - startedAt) / 1000 };
}

const query = `mutation ($input: CreatePayoutInput!) {
  createPayout(input: $input) { __typename ... on PayoutCreated { payoutId status amount { amount } } }
}`;

function pay(url: string, agent: Agent, idempotencyKey: string): Promise<void> {
  const input = {
    idempotencyKey,
    accountId: 'a0000000-0000-4000-8000-000000000001',
    destinationId: 'd0000000-0000-4000-8000-000000000001',
    amount: { amount: '16.50', currency: 'AED' },
    description: 'Bench',
    authorize: true,
  };
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      { agent, method: 'POST', headers: { 'content-type': 'application/json' } },
      response => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          if (text.includes('"__typename":"PayoutCreated"') && text.includes('"amount":"16.5"')) resolve();
          else reject(new Error(`not paid: ${text}`));
        });
      },
    );
    sent.on('error', reject);
    sent.end(JSON.stringify({ query, variables: { input } }));
  });
}
