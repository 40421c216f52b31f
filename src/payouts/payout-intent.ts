import type { Money } from './money.ts';
import type { Payout } from './payout.ts';

/** A beneficiary that payouts can go to. */
export interface PayoutDestination {
  readonly id: string;
  readonly status: string | null;
  readonly legalName: string | null;
  readonly displayName: string | null;
  readonly iban: string | null;
  readonly accountNumber: string | null;
  readonly swiftCode: string | null;
  readonly bankIdentifier: string | null;
  readonly address: string | null;
  readonly city: string | null;
  readonly country: string | null;
  readonly customerId: string | null;
  readonly ownerType: string | null;
  readonly isDefault: boolean | null;
}

/**
 * The request behind a payout, and what became of it. A value is `undefined` if this Lean application has no call for it.
 */
export interface PayoutIntent {
  readonly id: string;
  readonly customerId: string | null | undefined;
  readonly amount: Money;
  readonly description: string | null;
  readonly externalReference: string | null | undefined;
  /** The payout of this intent; without a payment at Lean yet, as far as the intent tells. */
  readonly payout: Payout;
  /** If it is `undefined`, `destinationId` may say which it is. */
  readonly destination: PayoutDestination | null | undefined;
  readonly destinationId?: string;
}
