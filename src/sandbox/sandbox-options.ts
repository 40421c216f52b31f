import type { LeanBehaviour } from './lean-api/behaviour.ts';
import type { SandboxProfile } from './profile.ts';
import type { WebhookTarget } from './webhooks/webhook-target.ts';

/** How a sandbox is made. */
export interface SandboxOptions {
  /** Which of Lean's versions to speak. @default 'v2' */
  readonly profile?: SandboxProfile;
  /** A whole number; the same one gives the same payouts, ids and tokens. @default 1 */
  readonly seed?: number;
  /** How many payouts there are from the start. @default 300 */
  readonly payouts?: number;
  /** How many times faster than the documented life a payout lives. @default 1 */
  readonly speed?: number;
  /** Added to every Lean answer. @default 0 */
  readonly latencyMs?: number;
  /** The largest page the list gives; a request for more gets this many. @default 100 */
  readonly maxPageSize?: number;
  /** In which ways Lean is less kind than its documentation. @default in none */
  readonly behaviour?: Partial<LeanBehaviour>;
  /** Where webhooks go. @default nowhere */
  readonly webhook?: WebhookTarget;
  /** Epoch milliseconds. @default Date.now */
  readonly clock?: () => number;
}
