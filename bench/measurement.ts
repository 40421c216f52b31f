import { median, percentile } from './figures.ts';
import { sendLoad, type LoadVolume } from './load.ts';
import type { ServerProcess } from './processes.ts';
import type { ServerName, Servers } from './servers.ts';
import type { Workload } from './workloads.ts';

/** The cost of a workload for a server in one round. */
export interface Round {
  /** CPU time of the server's process per request, in µs. */
  readonly cpuMicros: number;
  /** How long the garbage collector paused the main thread per request, in µs. */
  readonly gcMicros: number;
  /** Requests per second. */
  readonly perSecond: number;
  /** Latency in ms. */
  readonly p50: number;
  /** Latency in ms. */
  readonly p99: number;
  /** Lean calls per request. */
  readonly leanCalls: number;
}

export interface Plan extends LoadVolume {
  readonly workload: Workload;
  /** The load before the measurement, so that V8 has compiled the code. */
  readonly warmUp: Omit<LoadVolume, 'callers'>;
  readonly rounds: number;
}

/**
 * Measures a workload on each server, round by round. Each round measures all servers one after another, so that
 * other load on the machine affects all of them.
 */
export async function measureInterleaved(
  servers: Servers,
  plan: Plan,
): Promise<ReadonlyMap<ServerName, readonly Round[]>> {
  const { workload, warmUp } = plan;
  for (const { url } of servers.running.values())
    await sendLoad(url, servers.tokens, workload, { callers: plan.callers, ...warmUp });
  const rounds = new Map<ServerName, Round[]>([...servers.running.keys()].map(name => [name, []]));
  for (let round = 0; round < plan.rounds; round += 1)
    for (const [name, server] of servers.running)
      rounds.get(name)?.push(await measure(servers, server, plan));
  return rounds;
}

async function measure(servers: Servers, server: ServerProcess, plan: Plan): Promise<Round> {
  const [callsBefore, gcBefore] = [await servers.leanCalls(), Number(await server.ask('gc pauses'))];
  const cpuBefore = await server.cpuMicros();
  const { latencies, seconds } = await sendLoad(server.url, servers.tokens, plan.workload, plan);
  const cpu = (await server.cpuMicros()) - cpuBefore;
  const gc = Number(await server.ask('gc pauses')) - gcBefore;
  const calls = (await servers.leanCalls()) - callsBefore;
  const requests = latencies.length;
  return {
    cpuMicros: cpu / requests,
    gcMicros: gc / requests,
    perSecond: requests / seconds,
    p50: percentile(latencies, 50),
    p99: percentile(latencies, 99),
    leanCalls: calls / requests,
  };
}

export function medianOf(rounds: readonly Round[], field: keyof Round): number {
  return median(rounds.map(round => round[field]));
}
