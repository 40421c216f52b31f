import { isDeepStrictEqual } from 'node:util';
import { LoadClient } from './load.ts';
import type { Servers } from './servers.ts';
import { bodyOf, type Workload } from './workloads.ts';

/** Throws an Error if the servers do not return equal data, because their costs could not be compared then. */
export async function assertEqualResponses({ running, tokens }: Servers, workload: Workload): Promise<void> {
  for (const index of [0, 7]) {
    const body = bodyOf(workload, workload.variables(index));
    const results: (readonly [name: string, data: unknown])[] = [];
    for (const [name, { url }] of running) {
      const client = new LoadClient(url, 1, tokens);
      const result = JSON.parse(await client.send(body, index)) as { readonly data?: unknown };
      results.push([name, result.data]);
      await client.close();
    }
    const [first] = results;
    const other = results.find(([, data]) => data == null || !isDeepStrictEqual(data, first?.[1]));
    if (other !== undefined)
      throw new Error(
        [first, other].map(result => `${workload.name}: ${JSON.stringify(result).slice(0, 4000)}`).join('\n'),
      );
  }
}
