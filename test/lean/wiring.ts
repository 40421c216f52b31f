import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Server as NetServer } from 'node:net';
import { onTestFinished } from 'vitest';
import { readyToken } from '../../src/lean/access-token.ts';
import type { LeanAnswer } from '../../src/lean/answer.ts';
import { LeanClient, type CreateOptions, type LeanClientOptions } from '../../src/lean/client.ts';
import { Bulkhead } from '../../src/lean/bulkhead.ts';
import { Retries, RetryBudget } from '../../src/lean/retry.ts';
import type { Clocks } from '../../src/lean/send-window.ts';
import type { LeanCreated } from '../../src/lean/wire.ts';
import { createTransport, type Transport, type TransportOptions } from '../../src/lean/transport.ts';
import { sandboxCredentials } from '../../src/sandbox/named.ts';
import { startSandbox, type RunningSandbox, type SandboxOptions } from '../../src/sandbox/sandbox.ts';

/** A sandbox that is gone when the test is over. */
export async function startLean(options: SandboxOptions = {}): Promise<RunningSandbox> {
  const lean = await startSandbox({ payouts: 0, ...options });
  onTestFinished(() => lean.close());
  return lean;
}

/** A transport that is closed when the test is over. */
export function transportTo(origin: string, options: Partial<TransportOptions> = {}): Transport {
  const transport = createTransport({ origin, maxConcurrency: 16, ...options });
  onTestFinished(() => transport.close());
  return transport;
}

/** A client with the sandbox's ready token. */
export function clientTo(origin: string, options: Partial<LeanClientOptions> = {}): LeanClient {
  return new LeanClient({
    transport: transportTo(origin),
    token: readyToken(sandboxCredentials.token),
    timeoutMs: 20_000,
    lanes: {
      read: new Bulkhead({ concurrency: 16, queue: 64 }),
      write: new Bulkhead({ concurrency: 4, queue: 16 }),
    },
    retries: new Retries({ budget: new RetryBudget(), random: () => 0 }),
    ...options,
  });
}

export interface Heard {
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface RawServer {
  readonly url: string;
  /** Every request whose body has arrived, in order. */
  readonly heard: Heard[];
}

/** A server that says whatever `answer` does, also what the sandbox never would. */
export async function rawServer(
  answer: (response: ServerResponse, heard: Heard, request: IncomingMessage) => void,
): Promise<RawServer> {
  const heard: Heard[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const one: Heard = {
        method: request.method ?? '',
        target: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
      };
      heard.push(one);
      answer(response, one, request);
    });
  });
  const url = await listening(server);
  onTestFinished(
    () =>
      new Promise<void>(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return { url, heard };
}

/** Has a server listen on a free port and tells its address. */
export function listening(server: NetServer): Promise<string> {
  return new Promise(resolve => {
    server.listen(0, '127.0.0.1', () => {
      resolve(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`);
    });
  });
}

/** An address where nothing listens any more. */
export async function deadAddress(): Promise<string> {
  const server = createServer();
  const url = await listening(server);
  await new Promise<void>(resolve => {
    server.close(() => resolve());
  });
  return url;
}

export function json(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

/** Creates payouts; what Lean's answer says is thrown when it is no success. */
export async function createPayouts(
  client: LeanClient,
  body: string,
  idempotencyKey: string,
  options?: CreateOptions,
): Promise<{ readonly created: LeanCreated; readonly answer: LeanAnswer }> {
  const answer = await client.createPayouts(body, idempotencyKey, options);
  if (!answer.ok) throw answer.failure();
  return { created: answer.json(), answer };
}

/** What a promise rejects with. */
export async function failureOf(awaited: unknown): Promise<unknown> {
  try {
    await awaited;
  } catch (error) {
    return error;
  }
  throw new Error('it did not fail');
}

/** A promise with its ends in the hands of the test. */
export function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>(resolve => {
    open = resolve;
  });
  return { opened, open };
}

/** A deadline far away. */
export function later(): number {
  return performance.now() + 20_000;
}

/** Clocks that go only when the test says so. */
export class HeldClocks implements Clocks {
  #monotonic: number;
  #wall = Date.parse('2026-06-01T12:00:00Z');

  /** @param start on the clock of `performance.now()` */
  constructor(start = 1000) {
    this.#monotonic = start;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  wall(): number {
    return this.#wall;
  }

  /** Time goes by, for a process that works or that is paused. */
  pass(ms: number): void {
    this.#monotonic += ms;
    this.#wall += ms;
  }

  /** The machine sleeps: its monotonic clock stands still. A wall clock that is set moves in the same way. */
  suspend(ms: number): void {
    this.#wall += ms;
  }
}

/** Has Lean answer the next creation with a refusal in its own envelope. */
export function refuseNext(lean: RunningSandbox, status: number, code: string): void {
  lean.faults.add({ kind: 'status', status, code, operation: 'createPayoutPayment', times: 1 });
}
