import { onTestFinished } from 'vitest';
import {
  accounts,
  destinations,
  type RunningSandbox,
  sandboxCredentials,
  type SandboxOptions,
  startSandbox,
} from '../../src/sandbox/sandbox.ts';

/** The initial time of the clock that tests move by hand: epoch ms. */
export const noon = Date.parse('2026-06-01T12:00:00Z');

/** Parsed JSON. Tests assert on its fields one by one. */
export type Json = ReturnType<typeof JSON.parse>;

export interface TestResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: Json;
}

/** Starts a sandbox with a clock that only `advance` moves, and functions to call it. It closes with the test. */
export async function startTestSandbox(options: SandboxOptions = {}) {
  let now = noon;
  const sandbox: RunningSandbox = await startSandbox({ clock: () => now, payouts: 0, ...options });
  onTestFinished(() => sandbox.close());

  async function call(method: string, path: string, init: RequestInit = {}): Promise<TestResponse> {
    const headers = new Headers(init.headers);
    if (!headers.has('authorization')) headers.set('authorization', `Bearer ${sandboxCredentials.token}`);
    const response = await fetch(sandbox.url + path, { method, ...init, headers });
    const text = await response.text();
    const isJson = response.headers.get('content-type') === 'application/json' && text !== '';
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: isJson ? JSON.parse(text) : undefined,
    };
  }

  return {
    sandbox,
    /** Moves the clock by a number of seconds. */
    advance: (seconds: number) => {
      now += seconds * 1000;
    },
    call,
    get: (path: string) => call('GET', path),
    create: (body: unknown, key?: string) =>
      call('POST', '/payouts/v1/payment', {
        body: typeof body === 'string' ? body : JSON.stringify(body),
        headers: {
          'content-type': 'application/json',
          ...(key === undefined ? {} : { 'idempotency-key': key }),
        },
      }),
    post: (path: string, body: unknown) => call('POST', path, { body: JSON.stringify(body) }),
    /** The rows of the list. @param query such as `?page_size=3` */
    list: async (query = '') => (await call('GET', `/payouts/v1/payments${query}`)).json.content as Json[],
  };
}

/** The body of a creation request for one payout of 16.5 to a destination. */
export function creationBody(destination: string = destinations.pays, changes: object = {}): object {
  const entry = {
    payment_destination_id: destination,
    amount: 16.5,
    description: 'INV 001',
    authorize_payment: true,
    ...changes,
  };
  return { payment_details: [{ account_id: accounts.operating, destination_details: [entry] }] };
}
