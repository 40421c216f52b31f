import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median, percentile, printTable } from './figures.ts';
import { sendLoad, type LoadResult, type LoadVolume } from './load.ts';
import { startProcess, type ServerProcess } from './processes.ts';
import { newPayout } from './workloads.ts';

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
    for (const variant of variants) await pay(gateways[variant], { callers, requests: concurrent / 2 });
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
  const { latencies } = await pay(gateway, { callers: 1, requests: sequential });
  const cpuBefore = await gateway.cpuMicros();
  const { seconds } = await pay(gateway, { callers, requests: concurrent });
  const cpu = (await gateway.cpuMicros()) - cpuBefore;
  return {
    cpuMicros: cpu / concurrent,
    p50: percentile(latencies, 50),
    p99: percentile(latencies, 99),
    perSecond: concurrent / seconds,
  };
}

function pay({ url }: ServerProcess, volume: LoadVolume): Promise<LoadResult> {
  return sendLoad(url, [''], newPayout, volume);
}
