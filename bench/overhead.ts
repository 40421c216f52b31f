import { assertEqualResponses } from './equal-responses.ts';
import { median, printTable } from './figures.ts';
import { measureInterleaved, medianOf, type Plan, type Round } from './measurement.ts';
import {
  allServers,
  bare,
  peerE,
  protectedPeers,
  startServers,
  type ServerName,
  type Servers,
} from './servers.ts';
import {
  finalDetails,
  newPayout,
  onePayout,
  payoutDetails,
  payoutEntities,
  payoutPage,
  sharedDetails,
} from './workloads.ts';

/**
 * Every round lasts a second, however fast the server is, so that it contains several garbage collections. In a much
 * shorter round much of the garbage would be collected after the measurement and not counted, mostly for the servers that
 * produce most. A fixed number of requests would make the rounds of slow servers several times as long, and all rounds
 * longer on a busy machine.
 */
const round = { requests: Infinity, seconds: 1, rounds: 3 } as const;

/**
 * The warm-up ends when V8 has optimised the code. Until then V8 compiles on a second core, and a server would look more
 * expensive than it is in the long run. That takes about ten thousand small requests after a start. A page of 50 payouts
 * with details runs the same functions many times, so there a few hundred requests are enough. For slow servers the time
 * ends the warm-up, so that a run does not take longer on a busy machine: at most 56 seconds for each server and start.
 */
const plans: readonly Plan[] = [
  { workload: onePayout, callers: 32, warmUp: { requests: 24_000, seconds: 8 }, ...round },
  { workload: payoutPage, callers: 16, warmUp: { requests: 16_000, seconds: 6 }, ...round },
  { workload: payoutDetails(50), callers: 4, warmUp: { requests: 500, seconds: 4 }, ...round },
  { workload: finalDetails, callers: 4, warmUp: { requests: 500, seconds: 4 }, ...round },
  { workload: sharedDetails, callers: 4, warmUp: { requests: 600, seconds: 3 }, ...round },
  { workload: payoutEntities, callers: 4, warmUp: { requests: 1000, seconds: 4 }, ...round },
  { workload: newPayout, callers: 16, warmUp: { requests: 15_000, seconds: 6 }, ...round },
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
    plan: quick ? { ...plan, callers: 1, requests: 1, warmUp: { requests: 0 }, rounds: 1 } : plan,
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
    [
      '',
      'CPU µs',
      'of E',
      'of protected',
      'of bare',
      'GC µs',
      'per second',
      'p50 ms',
      'p99 ms',
      'MiB',
      'Lean calls',
    ],
    all.flatMap(({ plan, measured }) => [[plan.workload.name], ...rowsOf(measured)]),
  );
  console.log(
    'Our gateway and the protected servers check tokens, rates and limits of documents, measure and log. The other\n' +
      'servers do none of this. Only our gateway records payouts. As shipped it has a read cache, which saves Lean calls.\n' +
      '"of protected" is the ratio to the protected server that needs less CPU.\n' +
      'GC µs is how long the garbage collector stops the main thread. Its other threads count as CPU only.\n' +
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
  const roundsOf = (name: ServerName): readonly Round[] => measured.get(name)?.rounds ?? [];
  const [bestProtected] = protectedPeers
    .map(roundsOf)
    .toSorted((a, b) => medianOf(a, 'cpuMicros') - medianOf(b, 'cpuMicros'));
  const others = [roundsOf(peerE), bestProtected ?? [], roundsOf(bare)];
  return [...measured].map(([name, { rounds, bytes }]) => [
    `  ${name}`,
    medianOf(rounds, 'cpuMicros').toFixed(0),
    ...others.map(other => ratio(rounds, other).toFixed(2)),
    medianOf(rounds, 'gcMicros').toFixed(0),
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
