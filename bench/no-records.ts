import { randomUUID } from 'node:crypto';
import type { PayoutRecords } from '../src/payouts/payout-record.ts';

/** Records that keep nothing: what a payout costs without them. */
export const noRecords: PayoutRecords = {
  reserve: ({ caller, idempotencyKey }) =>
    Promise.resolve({ claim: { caller, idempotencyKey, id: randomUUID(), attempt: 1 } }),
  reserveAgain: () => Promise.resolve(undefined),
  sending: () => Promise.resolve(true),
  release: () => Promise.resolve(),
  lose: () => Promise.resolve(),
  settle: () => Promise.resolve('recorded'),
  found: () => Promise.resolve(false),
  read: () => Promise.resolve(undefined),
  recordedIntents: () => Promise.resolve(new Set()),
  due: () => Promise.resolve([]),
  postpone: () => Promise.resolve(false),
  recover: () => Promise.resolve(),
  forget: () => Promise.resolve(),
  hasten: () => Promise.resolve(),
  unresolved: () => Promise.resolve(0),
  list: () => Promise.resolve([]),
};
