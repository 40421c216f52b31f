import { printTable } from './figures.ts';
import { sendLoad } from './load.ts';
import { ours, startServers } from './servers.ts';
import { onePayout, payoutDetails } from './workloads.ts';

/** Single payouts, and pages of payouts with intent and history. */
const mix = [
  { workload: onePayout, callers: 8, requests: 400 },
  { workload: payoutDetails(50), callers: 2, requests: 20 },
] as const;
const operations = mix.reduce((sum, { requests }) => sum + requests, 0);

/** Measures minute by minute whether the cost of our gateway changes over time, at full load on one core. */
export async function steadyTable({
  minutes,
  secondsPerMinute,
}: {
  readonly minutes: number;
  /** The length of a measured minute in seconds. */
  readonly secondsPerMinute: number;
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
          mix.map(({ workload, ...volume }) => sendLoad(server.url, servers.tokens, workload, volume)),
        );
        sent += operations;
      } while (performance.now() - startedAt < 1000 * secondsPerMinute);
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
    'Our gateway, minute by minute: 20 single payouts for each page of 50 payouts with intent and history',
    ['', 'CPU µs', 'per second', 'MiB'],
    rows,
  );
}
