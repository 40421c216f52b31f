import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { onTestFinished } from 'vitest';
import { staticToken } from '../../src/lean/access-token.ts';
import type { LeanAnswer } from '../../src/lean/answer.ts';
import { LeanClient, type WriteOptions, type LeanClientOptions } from '../../src/lean/client.ts';
import { Bulkhead } from '../../src/lean/bulkhead.ts';
import { RetryBudget, RetryPolicy } from '../../src/lean/retry.ts';
import type { Clocks } from '../../src/lean/send-window.ts';
import type { LeanCreated } from '../../src/lean/wire.ts';
import { createTransport, type Transport, type TransportOptions } from '../../src/lean/transport.ts';
import { sandboxCredentials } from '../../src/sandbox/fixtures.ts';
import { freePort } from '../support/free-port.ts';
import { listening } from '../support/started-server.ts';
import { startSandbox, type RunningSandbox, type SandboxOptions } from '../../src/sandbox/sandbox.ts';

/** Starts a sandbox of Lean that is closed when the test ends. */
export async function startLean(options: SandboxOptions = {}): Promise<RunningSandbox> {
  const lean = await startSandbox({ payouts: 0, ...options });
  onTestFinished(() => lean.close());
  return lean;
}

/** A transport that is closed when the test ends. */
export function transportTo(origin: string, options: Partial<TransportOptions> = {}): Transport {
  const transport = createTransport({ origin, maxConcurrency: 16, ...options });
  onTestFinished(() => transport.close());
  return transport;
}

/** A client with the sandbox's static token. */
export function clientTo(origin: string, options: Partial<LeanClientOptions> = {}): LeanClient {
  return new LeanClient({
    transport: transportTo(origin),
    token: staticToken(sandboxCredentials.token),
    timeoutMs: 20_000,
    bulkheads: {
      read: new Bulkhead({ concurrency: 16, queue: 64 }),
      write: new Bulkhead({ concurrency: 4, queue: 16 }),
    },
    retries: new RetryPolicy({ budget: new RetryBudget(), random: () => 0 }),
    ...options,
  });
}

export interface ReceivedRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface RawServer {
  readonly url: string;
  /** Every request whose body has arrived, in order. */
  readonly received: ReceivedRequest[];
}

/** Starts a server whose responses `respond` writes, for responses that the sandbox never sends. */
export async function rawServer(
  respond: (response: ServerResponse, received: ReceivedRequest, request: IncomingMessage) => void,
): Promise<RawServer> {
  const received: ReceivedRequest[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const current: ReceivedRequest = {
        method: request.method ?? '',
        target: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
      };
      received.push(current);
      respond(response, current, request);
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
  return { url, received };
}

/** An address at which no server listens. */
export async function unusedAddress(): Promise<string> {
  return `http://127.0.0.1:${String(await freePort())}`;
}

export function json(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

/** Creates payouts, and throws the failure if Lean's answer is not a success. */
export async function createPayouts(
  client: LeanClient,
  body: string,
  idempotencyKey: string,
  options?: WriteOptions,
): Promise<{ readonly created: LeanCreated; readonly answer: LeanAnswer }> {
  const answer = await client.createPayouts(body, idempotencyKey, options);
  if (!answer.ok) throw answer.failure();
  return { created: answer.json(), answer };
}

/** The error that a promise rejects with. */
export async function failureOf(awaited: unknown): Promise<unknown> {
  try {
    await awaited;
  } catch (error) {
    return error;
  }
  throw new Error('the promise did not reject');
}

/** A promise that the test resolves. */
export function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>(resolve => {
    open = resolve;
  });
  return { opened, open };
}

/** A deadline that no test reaches. */
export function farDeadline(): number {
  return performance.now() + 20_000;
}

/** Clocks that the test advances. */
export class ManualClocks implements Clocks {
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

  /** Advances both clocks, as for a process that works or is paused. */
  advance(ms: number): void {
    this.#monotonic += ms;
    this.#wall += ms;
  }

  /** Advances the wall clock alone, as when the machine is suspended, or the wall clock is set. */
  suspend(ms: number): void {
    this.#wall += ms;
  }
}

/** Lets Lean refuse the next creation in its own error envelope. */
export function refuseNext(lean: RunningSandbox, status: number, code: string): void {
  lean.faults.add({ kind: 'status', status, code, operation: 'createPayoutPayment', times: 1 });
}
