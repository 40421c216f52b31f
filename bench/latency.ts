import { printTable } from './figures.ts';
import { measureInTurns, middle, type Plan } from './measuring.ts';
import { bare, ours, peerE, startServers } from './servers.ts';
import { onePayout, payoutDetails } from './workloads.ts';

const plans: readonly Plan[] = [
  { workload: onePayout, callers: 1, requests: 300, warmUp: 2000, rounds: 9 },
  { workload: payoutDetails(50), callers: 1, requests: 40, warmUp: 120, rounds: 9 },
];

/** How long one caller waits, when there is no other. */
export async function latencyTable({ quick }: { readonly quick: boolean }): Promise<void> {
  const servers = await startServers([ours, peerE, bare]);
  const rows: string[][] = [];
  try {
    for (const plan of plans) {
      const few = { ...plan, requests: 4, warmUp: 4, rounds: 1 };
      const measured = await measureInTurns(servers, quick ? few : plan);
      rows.push([
        plan.workload.name,
        ...[...measured.values()].map(rounds => middle(rounds, 'p50').toFixed(2)),
      ]);
    }
  } finally {
    await servers.stop();
  }
  printTable('p50 ms of one caller at a time', ['', ...servers.running.keys()], rows);
}
