import type { LeanClientOptions } from '../../src/lean/client.ts';
import { LeanClock } from '../../src/lean/lean-clock.ts';
import type { ReferencedTransfer, Transfer } from '../../src/payouts/creation/transfer.ts';
import { creationServices } from '../../src/payouts/creation/creation-services.ts';
import type { ReconciliationEvents } from '../../src/payouts/creation/outcome-reconciler.ts';
import type { CreationAttemptsOptions } from '../../src/payouts/creation/creation-attempts.ts';
import type { ReconciliationLoopOptions } from '../../src/payouts/creation/reconciliation-loop.ts';
import { ResendRule, type ResendSetting } from '../../src/payouts/creation/resend-rule.ts';
import type { Decimal } from '../../src/payouts/values/decimal.ts';
import { PayoutReads } from '../../src/payouts/payout-reads.ts';
import { accounts, destinations } from '../../src/sandbox/fixtures.ts';
import type { Database } from '../../src/store/database.ts';
import { SqlOperatorRecords } from '../../src/store/operator-records.ts';
import { SqlPayoutEvidence } from '../../src/store/payout-evidence.ts';
import { SqlPayoutRecords } from '../../src/store/payout-records.ts';
import { SqlReconciliationRecords } from '../../src/store/reconciliation-records.ts';
import { clientTo } from '../lean/fixtures.ts';

/** A transfer to a destination that the sandbox pays. */
export function transfer(
  destinationId: string = destinations.pays,
  change: Partial<ReferencedTransfer> = {},
): ReferencedTransfer {
  return {
    accountId: accounts.operating,
    destinationId,
    amount: { amount: '16.50' as Decimal, currency: 'AED' },
    description: 'INV 001',
    externalReference: 'order-1',
    authorize: true,
    ...change,
  };
}

/** The transfers of one request, each with its own external reference. */
export function transfers(count: number): ReferencedTransfer[] {
  return Array.from({ length: count }, (_, index) =>
    transfer(undefined, { externalReference: `order-1.${String(index)}` }),
  );
}

export function keyOf(idempotencyKey: string, caller = '') {
  return { caller, idempotencyKey };
}

export type TestCoreOptions = Partial<Pick<CreationAttemptsOptions, 'records' | 'events' | 'allowance'>> & {
  readonly lean?: Partial<LeanClientOptions>;
  readonly loop?: Partial<ReconciliationLoopOptions>;
  readonly reconciliationEvents?: Partial<ReconciliationEvents>;
  /** The resend delay. @default 600000 ms */
  readonly resendAfter?: ResendSetting;
  readonly application?: string;
  /** The machine's time in epoch ms. @default Date.now */
  readonly now?: () => number;
};

/** A clock that has observed Lean's time, so that no read of it precedes the first payout. */
function observedClock(now: () => number = Date.now): LeanClock {
  const clock = new LeanClock({ monotonic: now, wall: now });
  clock.observe(now());
  return clock;
}

/** Creates the services that create and reconcile payouts, between a Lean and a store. */
export function createTestCore(leanUrl: string, database: Database, options: TestCoreOptions = {}) {
  const { application = 'test', now, events, allowance } = options;
  const client = clientTo(leanUrl, { clock: observedClock(now), ...options.lean });
  const rule = new ResendRule(options.resendAfter ?? 600_000);
  const records = options.records ?? new SqlPayoutRecords(database);
  const reconciliation = new SqlReconciliationRecords(database);
  const evidence = new SqlPayoutEvidence(database);
  const operator = new SqlOperatorRecords(database);
  const reads = new PayoutReads(client);
  const services = creationServices({
    client,
    reads,
    records,
    reconciliation,
    evidence,
    operator,
    rule,
    application,
    retentionDays: 90,
    allowance,
    creationEvents: events ?? {},
    reconciliationEvents: options.reconciliationEvents ?? {},
    ...(options.loop && { loop: options.loop }),
    ...(now && { now }),
  });
  const { creation } = services;
  return {
    client,
    reads,
    records,
    reconciliation,
    evidence,
    operator,
    ...services,
    create: (idempotencyKey: string, input: Transfer = transfer()) =>
      creation.createPayout(keyOf(idempotencyKey), input),
    createAll: (idempotencyKey: string, inputs: readonly Transfer[]) =>
      creation.createPayouts(keyOf(idempotencyKey), inputs),
  };
}
