import { isDeepStrictEqual } from 'node:util';
import { Load } from './load.ts';
import type { Servers } from './servers.ts';
import { bodyOf, type Workload } from './workloads.ts';

/** @throws Error when servers do not answer the same: then what they cost cannot be compared */
export async function demandEqualAnswers({ running, tokens }: Servers, workload: Workload): Promise<void> {
  for (const index of [0, 7]) {
    const body = bodyOf(workload, workload.variables(index));
    const answers: (readonly [name: string, data: unknown])[] = [];
    for (const [name, { url }] of running) {
      const load = new Load(url, 1, tokens);
      const answer = JSON.parse(await load.send(body, index)) as { readonly data?: unknown };
      answers.push([name, answer.data]);
      await load.close();
    }
    const [first] = answers;
    const other = answers.find(([, data]) => data == null || !isDeepStrictEqual(data, first?.[1]));
    if (other !== undefined)
      throw new Error(
        [first, other].map(answer => `${workload.name}: ${JSON.stringify(answer).slice(0, 4000)}`).join('\n'),
      );
  }
}
