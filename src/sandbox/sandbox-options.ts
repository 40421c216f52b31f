import type { LeanBehaviour } from './lean-api/behaviour.ts';
import type { SandboxProfile } from './profile.ts';
import type { WebhookTarget } from './webhooks/webhook-target.ts';

/** The largest `latencyMs`. */
export const maxLatencyMs = 600_000;

/** Options of a new sandbox. */
export interface SandboxOptions {
  /** The version of Lean's API that the sandbox serves. @default 'v2' */
  readonly profile?: SandboxProfile;
  /**
   * A whole number. The same seed gives the same initial payouts and tokens. The ids of created payouts also depend on
   * the clock at the start and on the number of resets. @default 1
   */
  readonly seed?: number;
  /** The number of seeded payouts. @default 300 */
  readonly payouts?: number;
  /** Divides all delays of a payout's lifecycle and of webhook retries. @default 1 */
  readonly speed?: number;
  /** Added to every Lean response, in ms. @default 0 */
  readonly latencyMs?: number;
  /** The maximum number of rows on a list page. A larger requested size is reduced to it. @default 100 */
  readonly maxPageSize?: number;
  /** Deviations from Lean's documented behaviour. @default none */
  readonly behaviour?: Partial<LeanBehaviour>;
  /** The address and secret of webhooks. @default no webhooks are sent */
  readonly webhook?: WebhookTarget;
  /** Returns the sandbox's time in epoch ms. @default Date.now */
  readonly clock?: () => number;
}
