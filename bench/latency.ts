import { printTable } from './figures.ts';
import { measureInterleaved, medianOf, type Plan } from './measurement.ts';
import { bare, ours, peerE, startServers } from './servers.ts';
import { onePayout, payoutDetails } from './workloads.ts';

const plans: readonly Plan[] = [
  { workload: onePayout, callers: 1, requests: 300, warmUp: { requests: 2000 }, rounds: 9 },
  { workload: payoutDetails(50), callers: 1, requests: 40, warmUp: { requests: 120 }, rounds: 9 },
];

/** Measures the latency of a single caller. */
export async function latencyTable({ quick }: { readonly quick: boolean }): Promise<void> {
  const servers = await startServers([ours, peerE, bare]);
  const rows: string[][] = [];
  try {
    for (const plan of plans) {
      const quickPlan = { ...plan, requests: 4, warmUp: { requests: 4 }, rounds: 1 };
      const measured = await measureInterleaved(servers, quick ? quickPlan : plan);
      rows.push([
        plan.workload.name,
        ...[...measured.values()].map(rounds => medianOf(rounds, 'p50').toFixed(2)),
      ]);
    }
  } finally {
    await servers.stop();
  }
  printTable('p50 ms of a single caller', ['', ...servers.running.keys()], rows);
}
