import type { RequestListener } from 'node:http';
import type { LeanBehaviour } from './lean-api/behaviour.ts';
import type { Faults } from './lean-api/faults.ts';
import type { ReceivedRequest } from './lean-api/received-request.ts';
import type { SandboxPayouts } from './sandbox-payouts.ts';
import type { Webhooks } from './webhooks/webhooks.ts';

/** A Lean of one's own. */
export interface Sandbox {
  readonly listener: RequestListener;
  /** Every Lean request received, oldest first, also those that a fault then killed; the last 10000. */
  readonly requests: ReceivedRequest[];
  readonly faults: Faults;
  readonly payouts: SandboxPayouts;
  readonly webhooks: Webhooks;
  /** How kind Lean is. Assign its fields at any time; a change holds from the next request on. */
  readonly behaviour: LeanBehaviour;
  latencyMs: number;
  /**
   * Back to the seeded payouts and the behaviour of the start, without faults, recorded requests and webhooks under way.
   * Creations that are being processed vanish, and their connections are dropped. Issued access tokens stay good, and
   * webhooks go where they went.
   */
  reset(): void;
}

/** A sandbox that listens. */
export interface RunningSandbox extends Sandbox {
  readonly url: string;
  /** How many connections are open. */
  connections(): Promise<number>;
  /** Stops listening, processing and sending, and drops every connection. */
  close(): Promise<void>;
}
