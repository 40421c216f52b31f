import { type Instant, parseInstant } from './instant.ts';
import type { Lifecycle, LifecycleStep } from './lifecycle.ts';

/** A step of a payout's lifecycle: its state from `at` until the next step. */
export interface SeededStep {
  /** RFC 3339, up to nine fractional digits. */
  readonly at: string;
  readonly status: string;
  readonly postInitiationStatus?: string | null;
  /**
   * Whether Lean has created a payment. @default true if the status is one that a payment can have and `paymentId` is
   * not null
   */
  readonly payment?: boolean;
  readonly bankTransactionReference?: string | null;
  readonly granularStatusCode?: string | null;
  readonly statusDetails?: string | null;
}

/** A change of a payout. Omitted fields keep their values, and an omitted `at` means the sandbox's time. */
export type PayoutChange = Partial<SeededStep>;

/**
 * A payout that a test adds. Omitted fields get default values. Two payouts with the same intent id make an intent
 * with two payments.
 */
export interface SeededPayout {
  readonly intentId?: string;
  /** Null for a payout that never gets a payment. @default a new id */
  readonly paymentId?: string | null;
  /** Decimal text of any length, in major units. Responses contain it digit for digit. @default '100' */
  readonly amount?: string;
  readonly currency?: string;
  readonly description?: string;
  readonly externalReference?: string | null;
  readonly accountId?: string;
  readonly destinationId?: string;
  readonly autoAuthorized?: boolean;
  /** RFC 3339, up to nine fractional digits. @default the sandbox's time */
  readonly createdAt?: string;
  /** @default createdAt */
  readonly updatedAt?: string;
  /** @default 'ACCEPTED_BY_BANK' */
  readonly status?: string;
  readonly postInitiationStatus?: string | null;
  readonly bankTransactionReference?: string | null;
  /**
   * The whole lifecycle, oldest first. It replaces `updatedAt`, `status`, `postInitiationStatus` and
   * `bankTransactionReference`.
   */
  readonly steps?: readonly SeededStep[];
}

const withoutPayment = ['CREATED', 'AWAITING_AUTHORIZATION'];

/** The lifecycle of an added payout that is created at `createdAt`. Throws a RangeError if a date-time is invalid. */
export function seededLifecycle(seeded: SeededPayout, createdAt: string): Lifecycle {
  const mayHavePayment = seeded.paymentId !== null;
  const { postInitiationStatus = null, bankTransactionReference = null } = seeded;
  const onlyStep = {
    at: seeded.updatedAt ?? createdAt,
    status: seeded.status ?? 'ACCEPTED_BY_BANK',
    postInitiationStatus,
    bankTransactionReference,
    ...(seeded.paymentId === undefined ? {} : { payment: mayHavePayment }),
  };
  const [first = onlyStep, ...rest] = seeded.steps ?? [];
  return [lifecycleStep(first, mayHavePayment), ...rest.map(step => lifecycleStep(step, mayHavePayment))];
}

/** The step that follows `before` through a change. Throws a RangeError if `change.at` is not a date-time. */
export function changedStep(before: LifecycleStep, change: PayoutChange, now: Instant): LifecycleStep {
  const { at, status = before.status, payment, ...rest } = change;
  return {
    ...before,
    ...rest,
    at: at === undefined ? now : requireInstant(at),
    status,
    payment: payment ?? (before.payment || !withoutPayment.includes(status)),
  };
}

function lifecycleStep(step: SeededStep, mayHavePayment: boolean): LifecycleStep {
  return {
    at: requireInstant(step.at),
    status: step.status,
    postInitiationStatus: step.postInitiationStatus ?? null,
    payment: mayHavePayment && (step.payment ?? !withoutPayment.includes(step.status)),
    bankTransactionReference: step.bankTransactionReference ?? null,
    granularStatusCode: step.granularStatusCode ?? null,
    statusDetails: step.statusDetails ?? null,
  };
}

/** Parses an RFC 3339 date-time. Throws a RangeError if the text is not one. */
export function requireInstant(text: string): Instant {
  const instant = parseInstant(text);
  if (instant === undefined) throw new RangeError(`not an RFC 3339 date-time: ${text}`);
  return instant;
}
