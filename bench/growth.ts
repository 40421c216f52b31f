import { printTable } from './figures.ts';
import { measureInterleaved, medianOf } from './measurement.ts';
import { ours, startServers } from './servers.ts';
import { payoutDetails } from './workloads.ts';

/** About the number of payouts that all requests of one round read. */
const payoutsPerRound = 2500;

/** Measures the cost of payouts with intent and history by the size of the page. */
export async function growthTable({ quick }: { readonly quick: boolean }): Promise<void> {
  const servers = await startServers([ours]);
  const rows: string[][] = [];
  const callers = 4;
  try {
    const warm = {
      workload: payoutDetails(25),
      callers,
      requests: 4,
      warmUp: { requests: quick ? 4 : 300 },
      rounds: 1,
    };
    await measureInterleaved(servers, warm);
    for (const first of [1, 10, 25, 50, 100]) {
      const requests = quick ? 4 : Math.ceil(payoutsPerRound / (first + 4));
      const plan = {
        workload: payoutDetails(first),
        callers,
        requests,
        warmUp: { requests },
        rounds: quick ? 1 : 5,
      };
      const rounds = (await measureInterleaved(servers, plan)).get(ours) ?? [];
      const cpuMicros = medianOf(rounds, 'cpuMicros');
      rows.push([
        String(first),
        cpuMicros.toFixed(0),
        (cpuMicros / first).toFixed(0),
        medianOf(rounds, 'leanCalls').toFixed(1),
      ]);
    }
  } finally {
    await servers.stop();
  }
  printTable(
    'Cost of payouts with intent and history, by page size',
    ['', 'CPU µs', 'CPU µs each', 'Lean calls'],
    rows,
  );
}
