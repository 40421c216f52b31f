import { randomUUID } from 'node:crypto';
import type { PayoutRecords } from '../src/payouts/creation/payout-records.ts';
import { neverSent } from '../src/payouts/creation/send-history.ts';

/** Records that store nothing, to measure the cost of a payout without records. */
export const noRecords: PayoutRecords = {
  reserve: ({ caller, idempotencyKey, leanKey, transfers }) =>
    Promise.resolve({
      lease: {
        caller,
        idempotencyKey,
        id: randomUUID(),
        leanKey,
        transfers,
        repeated: false,
        earlierSends: neverSent,
        duplicateIntents: [],
        similarUnknownKey: null,
      },
    }),
  similarKey: () => Promise.resolve(null),
  leaseAgain: () => Promise.resolve(undefined),
  noteSending: () => Promise.resolve('noted'),
  release: () => Promise.resolve(),
  markTurnedAway: () => Promise.resolve(),
  markUnknown: () => Promise.resolve(),
  assumeSent: () => Promise.resolve(),
  lostRecordsAgeMs: () => Promise.resolve(0),
  settle: () => Promise.resolve('recorded'),
  read: () => Promise.resolve(undefined),
  recover: () => Promise.resolve(),
  purge: () => Promise.resolve(),
};
