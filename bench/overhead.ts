import { demandEqualAnswers } from './equal-answers.ts';
import { median, printTable } from './figures.ts';
import { measureInTurns, middle, type Plan, type Round } from './measuring.ts';
import { allServers, peerE, startServers, type Servers } from './servers.ts';
import {
  newPayout,
  onePayout,
  payoutDetails,
  payoutEntities,
  payoutPage,
  sharedDetails,
} from './workloads.ts';

/**
 * A round takes each server one to three seconds, in which it collects its garbage several times. In short ones much of
 * that is put off until the next server's turn, and counted for nobody: most of all where there is most of it.
 */
const plans: readonly Plan[] = [
  { workload: onePayout, callers: 32, requests: 8000, warmUp: 24_000, rounds: 7 },
  { workload: payoutPage, callers: 16, requests: 2400, warmUp: 4000, rounds: 7 },
  { workload: payoutDetails(50), callers: 4, requests: 300, warmUp: 500, rounds: 7 },
  { workload: sharedDetails, callers: 4, requests: 600, warmUp: 600, rounds: 7 },
  { workload: payoutEntities, callers: 4, requests: 600, warmUp: 1000, rounds: 7 },
  { workload: newPayout, callers: 16, requests: 3000, warmUp: 3000, rounds: 7 },
];

/** What our gateway costs beside other servers of the same fields, and beside none at all. */
export async function overheadTable({ quick }: { readonly quick: boolean }): Promise<void> {
  const servers = await startServers(allServers);
  const rows: string[][] = [];
  try {
    for (const plan of plans) {
      const few = { ...plan, requests: plan.callers, warmUp: plan.callers, rounds: 1 };
      rows.push([plan.workload.name], ...(await compared(servers, quick ? few : plan)));
    }
  } finally {
    await servers.stop();
  }
  printTable(
    'What an operation costs, beside other servers of the same fields',
    ['', 'CPU µs', 'of E', 'per second', 'p50 ms', 'p99 ms', 'MiB', 'Lean calls'],
    rows,
  );
  console.log(
    'All but ours let everybody in, log and count nothing, and make payouts without a record of them.\n' +
      'MiB are of the whole process after the load, of the others some 17 for reading TypeScript.\n',
  );
}

async function compared(servers: Servers, plan: Plan): Promise<string[][]> {
  await demandEqualAnswers(servers, plan.workload);
  const measured = await measureInTurns(servers, plan);
  const roundsOfE = measured.get(peerE) ?? [];
  const rows: string[][] = [];
  for (const [name, rounds] of measured) {
    const bytes = Number(await servers.running.get(name)?.ask('memory'));
    rows.push([
      `  ${name}`,
      middle(rounds, 'cpuMicros').toFixed(0),
      ratio(rounds, roundsOfE).toFixed(2),
      middle(rounds, 'perSecond').toFixed(0),
      middle(rounds, 'p50').toFixed(2),
      middle(rounds, 'p99').toFixed(2),
      (bytes / 2 ** 20).toFixed(0),
      middle(rounds, 'leanCalls').toFixed(1),
    ]);
  }
  return rows;
}

/** Round by round, because a machine that is slow for a while is so for both. */
function ratio(rounds: readonly Round[], others: readonly Round[]): number {
  return median(rounds.map(({ cpuMicros }, round) => cpuMicros / (others[round]?.cpuMicros ?? NaN)));
}
