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
import { ResendRule, type SendPermit, type SendTiming } from '../../src/payouts/creation/resend-rule.ts';
import type { Database, OpenOptions } from '../../src/store/database.ts';
import { SqlOperatorRecords } from '../../src/store/operator-records.ts';
import { SqlPayoutEvidence } from '../../src/store/payout-evidence.ts';
import { SqlPayoutRecords } from '../../src/store/payout-records.ts';
import { SqlReconciliationRecords } from '../../src/store/reconciliation-records.ts';
import { keyOf, transfer } from '../support/test-core.ts';
import { openEmptyStore, openTestStore, type StoreKind } from '../support/stores.ts';

export const minute = 60_000;
export const hour = 60 * minute;
export const day = 24 * hour;

/** The resend delay of these tests, in ms. */
export const delayMs = 10 * minute;

/** How long bytes of a send may still leave after it was recorded, in ms. */
export const remainingMs = 10_000;

/** Lean's response to a creation. */
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

/** The same database with some of its methods replaced. */
export function overrideDatabase(database: Database, overrides: Partial<Database>): Database {
  return {
    migrate: () => database.migrate(),
    run: (...statements) => database.run(...statements),
    runWithoutSync: (...statements) => database.runWithoutSync(...statements),
    announce: () => database.announce(),
    onAnnouncement: listener => {
      database.onAnnouncement(listener);
    },
    owner: () => database.owner(),
    aliveOwners: owners => database.aliveOwners(owners),
    close: () => database.close(),
    ...overrides,
  };
}

/** Opens a new store that uses the clock of the test, with helpers for one gateway on it. */
export async function startStore(kind: StoreKind, options: Pick<OpenOptions, 'lossWindowMs'> = {}) {
  /** The store's time in epoch ms, and how far Lean's clock is ahead of it in ms. */
  const clock = { ms: Date.parse('2026-03-01T00:00:00Z'), leanAheadMs: 0 };
  const now = (): number => clock.ms;
  const { store: config, database } = await openEmptyStore(kind, now, options);
  const open = (): Database => openTestStore(config, { clock: now, ...options });
  await database.migrate();
  const records = new SqlPayoutRecords(database);
  const rule = new ResendRule(delayMs);
  const leanNow = (): number => clock.ms + clock.leanAheadMs;
  const permit = (overrides: Partial<SendPermit> = {}): SendPermit => ({
    rule,
    leanNow: leanNow(),
    ...overrides,
  });

  /** Reserves a key that is free. */
  async function takeLease(key?: RequestKey, transfers?: readonly ReferencedTransfer[]): Promise<Lease> {
    const reserved = await records.reserve(newRequest(key, transfers));
    if ('lease' in reserved) return reserved.lease;
    throw new Error('the key is taken');
  }

  function noteSending(
    lease: Lease,
    timing: Partial<SendTiming> = {},
    permitOverrides: Partial<SendPermit> = {},
  ): ReturnType<SqlPayoutRecords['noteSending']> {
    return records.noteSending(
      lease,
      { remainingMs, leanNow: leanNow(), ...timing },
      permit(permitOverrides),
    );
  }

  /** Creates a request that is being sent. */
  async function createSent(key?: RequestKey, transfers?: readonly ReferencedTransfer[]): Promise<Lease> {
    const lease = await takeLease(key, transfers);
    await noteSending(lease);
    return lease;
  }

  async function read(key: RequestKey = keyOf('key-1')): Promise<PayoutRequest> {
    const request = await records.read(key);
    if (request === undefined) throw new Error('there is no such record');
    return request;
  }

  /** Creates a request that was sent and whose answer was lost. */
  async function createUnknown(
    key?: RequestKey,
    transfers?: readonly ReferencedTransfer[],
  ): Promise<PayoutRequest> {
    const lease = await createSent(key, transfers);
    await records.markUnknown(lease);
    return read(lease);
  }

  /** Creates a settled request. */
  async function createSettled(intentId: string, key?: RequestKey): Promise<void> {
    await records.settle(await createSent(key), response, [created(intentId)]);
  }

  async function leaseAgain(request: PayoutRequest, overrides: Partial<SendPermit> = {}): Promise<Lease> {
    const lease = await records.leaseAgain(request, permit(overrides));
    if (lease === undefined) throw new Error('the request may not be sent again');
    return lease;
  }

  /** Advances the clock until the resend delay of a request that was just sent is over. */
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
    takeLease,
    noteSending,
    createSent,
    read,
    createUnknown,
    createSettled,
    leaseAgain,
    passDelay,
    states: async (key?: RequestKey) => (await read(key)).records.map(({ state }) => state),
    /**
     * A gateway that treats all other gateways as ended. On PostgreSQL it has its own connections. A SQLite folder can
     * have only one gateway, so there it shares the database of this one.
     */
    successor: () =>
      new SqlPayoutRecords(
        overrideDatabase('url' in config ? open() : database, { aliveOwners: () => Promise.resolve([]) }),
      ),
  };
}
