import { type Instant, formatInstant } from './instant.ts';
import type { Payout } from './payout.ts';

/** A payout as the sandbox stores it: exact, even where `LeanBehaviour` makes Lean's responses less exact. */
export interface StoredPayout {
  readonly intentId: string;
  readonly paymentId: string | null;
  readonly amount: string;
  readonly currency: string;
  readonly description: string;
  readonly externalReference: string | null;
  readonly accountId: string;
  readonly destinationId: string;
  /** The idempotency key of the creation request. Null if there was no key or no request. */
  readonly idempotencyKey: string | null;
  readonly status: string;
  readonly postInitiationStatus: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** Converts a payout at `now`. */
export function storedPayout(payout: Payout, now: Instant): StoredPayout {
  const { facts, currentStep, paymentId = null } = payout.at(now);
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
    status: currentStep.status,
    postInitiationStatus: currentStep.postInitiationStatus,
    createdAt: formatInstant(facts.createdAt),
    updatedAt: formatInstant(currentStep.at),
  };
}
