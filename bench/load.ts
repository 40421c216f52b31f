import { Pool } from 'undici';
import { bodyOf, type Workload } from './workloads.ts';

/** One who sends requests to a server, over as many connections as it has callers; each waits for its answer. */
export class Load {
  readonly #pool: Pool;
  readonly #path: string;
  readonly #tokens: readonly string[];

  /** @param tokens of the callers, who take turns */
  constructor(url: string, callers: number, tokens: readonly string[]) {
    const { origin, pathname } = new URL(url);
    this.#pool = new Pool(origin, { connections: callers });
    this.#path = pathname;
    this.#tokens = tokens;
  }

  /** @throws Error unless the answer is whole: 200 and no errors in it */
  async send(body: string, index: number): Promise<string> {
    const answer = await this.#pool.request({
      method: 'POST',
      path: this.#path,
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        authorization: `Bearer ${this.#tokens[index % this.#tokens.length] ?? ''}`,
      },
      body,
    });
    const text = await answer.body.text();
    if (answer.statusCode === 200 && text.startsWith('{') && !text.includes('"errors"')) return text;
    throw new Error(`answered ${String(answer.statusCode)}: ${text.slice(0, 500)}`);
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}

export interface Sent {
  /** Of each request, in milliseconds. */
  readonly latencies: readonly number[];
  readonly seconds: number;
}

export interface Volume {
  readonly callers: number;
  readonly requests: number;
}

/** Callers who all go on as soon as they are answered, until there have been so many requests. */
export async function send(
  url: string,
  tokens: readonly string[],
  workload: Workload,
  { callers, requests }: Volume,
): Promise<Sent> {
  const load = new Load(url, callers, tokens);
  const latencies: number[] = [];
  let next = 0;
  const startedAt = performance.now();
  const caller = async (): Promise<void> => {
    while (next < requests) {
      const index = next;
      next += 1;
      const body = bodyOf(workload, workload.variables(index));
      const sentAt = performance.now();
      await load.send(body, index);
      latencies.push(performance.now() - sentAt);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  const seconds = (performance.now() - startedAt) / 1000;
  await load.close();
  return { latencies, seconds };
}
