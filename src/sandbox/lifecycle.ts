import { type Instant, seconds } from './instant.ts';
import type { Behaviour } from './named.ts';

/** What is true of a payout from a moment on. */
export interface Step {
  readonly at: Instant;
  readonly status: string;
  readonly postInitiationStatus: string | null;
  /** Whether Lean has made a payment of the intent by now. */
  readonly payment: boolean;
  readonly bankTransactionReference: string | null;
  readonly granularStatusCode: string | null;
  readonly statusDetails: string | null;
}

/** Every life has at least its beginning. */
export type Lifecycle = readonly [Step, ...Step[]];

/** Decides when the steps of a payout come. Times are those of speed 1; a higher speed divides them. */
export interface Pace {
  readonly speed: number;
  /** What the bank will call the transfer. */
  readonly bankTransactionReference: string;
}

const nothingYet = {
  postInitiationStatus: null,
  payment: false,
  bankTransactionReference: null,
  granularStatusCode: null,
  statusDetails: null,
} as const;

const acceptAfter = { automatic: 2, manual: 20 } as const;
const awaitAfter = 1;
const settleAfter = 6;

/** Lean has the payout and nothing has happened to it. */
export const created = (at: Instant): Step => ({ ...nothingYet, at, status: 'CREATED' });

/** The payout waits for a person. */
export const awaiting = (at: Instant): Step => ({ ...nothingYet, at, status: 'AWAITING_AUTHORIZATION' });

/** Lean failed the payout before there was a payment. */
export const failedAtOnce = (at: Instant): Step => ({ ...nothingYet, at, status: 'FAILED' });

/** The bank has the payment, with a status and without a transaction reference. */
export const atBank = (at: Instant, status: string): Step => ({ ...nothingYet, at, status, payment: true });

/** The bank failed the payment. */
export const failedAtBank = (at: Instant): Step => ({
  ...atBank(at, 'FAILED'),
  granularStatusCode: 'BANK_ISSUE',
  statusDetails: 'The bank did not execute the payment.',
});

/** The bank accepted the payment; `postInitiationStatus` is what its tracking has found so far. */
export const accepted = (
  at: Instant,
  reference: string,
  postInitiationStatus: string | null = null,
): Step => ({
  ...atBank(at, 'ACCEPTED_BY_BANK'),
  bankTransactionReference: reference,
  postInitiationStatus,
});

/** The whole life of a payout that is created at `start`. */
export function lifecycleOf(
  behaviour: Behaviour,
  authorized: boolean,
  start: Instant,
  pace: Pace,
): Lifecycle {
  const after = (count: number) => start + seconds(count / pace.speed);
  if (behaviour === 'failsAtOnce') return [failedAtOnce(start)];
  if (behaviour === 'waitsForAuthorization') return [created(start), awaiting(after(awaitAfter))];
  return authorized
    ? [created(start), ...lifecycleAtBank(behaviour, after(acceptAfter.automatic), pace)]
    : [
        created(start),
        awaiting(after(awaitAfter)),
        ...lifecycleAtBank(behaviour, after(acceptAfter.manual), pace),
      ];
}

/** What happens from the moment on which the payout is authorised and reaches the bank. */
export function lifecycleAtBank(behaviour: Behaviour, at: Instant, pace: Pace): Step[] {
  const settled = at + seconds(settleAfter / pace.speed);
  const reference = pace.bankTransactionReference;
  switch (behaviour) {
    case 'failsAtBank':
      return [atBank(at, 'PENDING_WITH_BANK'), failedAtBank(settled)];
    case 'rejectedAfterAcceptance':
      return [accepted(at, reference), accepted(settled, reference, 'REJECTED')];
    case 'staysPending':
      return [atBank(at, 'PENDING_WITH_BANK')];
    case 'authorisationFails':
      return [atBank(at, 'AUTHORISATION_FAILED')];
    default:
      return [accepted(at, reference), accepted(settled, reference, 'PROCESSED')];
  }
}
