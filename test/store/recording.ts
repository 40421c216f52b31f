import type { PayoutCreated, PayoutRejected } from '../../src/payouts/creation/creation-answer.ts';
import type { TransferRejection } from '../../src/payouts/creation/payout-records.ts';
import type { ReferencedTransfer } from '../../src/payouts/creation/transfer.ts';
import {
  fingerprintOf,
  type Lease,
  type NewRequest,
  type PayoutRequest,
  type RequestKey,
} from '../../src/payouts/creation/payout-record.ts';
import { ResendRule, type ResendPermit, type SendStamp } from '../../src/payouts/creation/resend-rule.ts';
import type { Database, OpenOptions } from '../../src/store/database.ts';
import { SqlOperatorRecords } from '../../src/store/operator-records.ts';
import { SqlPayoutEvidence } from '../../src/store/payout-evidence.ts';
import { SqlPayoutRecords } from '../../src/store/payout-records.ts';
import { SqlReconciliationRecords } from '../../src/store/reconciliation-records.ts';
import { keyOf, transfer } from '../support/creating.ts';
import { freshStore, opened, type StoreKind } from '../support/stores.ts';

export const minute = 60_000;
export const hour = 60 * minute;
export const day = 24 * hour;

/** The resend delay of these tests. */
export const delayMs = 10 * minute;

/** How long bytes of a send may still leave after it was noted. */
export const remainingMs = 10_000;

/** Lean's answer to a creation. */
export const response = { status: 200, contentType: 'application/json', body: '{ "as": "it came" }' };

export function created(intentId: string, transferIndex = 0): PayoutCreated {
  return {
    kind: 'created',
    idempotencyKey: 'key-1',
    transferIndex,
    intentId,
    paymentId: null,
    state: { status: 'CREATED', leanStatus: 'CREATED' },
    amount: transfer().amount,
    sender: null,
    recipient: null,
    traceId: null,
    similarUnknownKey: null,
  };
}

export const rejected: PayoutRejected = {
  kind: 'rejected',
  code: 'REJECTED_BY_LEAN',
  message: 'No.',
  inputErrors: [],
  leanCode: null,
  rejectedIntentId: null,
  idempotencyKey: 'key-1',
  transferIndex: null,
};

export const rejection: TransferRejection = { position: 0, answer: rejected };

export function newRequest(
  key: RequestKey = keyOf('key-1'),
  transfers: readonly ReferencedTransfer[] = [transfer()],
): NewRequest {
  return {
    ...key,
    fingerprint: fingerprintOf(transfers),
    leanKey: key.idempotencyKey,
    application: 'test',
    transfers,
  };
}

/** The same database, with some of its methods replaced. */
export function changed(database: Database, change: Partial<Database>): Database {
  return {
    prepare: () => database.prepare(),
    run: (...statements) => database.run(...statements),
    runLoosely: (...statements) => database.runLoosely(...statements),
    announce: () => database.announce(),
    onAnnouncement: listener => {
      database.onAnnouncement(listener);
    },
    owner: () => database.owner(),
    living: owners => database.living(owners),
    close: () => database.close(),
    ...change,
  };
}

/** A store of the test's own, by the test's clock, and what one gateway does with it. */
export async function recording(kind: StoreKind, options: Pick<OpenOptions, 'lossWindowMs'> = {}) {
  const config = await freshStore(kind);
  /** The store's time, and how far Lean's clock is ahead of it. */
  const clock = { ms: Date.parse('2026-03-01T00:00:00Z'), leanAheadMs: 0 };
  const open = (): Database => opened(config, { clock: () => clock.ms, ...options });
  const database = open();
  await database.prepare();
  const records = new SqlPayoutRecords(database);
  const rule = new ResendRule(delayMs);
  const leanNow = (): number => clock.ms + clock.leanAheadMs;
  const permit = (change: Partial<ResendPermit> = {}): ResendPermit => ({
    rule,
    leanNow: leanNow(),
    ...change,
  });

  async function lease(key?: RequestKey, transfers?: readonly ReferencedTransfer[]): Promise<Lease> {
    const reserved = await records.reserve(newRequest(key, transfers));
    if ('lease' in reserved) return reserved.lease;
    throw new Error('the key is taken');
  }

  function noteSending(
    of: Lease,
    stamp: Partial<SendStamp> = {},
    change: Partial<ResendPermit> = {},
  ): ReturnType<SqlPayoutRecords['noteSending']> {
    return records.noteSending(of, { remainingMs, leanNow: leanNow(), ...stamp }, permit(change));
  }

  async function sent(key?: RequestKey, transfers?: readonly ReferencedTransfer[]): Promise<Lease> {
    const its = await lease(key, transfers);
    await noteSending(its);
    return its;
  }

  async function read(key: RequestKey = keyOf('key-1')): Promise<PayoutRequest> {
    const request = await records.read(key);
    if (request === undefined) throw new Error('there is no such record');
    return request;
  }

  /** A request that was sent, and whose answer was lost. */
  async function unknown(
    key?: RequestKey,
    transfers?: readonly ReferencedTransfer[],
  ): Promise<PayoutRequest> {
    const its = await sent(key, transfers);
    await records.markUnknown(its);
    return read(its);
  }

  /** A request that is settled. */
  async function settled(intentId: string, key?: RequestKey): Promise<void> {
    await records.settle(await sent(key), response, [created(intentId)]);
  }

  async function leaseAgain(request: PayoutRequest, change: Partial<ResendPermit> = {}): Promise<Lease> {
    const again = await records.leaseAgain(request, permit(change));
    if (again === undefined) throw new Error('it may not be sent again');
    return again;
  }

  /** Time goes by until the resend delay of what has just been sent is over. */
  function passDelay(): void {
    clock.ms += remainingMs + delayMs;
  }

  return {
    config,
    clock,
    open,
    database,
    records,
    reconciliation: new SqlReconciliationRecords(database),
    evidence: new SqlPayoutEvidence(database),
    operator: new SqlOperatorRecords(database),
    rule,
    permit,
    lease,
    noteSending,
    sent,
    read,
    unknown,
    settled,
    leaseAgain,
    passDelay,
    states: async (key?: RequestKey) => (await read(key)).records.map(({ state }) => state),
    /**
     * A gateway that takes every other one for ended. On a PostgreSQL it has connections of its own; a folder has one
     * gateway, so there it is a second one of the same process.
     */
    successor: () =>
      new SqlPayoutRecords(
        changed('url' in config ? open() : database, { living: () => Promise.resolve([]) }),
      ),
  };
}
