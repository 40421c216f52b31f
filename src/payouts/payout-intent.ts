import type { Money } from './values/money.ts';
import type { Payout } from './payout.ts';

/** A beneficiary of payouts. A value is `undefined` if the response that it was read from does not carry it. */
export interface PayoutDestination {
  readonly id: string;
  readonly status: string | null | undefined;
  readonly legalName: string | null | undefined;
  readonly displayName: string | null | undefined;
  readonly iban: string | null | undefined;
  readonly accountNumber: string | null | undefined;
  readonly swiftCode: string | null | undefined;
  readonly bankIdentifier: string | null | undefined;
  readonly address: string | null | undefined;
  readonly city: string | null | undefined;
  readonly country: string | null | undefined;
  readonly customerId: string | null | undefined;
  readonly ownerType: string | null | undefined;
  readonly isDefault: boolean | null | undefined;
}

/** The request behind a payout, and its payout. A value is `undefined` if this Lean application has no call for it. */
export interface PayoutIntent {
  readonly id: string;
  readonly customerId: string | null | undefined;
  readonly amount: Money;
  readonly description: string | null;
  readonly externalReference: string | null | undefined;
  /** The payout of this intent. Without a payment at Lean, it has only the facts that the intent carries. */
  readonly payout: Payout;
  /** If it is `undefined`, `destinationId` may still be known. */
  readonly destination: PayoutDestination | null | undefined;
  readonly destinationId?: string;
}
