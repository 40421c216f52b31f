import type { DestinationBehaviour } from './fixtures.ts';
import { type Instant, seconds } from './instant.ts';

/** One step of a payout's lifecycle: its state from `at` until the next step. */
export interface LifecycleStep {
  readonly at: Instant;
  readonly status: string;
  readonly postInitiationStatus: string | null;
  /** Whether Lean has created a payment for the intent. */
  readonly payment: boolean;
  readonly bankTransactionReference: string | null;
  readonly granularStatusCode: string | null;
  readonly statusDetails: string | null;
}

/** All steps of a payout, oldest first. There is always at least one. */
export type Lifecycle = readonly [LifecycleStep, ...LifecycleStep[]];

export interface LifecycleOptions {
  /** The delays below hold at speed 1. A higher speed divides them. */
  readonly speed: number;
  /** The reference that the bank gives to the transfer. */
  readonly bankTransactionReference: string;
}

const initialFields = {
  postInitiationStatus: null,
  payment: false,
  bankTransactionReference: null,
  granularStatusCode: null,
  statusDetails: null,
} as const;

/** Seconds from the creation until the bank has the payment. */
const bankAfterSeconds = { automatic: 2, manual: 20 } as const;
/** Seconds from the creation until the payout waits for its authorisation. */
const awaitAfterSeconds = 1;
/** Seconds from the bank's first status until its final one. */
const settleAfterSeconds = 6;

/** Lean has accepted the payout and has not processed it yet. */
export const created = (at: Instant): LifecycleStep => ({ ...initialFields, at, status: 'CREATED' });

/** The payout waits until a person authorises it. */
export const awaitingAuthorization = (at: Instant): LifecycleStep => ({
  ...initialFields,
  at,
  status: 'AWAITING_AUTHORIZATION',
});

/** Lean failed the payout before it created a payment. */
export const failedAtOnce = (at: Instant): LifecycleStep => ({ ...initialFields, at, status: 'FAILED' });

/** The bank has the payment, with this status and no transaction reference. */
export const atBank = (at: Instant, status: string): LifecycleStep => ({
  ...initialFields,
  at,
  status,
  payment: true,
});

/** The bank failed the payment. */
export const failedAtBank = (at: Instant): LifecycleStep => ({
  ...atBank(at, 'FAILED'),
  granularStatusCode: 'BANK_ISSUE',
  statusDetails: 'The bank did not execute the payment.',
});

/** The bank accepted the payment. `postInitiationStatus` is the result of Lean's tracking so far. */
export const accepted = (
  at: Instant,
  reference: string,
  postInitiationStatus: string | null = null,
): LifecycleStep => ({
  ...atBank(at, 'ACCEPTED_BY_BANK'),
  bankTransactionReference: reference,
  postInitiationStatus,
});

/** The whole lifecycle of a payout that is created at `start`. */
export function lifecycleOf(
  behaviour: DestinationBehaviour,
  authorized: boolean,
  start: Instant,
  options: LifecycleOptions,
): Lifecycle {
  const after = (count: number) => start + seconds(count / options.speed);
  if (behaviour === 'failsAtOnce') return [failedAtOnce(start)];
  const awaiting = awaitingAuthorization(after(awaitAfterSeconds));
  if (behaviour === 'waitsForAuthorization') return [created(start), awaiting];
  return authorized
    ? [created(start), ...lifecycleAtBank(behaviour, after(bankAfterSeconds.automatic), options)]
    : [created(start), awaiting, ...lifecycleAtBank(behaviour, after(bankAfterSeconds.manual), options)];
}

/** The steps of a payout that is authorised and reaches the bank at `at`. */
export function lifecycleAtBank(
  behaviour: DestinationBehaviour,
  at: Instant,
  options: LifecycleOptions,
): LifecycleStep[] {
  const settledAt = at + seconds(settleAfterSeconds / options.speed);
  const reference = options.bankTransactionReference;
  switch (behaviour) {
    case 'failsAtBank':
      return [atBank(at, 'PENDING_WITH_BANK'), failedAtBank(settledAt)];
    case 'rejectedAfterAcceptance':
      return [accepted(at, reference), accepted(settledAt, reference, 'REJECTED')];
    case 'staysPending':
      return [atBank(at, 'PENDING_WITH_BANK')];
    case 'authorisationFails':
      return [atBank(at, 'AUTHORISATION_FAILED')];
    default:
      return [accepted(at, reference), accepted(settledAt, reference, 'PROCESSED')];
  }
}
