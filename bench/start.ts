import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleForImage } from '../scripts/program-bundle.ts';
import { median, printTable } from './figures.ts';
import { LoadClient, sendLoad } from './load.ts';
import { startSurroundings, type Surroundings } from './servers.ts';
import { bodyOf, onePayout, payoutPage, type Workload } from './workloads.ts';

const programNames = ['image (bundle)', 'npm package (dist)', 'npm start (sources)'] as const;
type ProgramName = (typeof programNames)[number];

export interface StartPlan {
  readonly workload: Workload;
  readonly programs: readonly ProgramName[];
  /** The number of starts of each program for each workload. */
  readonly starts: number;
  /** The last requests of the steps after a start, the same in all plans. */
  readonly steps: readonly number[];
  /** The request from which the cost counts as steady. */
  readonly steadyFrom: number;
  /** The number of requests that the steady cost is measured with. */
  readonly steadyRequests: number;
}

/** A page runs the same code for each of its payouts, so V8 has compiled it after fewer requests. */
export function startPlans({ quick }: { readonly quick: boolean }): readonly StartPlan[] {
  const common = quick
    ? { starts: 1, steps: [5, 10], steadyRequests: 10 }
    : { starts: 5, steps: [200, 500, 1000, 2000], steadyRequests: 2000 };
  return [
    { ...common, workload: onePayout, programs: programNames, steadyFrom: quick ? 10 : 20_000 },
    { ...common, workload: payoutPage, programs: programNames.slice(0, 2), steadyFrom: quick ? 10 : 5000 },
  ];
}

/** The cost of one start. */
interface Start {
  /** Time from the start of the process to its first response, in ms. */
  readonly firstMs: number;
  /** CPU time of the process until then, in ms. */
  readonly firstCpuMs: number;
  /** CPU time of a request in each step, in µs. */
  readonly steps: readonly number[];
}

/**
 * Measures starts of our gateway, and the requests after a start: the bundle of the image, the build of the npm package, and
 * the sources of `npm start`. The programs start by turns, so that other load on the machine affects all of them.
 */
export async function startTable(plans: readonly StartPlan[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'lean-payouts-bundle-'));
  const surroundings = await startSurroundings();
  const rows: string[][] = [];
  try {
    await bundleForImage(folder);
    const programs = {
      'image (bundle)': join(folder, 'main.js'),
      'npm package (dist)': '../dist/main.js',
      'npm start (sources)': '../src/main.ts',
    } as const satisfies Record<ProgramName, string>;
    for (const plan of plans) {
      const { workload, steps } = plan;
      const measured = new Map<ProgramName, Start[]>(plan.programs.map(name => [name, []]));
      for (let round = 0; round < plan.starts; round += 1)
        for (const [name, starts] of measured)
          starts.push(await measureStart(surroundings, programs[name], workload, steps));
      const steadyMicros = await measureSteady(surroundings, programs['image (bundle)'], plan);
      rows.push([workload.name], ...[...measured].map(([name, all]) => row(name, all, steps, steadyMicros)));
    }
  } finally {
    await surroundings.stop();
    await rm(folder, { recursive: true });
  }
  const steps = plans[0]?.steps ?? [];
  const ranges = steps.map((last, index) => `${String((steps[index - 1] ?? 0) + 1)}–${String(last)}`);
  printTable(
    'Start: time and CPU time until the first answer, then CPU µs of a request, and all of them as a multiple of steady',
    ['', 'first ms', 'CPU ms', ...ranges, 'steady', 'multiple'],
    rows,
  );
}

function row(name: string, all: readonly Start[], lasts: readonly number[], steadyMicros: number): string[] {
  const steps = lasts.map((_, index) => median(all.map(start => start.steps[index] ?? NaN)));
  const total = lasts.reduce(
    (sum, last, index) => sum + (steps[index] ?? NaN) * (last - (lasts[index - 1] ?? 0)),
    0,
  );
  const figures = [
    median(all.map(({ firstMs }) => firstMs)),
    median(all.map(({ firstCpuMs }) => firstCpuMs)),
    ...steps,
    steadyMicros,
  ];
  const multiple = total / (lasts.at(-1) ?? NaN) / steadyMicros;
  return [`  ${name}`, ...figures.map(figure => figure.toFixed(0)), multiple.toFixed(1)];
}

const callers = 8;
/** Without a read cache each request makes its Lean calls, as in the other tables. */
const variables = { READ_CACHE_MB: '0' } as const;

async function measureStart(
  { startGateway, tokens }: Surroundings,
  file: string,
  workload: Workload,
  lasts: readonly number[],
): Promise<Start> {
  const startedAt = performance.now();
  const server = await startGateway(file, variables);
  const client = new LoadClient(server.url, 1, tokens);
  try {
    await client.send(bodyOf(workload, workload.variables(0)), 0);
    const firstMs = performance.now() - startedAt;
    let cpu = await server.cpuMicros();
    const firstCpuMs = cpu / 1000;
    const steps: number[] = [];
    let sent = 1;
    for (const last of lasts) {
      await sendLoad(server.url, tokens, workload, { callers, requests: last - sent });
      const before = cpu;
      cpu = await server.cpuMicros();
      steps.push((cpu - before) / (last - sent));
      sent = last;
    }
    return { firstMs, firstCpuMs, steps };
  } finally {
    await client.close();
    await server.stop();
  }
}

/** CPU time of a request in µs, once V8 has compiled the code. */
async function measureSteady(
  { startGateway, tokens }: Surroundings,
  file: string,
  { workload, steadyFrom, steadyRequests }: StartPlan,
): Promise<number> {
  const server = await startGateway(file, variables);
  try {
    await sendLoad(server.url, tokens, workload, { callers, requests: steadyFrom });
    const before = await server.cpuMicros();
    await sendLoad(server.url, tokens, workload, { callers, requests: steadyRequests });
    return ((await server.cpuMicros()) - before) / steadyRequests;
  } finally {
    await server.stop();
  }
}
