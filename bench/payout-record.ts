import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freshDatabase } from '../test/support/postgres.ts';
import { median, percentile, printTable } from './figures.ts';
import { sendLoad, type LoadResult } from './load.ts';
import { startDurablePostgres } from './postgres.ts';
import { startProcess, type ServerProcess } from './processes.ts';
import { newPayout } from './workloads.ts';

/** The size of the measurement. */
export interface Counts {
  readonly rounds: number;
  /** Payouts one after another at each gateway, for the latency. */
  readonly sequential: number;
  /** Payouts by sixteen concurrent callers of each gateway, for CPU time and throughput. */
  readonly concurrent: number;
}

const callers = 16;

interface Measurement {
  /** CPU time of the gateways per payout, in µs. */
  readonly cpuMicros: number;
  /** Latency in ms. */
  readonly p50: number;
  /** Latency in ms. */
  readonly p99: number;
  /** Payouts per second of all gateways together. */
  readonly perSecond: number;
}

/** A row of the table: one gateway, or several on one store. */
interface Variant {
  readonly name: string;
  readonly isRecorded: boolean;
  readonly gateways: readonly ServerProcess[];
  readonly measurements: Measurement[];
}

/**
 * Measures the cost of the durable record of a payout: three transactions, two of which wait for the disk. It compares
 * gateways with records in SQLite and in PostgreSQL with one without records, in alternating rounds. PostgreSQL runs on
 * this machine, and its own CPU time does not count as the gateway's.
 */
export async function payoutRecordTable({ rounds, sequential, concurrent }: Counts): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'lean-payouts-bench-'));
  const lean = await startProcess('fast-lean.ts');
  const postgres = await startDurablePostgres();
  const variants: Variant[] = [];
  const start = async (name: string, store: string, { isRecorded = true, count = 1 } = {}): Promise<void> => {
    const args = [lean.url, store, isRecorded ? 'recorded' : 'unrecorded'];
    const gateways: ServerProcess[] = [];
    variants.push({ name, isRecorded, gateways, measurements: [] });
    while (gateways.length < count)
      gateways.push(await startProcess('gateway.ts', { args, path: '/graphql' }));
  };
  try {
    await start('unrecorded', join(folder, 'unrecorded'), { isRecorded: false });
    await start('SQLite', join(folder, 'sqlite'));
    if (postgres !== undefined) {
      await start('PostgreSQL', await freshDatabase(postgres.url));
      await start('PostgreSQL, two gateways', await freshDatabase(postgres.url), { count: 2 });
    }
    for (const { gateways } of variants) await pay(gateways, callers, concurrent / 2);
    for (let round = 0; round < rounds; round += 1)
      for (const { gateways, measurements } of variants)
        measurements.push(await measure(gateways, sequential, concurrent));
    printTable(
      'Cost of a payout with and without its durable record',
      ['', 'CPU µs', 'p50 ms', 'p99 ms', 'payouts/s'],
      variants.map(variant => [
        variant.name,
        medianOf(variant, 'cpuMicros').toFixed(0),
        medianOf(variant, 'p50').toFixed(2),
        medianOf(variant, 'p99').toFixed(2),
        medianOf(variant, 'perSecond').toFixed(0),
      ]),
    );
    const unrecorded = variants.find(({ isRecorded }) => !isRecorded);
    for (const variant of variants)
      if (unrecorded !== undefined && variant.isRecorded && variant.gateways.length === 1)
        console.log(addedCost(variant, unrecorded));
    console.log();
  } finally {
    for (const server of [...variants.flatMap(({ gateways }) => gateways), lean]) await server.stop();
    await postgres?.remove();
    await rm(folder, { recursive: true });
  }
}

function addedCost(recorded: Variant, unrecorded: Variant): string {
  const addedMs = medianOf(recorded, 'p50') - medianOf(unrecorded, 'p50');
  const addedMicros = medianOf(recorded, 'cpuMicros') - medianOf(unrecorded, 'cpuMicros');
  return (
    `The record in ${recorded.name} adds ${addedMicros.toFixed(0)} µs of CPU and ${addedMs.toFixed(2)} ms to a payout: ` +
    `${((100 * addedMs) / (150 + addedMs)).toFixed(1)} % of its latency if Lean needs 150 ms.`
  );
}

function medianOf({ measurements }: Variant, field: keyof Measurement): number {
  return median(measurements.map(each => each[field]));
}

async function measure(
  gateways: readonly ServerProcess[],
  sequential: number,
  concurrent: number,
): Promise<Measurement> {
  const latencies = (await pay(gateways, 1, sequential)).flatMap(result => result.latencies);
  const cpuBefore = await cpuMicros(gateways);
  const startedAt = performance.now();
  await pay(gateways, callers, concurrent);
  const seconds = (performance.now() - startedAt) / 1000;
  const payouts = concurrent * gateways.length;
  return {
    cpuMicros: ((await cpuMicros(gateways)) - cpuBefore) / payouts,
    p50: percentile(latencies, 50),
    p99: percentile(latencies, 99),
    perSecond: payouts / seconds,
  };
}

async function cpuMicros(gateways: readonly ServerProcess[]): Promise<number> {
  let micros = 0;
  for (const gateway of gateways) micros += await gateway.cpuMicros();
  return micros;
}

/** Creates `requests` payouts at each of the gateways at the same time. */
function pay(gateways: readonly ServerProcess[], callers: number, requests: number): Promise<LoadResult[]> {
  return Promise.all(gateways.map(({ url }) => sendLoad(url, [''], newPayout, { callers, requests })));
}
