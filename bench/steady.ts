import { printTable } from './figures.ts';
import { send } from './load.ts';
import { ours, startServers } from './servers.ts';
import { onePayout, payoutDetails } from './workloads.ts';

/** Single payouts, and beside them pages with intent and history. */
const mix = [
  { workload: onePayout, callers: 8, requests: 400 },
  { workload: payoutDetails(50), callers: 2, requests: 20 },
] as const;
const operations = mix.reduce((sum, { requests }) => sum + requests, 0);

/** Whether our gateway costs the same after a while: minute by minute, under as much as one core can do. */
export async function steadyTable({
  minutes,
  secondsEach,
}: {
  readonly minutes: number;
  /** How long a minute takes. */
  readonly secondsEach: number;
}): Promise<void> {
  const servers = await startServers([ours]);
  const server = servers.running.get(ours);
  const rows: string[][] = [];
  try {
    for (let minute = 1; server !== undefined && minute <= minutes; minute += 1) {
      const cpuBefore = await server.cpuMicros();
      const startedAt = performance.now();
      let sent = 0;
      do {
        await Promise.all(
          mix.map(({ workload, ...volume }) => send(server.url, servers.tokens, workload, volume)),
        );
        sent += operations;
      } while (performance.now() - startedAt < 1000 * secondsEach);
      const seconds = (performance.now() - startedAt) / 1000;
      rows.push([
        `minute ${String(minute)}`,
        (((await server.cpuMicros()) - cpuBefore) / sent).toFixed(0),
        (sent / seconds).toFixed(0),
        (Number(await server.ask('memory')) / 2 ** 20).toFixed(0),
      ]);
    }
  } finally {
    await servers.stop();
  }
  printTable(
    'Our gateway, minute by minute: a page of 50 payouts with intent and history to 20 single ones',
    ['', 'CPU µs', 'per second', 'MiB'],
    rows,
  );
}
