import { type Instant, printInstant } from './instant.ts';
import type { Payout } from './payout.ts';

/** A payout as it stands when asked for. It is exact, whatever Lean's answers give back. */
export interface StoredPayout {
  readonly intentId: string;
  readonly paymentId: string | null;
  readonly amount: string;
  readonly currency: string;
  readonly description: string;
  readonly externalReference: string | null;
  readonly accountId: string;
  readonly destinationId: string;
  /** The key of the request that made it; null when it had none, and for payouts that were seeded or planted. */
  readonly idempotencyKey: string | null;
  readonly status: string;
  readonly postInitiationStatus: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** Shows a payout as it stands at `now`. */
export function storedPayout(payout: Payout, now: Instant): StoredPayout {
  const { facts, current, paymentId = null } = payout.at(now);
  const { intentId, amount, currency, description, externalReference, idempotencyKey } = facts;
  return {
    intentId,
    paymentId,
    amount,
    currency,
    description,
    externalReference,
    accountId: facts.account.id,
    destinationId: facts.destination.id,
    idempotencyKey,
    status: current.status,
    postInitiationStatus: current.postInitiationStatus,
    createdAt: printInstant(facts.createdAt),
    updatedAt: printInstant(current.at),
  };
}
