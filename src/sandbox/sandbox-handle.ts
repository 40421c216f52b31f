import type { RequestListener } from 'node:http';
import type { LeanBehaviour } from './lean-api/behaviour.ts';
import type { Faults } from './lean-api/faults.ts';
import type { ReceivedRequest } from './lean-api/received-request.ts';
import type { SandboxPayouts } from './sandbox-payouts.ts';
import type { Webhooks } from './webhooks/webhooks.ts';

/** A local replacement for Lean's API, with control over its payouts, faults and webhooks. */
export interface Sandbox {
  /** Serves Lean's API and the control routes. */
  readonly listener: RequestListener;
  /**
   * The last 10000 Lean requests, oldest first, including those that a fault then dropped. Control requests are not
   * recorded.
   */
  readonly requests: ReceivedRequest[];
  readonly faults: Faults;
  readonly payouts: SandboxPayouts;
  readonly webhooks: Webhooks;
  /** How Lean behaves. Its fields may be assigned at any time. A change applies from the next request on. */
  readonly behaviour: LeanBehaviour;
  /** Added to every Lean response, in ms. */
  latencyMs: number;
  /**
   * Restores the seeded payouts, the initial behaviour and the initial latency, and removes faults, recorded requests
   * and pending webhooks. Creations that are still being processed are dropped together with their connections.
   * Issued access tokens stay valid, and the webhook target stays the same.
   */
  reset(): void;
}

/** A sandbox that listens on a port. */
export interface RunningSandbox extends Sandbox {
  /** Its base address, without a slash at the end. */
  readonly url: string;
  /** The number of open connections. */
  connections(): Promise<number>;
  /** Stops listening, processing and sending webhooks, and drops every connection. */
  close(): Promise<void>;
}
