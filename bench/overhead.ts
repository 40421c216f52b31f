import { demandEqualAnswers } from './equal-answers.ts';
import { median, printTable } from './figures.ts';
import { measureInTurns, middle, type Plan, type Round } from './measuring.ts';
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
 * A round takes each server a second or more, in which it collects its garbage several times. In short ones much of that
 * is put off until the next server's turn, and counted for nobody: most of all where there is most of it.
 *
 * Servers are warm when what they do once for a request has been compiled for good, which V8 does after some ten
 * thousand times: until then a second core compiles, and each of them looks dearer than it is when it runs for a day.
 */
const plans: readonly Plan[] = [
  { workload: onePayout, callers: 32, requests: 8000, warmUp: 24_000, rounds: 3 },
  { workload: payoutPage, callers: 16, requests: 2400, warmUp: 16_000, rounds: 3 },
  { workload: payoutDetails(50), callers: 4, requests: 300, warmUp: 500, rounds: 3 },
  { workload: sharedDetails, callers: 4, requests: 600, warmUp: 600, rounds: 3 },
  { workload: payoutEntities, callers: 4, requests: 600, warmUp: 1000, rounds: 3 },
  { workload: newPayout, callers: 16, requests: 3000, warmUp: 15_000, rounds: 3 },
];

/** How often all of it is done, each time by servers that have just been started: no two starts turn out quite the same. */
const starts = 3;

/** Of a server under a workload, over all starts. */
interface Measured {
  readonly rounds: Round[];
  /** After the load. */
  readonly bytes: number[];
}

/** What our gateway costs beside other servers of the same fields, and beside none at all. */
export async function overheadTable({ quick }: { readonly quick: boolean }): Promise<void> {
  const all = plans.map(plan => ({
    plan: quick ? { ...plan, requests: plan.callers, warmUp: plan.callers, rounds: 1 } : plan,
    measured: new Map<ServerName, Measured>(allServers.map(name => [name, { rounds: [], bytes: [] }])),
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
    'What an operation costs, beside other servers of the same fields',
    ['', 'CPU µs', 'of E', 'per second', 'p50 ms', 'p99 ms', 'MiB', 'Lean calls'],
    all.flatMap(({ plan, measured }) => [[plan.workload.name], ...rowsOf(measured)]),
  );
  console.log(
    'All but ours let everybody in, log and count nothing, and make payouts without a record of them.\n' +
      'MiB are of the whole process after the load, of the others some 17 for reading TypeScript.\n',
  );
}

async function measureAll(
  servers: Servers,
  plan: Plan,
  measured: ReadonlyMap<ServerName, Measured>,
): Promise<void> {
  await demandEqualAnswers(servers, plan.workload);
  for (const [name, rounds] of await measureInTurns(servers, plan)) {
    measured.get(name)?.rounds.push(...rounds);
    measured.get(name)?.bytes.push(Number(await servers.running.get(name)?.ask('memory')));
  }
}

function rowsOf(measured: ReadonlyMap<ServerName, Measured>): string[][] {
  const ofE = measured.get(peerE)?.rounds ?? [];
  return [...measured].map(([name, { rounds, bytes }]) => [
    `  ${name}`,
    middle(rounds, 'cpuMicros').toFixed(0),
    ratio(rounds, ofE).toFixed(2),
    middle(rounds, 'perSecond').toFixed(0),
    middle(rounds, 'p50').toFixed(2),
    middle(rounds, 'p99').toFixed(2),
    (median(bytes) / 2 ** 20).toFixed(0),
    middle(rounds, 'leanCalls').toFixed(1),
  ]);
}

/** Round by round, because a machine that is slow for a while is so for both. */
function ratio(rounds: readonly Round[], others: readonly Round[]): number {
  return median(rounds.map(({ cpuMicros }, round) => cpuMicros / (others[round]?.cpuMicros ?? NaN)));
}
