import { assertEqualResponses } from './equal-responses.ts';
import { median, printTable } from './figures.ts';
import { measureInterleaved, medianOf, type Plan, type Round } from './measurement.ts';
import { allServers, peerE, startServers, type ServerName, type Servers } from './servers.ts';
import {
  newPayout,
  onePayout,
  payoutDetails,
  payoutEntities,
  payoutPage,
  sharedDetails,
} from './workloads.ts';

/**
 * A round takes at least a second for each server, so that it contains several garbage collections. In a shorter
 * round much of the garbage would be collected after the measurement and not counted, mostly for the servers that
 * produce most.
 *
 * The warm-up ends when V8 has optimised the code, after about ten thousand requests. Until then V8 compiles on a
 * second core, and a server would look more expensive than it is in the long run.
 */
const plans: readonly Plan[] = [
  { workload: onePayout, callers: 32, requests: 8000, warmUp: 24_000, rounds: 3 },
  { workload: payoutPage, callers: 16, requests: 2400, warmUp: 16_000, rounds: 3 },
  { workload: payoutDetails(50), callers: 4, requests: 300, warmUp: 500, rounds: 3 },
  { workload: sharedDetails, callers: 4, requests: 600, warmUp: 600, rounds: 3 },
  { workload: payoutEntities, callers: 4, requests: 600, warmUp: 1000, rounds: 3 },
  { workload: newPayout, callers: 16, requests: 3000, warmUp: 15_000, rounds: 3 },
];

/** The number of repetitions. Each one starts new servers, because the performance differs between starts. */
const starts = 3;

/** The measurements of one server with one workload, over all starts. */
interface Measurements {
  readonly rounds: Round[];
  /** The resident memory after each load. */
  readonly bytes: number[];
}

/** Compares the cost of our gateway with other servers of the same fields, and with a server without GraphQL. */
export async function overheadTable({ quick }: { readonly quick: boolean }): Promise<void> {
  const all = plans.map(plan => ({
    plan: quick ? { ...plan, requests: plan.callers, warmUp: plan.callers, rounds: 1 } : plan,
    measured: new Map<ServerName, Measurements>(allServers.map(name => [name, { rounds: [], bytes: [] }])),
  }));
  for (let start = 0; start < (quick ? 1 : starts); start += 1) {
    const servers = await startServers(allServers);
    try {
      for (const { plan, measured } of all) await measureAll(servers, plan, measured);
    } finally {
      await servers.stop();
    }
  }
  printTable(
    'Cost of an operation, compared with other servers of the same fields',
    ['', 'CPU µs', 'of E', 'per second', 'p50 ms', 'p99 ms', 'MiB', 'Lean calls'],
    all.flatMap(({ plan, measured }) => [[plan.workload.name], ...rowsOf(measured)]),
  );
  console.log(
    'The other servers have no authentication, log, metrics or records of payouts.\n' +
      'MiB is the memory of the process after the load. About 17 MiB of the others is for running TypeScript.\n',
  );
}

async function measureAll(
  servers: Servers,
  plan: Plan,
  measured: ReadonlyMap<ServerName, Measurements>,
): Promise<void> {
  await assertEqualResponses(servers, plan.workload);
  for (const [name, rounds] of await measureInterleaved(servers, plan)) {
    measured.get(name)?.rounds.push(...rounds);
    measured.get(name)?.bytes.push(Number(await servers.running.get(name)?.ask('memory')));
  }
}

function rowsOf(measured: ReadonlyMap<ServerName, Measurements>): string[][] {
  const ofE = measured.get(peerE)?.rounds ?? [];
  return [...measured].map(([name, { rounds, bytes }]) => [
    `  ${name}`,
    medianOf(rounds, 'cpuMicros').toFixed(0),
    ratio(rounds, ofE).toFixed(2),
    medianOf(rounds, 'perSecond').toFixed(0),
    medianOf(rounds, 'p50').toFixed(2),
    medianOf(rounds, 'p99').toFixed(2),
    (median(bytes) / 2 ** 20).toFixed(0),
    medianOf(rounds, 'leanCalls').toFixed(1),
  ]);
}

/** The median ratio of the rounds. Each ratio compares the same round, because temporary load slows both servers. */
function ratio(rounds: readonly Round[], others: readonly Round[]): number {
  return median(rounds.map(({ cpuMicros }, round) => cpuMicros / (others[round]?.cpuMicros ?? NaN)));
}
