import { Pool } from 'undici';
import { bodyOf, type Workload } from './workloads.ts';

/** Errors, and the results of a payout that was not created. */
const failure = /"(?:errors|PayoutRejected|PayoutOutcomeUnknown)"/;

/** Sends requests to a server over one connection for each caller. */
export class LoadClient {
  readonly #pool: Pool;
  readonly #path: string;
  readonly #tokens: readonly string[];

  /** @param tokens the access tokens, used in rotation */
  constructor(url: string, callers: number, tokens: readonly string[]) {
    const { origin, pathname } = new URL(url);
    this.#pool = new Pool(origin, { connections: callers });
    this.#path = pathname;
    this.#tokens = tokens;
  }

  /** Resolves with the response body. Rejects if the status is not 200, or the body shows a failure. */
  async send(body: string, index: number): Promise<string> {
    const response = await this.#pool.request({
      method: 'POST',
      path: this.#path,
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        authorization: `Bearer ${this.#tokens[index % this.#tokens.length] ?? ''}`,
      },
      body,
    });
    const text = await response.body.text();
    if (response.statusCode === 200 && text.startsWith('{') && !failure.test(text)) return text;
    throw new Error(`the server responded ${String(response.statusCode)}: ${text.slice(0, 500)}`);
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}

export interface LoadResult {
  /** The latency of each request in ms. */
  readonly latencies: readonly number[];
  readonly seconds: number;
}

export interface LoadVolume {
  readonly callers: number;
  readonly requests: number;
  /** The load also ends when this time has passed. @default no limit */
  readonly seconds?: number;
}

/**
 * Sends up to `requests` requests with `callers` concurrent callers, for at most `seconds`. Each caller sends its next
 * request after a response.
 */
export async function sendLoad(
  url: string,
  tokens: readonly string[],
  workload: Workload,
  { callers, requests, seconds: limit = Infinity }: LoadVolume,
): Promise<LoadResult> {
  const client = new LoadClient(url, callers, tokens);
  const latencies: number[] = [];
  let next = 0;
  const startedAt = performance.now();
  const endsAt = startedAt + 1000 * limit;
  const caller = async (): Promise<void> => {
    while (next < requests && performance.now() < endsAt) {
      const index = next;
      next += 1;
      const body = bodyOf(workload, workload.variables(index));
      const sentAt = performance.now();
      await client.send(body, index);
      latencies.push(performance.now() - sentAt);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  const seconds = (performance.now() - startedAt) / 1000;
  await client.close();
  return { latencies, seconds };
}
