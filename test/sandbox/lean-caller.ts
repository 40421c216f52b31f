import { onTestFinished } from 'vitest';
import {
  accounts,
  destinations,
  type RunningSandbox,
  sandboxCredentials,
  type SandboxOptions,
  startSandbox,
} from '../../src/sandbox/sandbox.ts';

/** A moment for clocks that tests set by hand. */
export const noon = Date.parse('2026-06-01T12:00:00Z');

/** Whatever came as JSON; tests assert on it field by field. */
export type Json = ReturnType<typeof JSON.parse>;

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: Json;
}

/** A sandbox that closes with its test, a clock that stands until it is moved, and short ways to call. */
export async function callLean(options: SandboxOptions = {}) {
  let now = noon;
  const sandbox: RunningSandbox = await startSandbox({ clock: () => now, payouts: 0, ...options });
  onTestFinished(() => sandbox.close());

  async function call(method: string, path: string, init: RequestInit = {}): Promise<Answered> {
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
    /** Moves the clock by so many seconds. */
    pass: (seconds: number) => {
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
    /** The list's rows for a query. */
    list: async (query = '') => (await call('GET', `/payouts/v1/payments${query}`)).json.content as Json[],
  };
}

/** A create body for one payout of 16.5 to a destination. */
export function order(destination: string = destinations.pays, changes: object = {}): object {
  const entry = {
    payment_destination_id: destination,
    amount: 16.5,
    description: 'INV 001',
    authorize_payment: true,
    ...changes,
  };
  return { payment_details: [{ account_id: accounts.operating, destination_details: [entry] }] };
}
