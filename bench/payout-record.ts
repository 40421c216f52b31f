import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median, percentile, printTable } from './figures.ts';
import { startProcess, type ServerProcess } from './processes.ts';

/** The size of the measurement. */
export interface Counts {
  readonly rounds: number;
  /** Payouts one after another, for the latency. */
  readonly sequential: number;
  /** Payouts by sixteen concurrent callers, for CPU time and throughput. */
  readonly concurrent: number;
}

const variants = ['recorded', 'unrecorded'] as const;
const callers = 16;

interface Measurement {
  /** CPU time per payout, in µs. */
  readonly cpuMicros: number;
  /** Latency in ms. */
  readonly p50: number;
  /** Latency in ms. */
  readonly p99: number;
  readonly perSecond: number;
}

/**
 * Measures the cost of the durable record of a payout. It compares the gateway with records in SQLite (three
 * transactions per payout, each synced to disk) with the same gateway without records, in alternating rounds.
 */
export async function payoutRecordTable({ rounds, sequential, concurrent }: Counts): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'lean-payouts-bench-'));
  const lean = await startProcess('fast-lean.ts');
  const path = '/graphql';
  const gateways = {
    recorded: await startProcess('gateway.ts', { args: [lean.url, join(folder, 'a'), 'recorded'], path }),
    unrecorded: await startProcess('gateway.ts', { args: [lean.url, join(folder, 'b'), 'unrecorded'], path }),
  };
  try {
    for (const variant of variants) await payMany(gateways[variant], concurrent / 2, callers);
    const results: Record<(typeof variants)[number], Measurement[]> = { recorded: [], unrecorded: [] };
    for (let round = 0; round < rounds; round += 1)
      for (const variant of variants)
        results[variant].push(await measure(gateways[variant], sequential, concurrent));
    const medianFor = (variant: (typeof variants)[number], field: keyof Measurement): number =>
      median(results[variant].map(each => each[field]));
    printTable(
      'Cost of a payout with and without its durable record (SQLite)',
      ['', 'CPU µs', 'p50 ms', 'p99 ms', 'payouts/s'],
      variants.map(variant => [
        variant,
        medianFor(variant, 'cpuMicros').toFixed(0),
        medianFor(variant, 'p50').toFixed(2),
        medianFor(variant, 'p99').toFixed(2),
        medianFor(variant, 'perSecond').toFixed(0),
      ]),
    );
    const addedMs = medianFor('recorded', 'p50') - medianFor('unrecorded', 'p50');
    const addedMicros = medianFor('recorded', 'cpuMicros') - medianFor('unrecorded', 'cpuMicros');
    console.log(
      `The record adds ${addedMicros.toFixed(0)} µs of CPU and ${addedMs.toFixed(2)} ms to a payout: ` +
        `${((100 * addedMs) / (150 + addedMs)).toFixed(1)} % of its latency if Lean needs 150 ms.\n`,
    );
  } finally {
    for (const server of [...Object.values(gateways), lean]) await server.stop();
    await rm(folder, { recursive: true });
  }
}

async function measure(gateway: ServerProcess, sequential: number, concurrent: number): Promise<Measurement> {
  const { latencies } = await payMany(gateway, sequential, 1);
  const cpuBefore = await gateway.cpuMicros();
  const { seconds } = await payMany(gateway, concurrent, callers);
  const cpu = (await gateway.cpuMicros()) - cpuBefore;
  return {
    cpuMicros: cpu / concurrent,
    p50: percentile(latencies, 50),
    p99: percentile(latencies, 99),
    perSecond: concurrent / seconds,
  };
}

let keyCount = 0;

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
      await pay(url, agent, `bench-${String((keyCount += 1))}`);
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
          else reject(new Error(`the payout was not created: ${text}`));
        });
      },
    );
    sent.on('error', reject);
    sent.end(JSON.stringify({ query, variables: { input } }));
  });
}
