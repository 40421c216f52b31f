import { median, percentile } from './figures.ts';
import { send, type Volume } from './load.ts';
import type { ServerProcess } from './processes.ts';
import type { ServerName, Servers } from './servers.ts';
import type { Workload } from './workloads.ts';

/** What a workload cost a server in one round. */
export interface Round {
  /** Of the server's process, for each request. */
  readonly cpuMicros: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly leanCalls: number;
}

export interface Plan extends Volume {
  readonly workload: Workload;
  /** Requests before anything is timed: until the compiler has seen enough. */
  readonly warmUp: number;
  readonly rounds: number;
}

/**
 * What a workload costs each of the servers, round by round. They take turns, so that whatever else goes on here is
 * there for all of them.
 */
export async function measureInTurns(
  servers: Servers,
  plan: Plan,
): Promise<ReadonlyMap<ServerName, readonly Round[]>> {
  const { workload, warmUp } = plan;
  for (const { url } of servers.running.values())
    await send(url, servers.tokens, workload, { ...plan, requests: warmUp });
  const rounds = new Map<ServerName, Round[]>([...servers.running.keys()].map(name => [name, []]));
  for (let round = 0; round < plan.rounds; round += 1)
    for (const [name, server] of servers.running)
      rounds.get(name)?.push(await measure(servers, server, plan));
  return rounds;
}

async function measure(servers: Servers, server: ServerProcess, plan: Plan): Promise<Round> {
  const [callsBefore, cpuBefore] = [await servers.leanCalls(), await server.cpuMicros()];
  const { latencies, seconds } = await send(server.url, servers.tokens, plan.workload, plan);
  const cpu = (await server.cpuMicros()) - cpuBefore;
  const calls = (await servers.leanCalls()) - callsBefore;
  return {
    cpuMicros: cpu / plan.requests,
    perSecond: plan.requests / seconds,
    p50: percentile(latencies, 50),
    p99: percentile(latencies, 99),
    leanCalls: calls / plan.requests,
  };
}

export function middle(rounds: readonly Round[], figure: keyof Round): number {
  return median(rounds.map(round => round[figure]));
}
