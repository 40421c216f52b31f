import { printTable } from './figures.ts';
import { measureInTurns, middle } from './measuring.ts';
import { ours, startServers } from './servers.ts';
import { payoutDetails } from './workloads.ts';

/** Payouts that are asked for in each round, over all of its requests. */
const payoutsInRound = 2500;

/** What payouts with intent and history cost our gateway, by how many are asked for at once. */
export async function growthTable({ quick }: { readonly quick: boolean }): Promise<void> {
  const servers = await startServers([ours]);
  const rows: string[][] = [];
  const callers = 4;
  try {
    const warm = { workload: payoutDetails(25), callers, requests: 4, warmUp: quick ? 4 : 300, rounds: 1 };
    await measureInTurns(servers, warm);
    for (const first of [1, 10, 25, 50, 100]) {
      const requests = quick ? 4 : Math.ceil(payoutsInRound / (first + 4));
      const plan = {
        workload: payoutDetails(first),
        callers,
        requests,
        warmUp: requests,
        rounds: quick ? 1 : 5,
      };
      const rounds = (await measureInTurns(servers, plan)).get(ours) ?? [];
      const cpuMicros = middle(rounds, 'cpuMicros');
      rows.push([
        String(first),
        cpuMicros.toFixed(0),
        (cpuMicros / first).toFixed(0),
        middle(rounds, 'leanCalls').toFixed(1),
      ]);
    }
  } finally {
    await servers.stop();
  }
  printTable(
    'Payouts with intent and history from our gateway, by their number',
    ['', 'CPU µs', 'CPU µs each', 'Lean calls'],
    rows,
  );
}
