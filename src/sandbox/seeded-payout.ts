import { type Instant, parseInstant } from './instant.ts';
import type { Lifecycle, Step } from './lifecycle.ts';

/** What a payout is from a moment on. */
export interface SeededStep {
  /** RFC 3339, up to nine fractional digits. */
  readonly at: string;
  readonly status: string;
  readonly postInitiationStatus?: string | null;
  /** @default true once the status is one that a payment can have, and the payout has a payment id */
  readonly payment?: boolean;
  readonly bankTransactionReference?: string | null;
  readonly granularStatusCode?: string | null;
  readonly statusDetails?: string | null;
}

/** What becomes of a payout; what is left out stays as it is. @default for `at`: the sandbox's time */
export type PayoutChange = Partial<SeededStep>;

/** A payout to plant; what is left out is filled in. Plant two with one intent id for an intent with two payments. */
export interface SeededPayout {
  readonly intentId?: string;
  /** Null: there is never a payment. @default a new id */
  readonly paymentId?: string | null;
  /** Decimal text of any length, written on the wire as it is here. @default '100' */
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
  /** The whole life, oldest first, in place of `status` and what goes with it. */
  readonly steps?: readonly SeededStep[];
}

const withoutPayment = ['CREATED', 'AWAITING_AUTHORIZATION'];

/** The life of a planted payout, `createdAt` being its beginning. Throws a RangeError on what is no date-time. */
export function seededLifecycle(planted: SeededPayout, createdAt: string): Lifecycle {
  const mayHavePayment = planted.paymentId !== null;
  const { postInitiationStatus = null, bankTransactionReference = null } = planted;
  const only = {
    at: planted.updatedAt ?? createdAt,
    status: planted.status ?? 'ACCEPTED_BY_BANK',
    postInitiationStatus,
    bankTransactionReference,
    ...(planted.paymentId === undefined ? {} : { payment: mayHavePayment }),
  };
  const [first = only, ...rest] = planted.steps ?? [];
  return [stepOf(first, mayHavePayment), ...rest.map(step => stepOf(step, mayHavePayment))];
}

/** The step that a change makes of the one before it. Throws a RangeError on what is no date-time. */
export function changedStep(before: Step, change: PayoutChange, now: Instant): Step {
  const { at, status = before.status, payment, ...rest } = change;
  return {
    ...before,
    ...rest,
    at: at === undefined ? now : instantOf(at),
    status,
    payment: payment ?? (before.payment || !withoutPayment.includes(status)),
  };
}

function stepOf(planted: SeededStep, mayHavePayment: boolean): Step {
  return {
    at: instantOf(planted.at),
    status: planted.status,
    postInitiationStatus: planted.postInitiationStatus ?? null,
    payment: mayHavePayment && (planted.payment ?? !withoutPayment.includes(planted.status)),
    bankTransactionReference: planted.bankTransactionReference ?? null,
    granularStatusCode: planted.granularStatusCode ?? null,
    statusDetails: planted.statusDetails ?? null,
  };
}

/** Reads a date-time that a test gave; throws a RangeError when it is none. */
export function instantOf(text: string): Instant {
  const instant = parseInstant(text);
  if (instant === undefined) throw new RangeError(`not an RFC 3339 date-time: ${text}`);
  return instant;
}
