import { randomUUID } from 'node:crypto';
import type { PayoutRecords } from '../src/payouts/creation/payout-records.ts';
import { neverSent } from '../src/payouts/creation/send-history.ts';

/** Records that keep nothing: what a payout costs without them. */
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
        before: neverSent,
        duplicateIntents: [],
        similarUnknownKey: null,
      },
    }),
  similarKey: () => Promise.resolve(null),
  leaseAgain: () => Promise.resolve(undefined),
  noteSending: () => Promise.resolve('noted'),
  release: () => Promise.resolve(),
  turnedAway: () => Promise.resolve(),
  markUnknown: () => Promise.resolve(),
  adopt: () => Promise.resolve(),
  lostRecordsAgeMs: () => Promise.resolve(0),
  settle: () => Promise.resolve('recorded'),
  read: () => Promise.resolve(undefined),
  recover: () => Promise.resolve(),
  forget: () => Promise.resolve(),
};
