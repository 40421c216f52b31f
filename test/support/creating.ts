import type { LeanClientOptions } from '../../src/lean/client.ts';
import { LostPayouts } from '../../src/payouts/lost-payouts.ts';
import { PayoutCreation, type PayoutCreationOptions } from '../../src/payouts/create.ts';
import type { Decimal } from '../../src/payouts/decimal.ts';
import { PayoutLists } from '../../src/payouts/payout-list.ts';
import { PayoutReads } from '../../src/payouts/payout-reads.ts';
import type { Transfer } from '../../src/payouts/transfer.ts';
import { UnknownOutcomes, type UnknownOutcomesOptions } from '../../src/payouts/unknown-outcomes.ts';
import { accounts, destinations } from '../../src/sandbox/named.ts';
import type { Database } from '../../src/store/database.ts';
import { SqlPayoutRecords } from '../../src/store/payout-records.ts';
import { clientTo } from '../lean/wiring.ts';

/** A transfer that the sandbox pays. */
export function transfer(
  destinationId: string = destinations.pays,
  change: Partial<Transfer> = {},
): Transfer {
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

export function keyOf(idempotencyKey: string, caller = '') {
  return { caller, idempotencyKey };
}

export type CreatingOptions = Partial<PayoutCreationOptions> & {
  readonly lean?: Partial<LeanClientOptions>;
  readonly outcomes?: Partial<UnknownOutcomesOptions>;
};

/** The payouts core between a Lean and a store, with nothing to wait for that need not be. */
export function creatingAt(leanUrl: string, database: Database, options: CreatingOptions = {}) {
  const { lean, outcomes, ...rest } = options;
  const client = clientTo(leanUrl, lean);
  const records = rest.records ?? new SqlPayoutRecords(database, rest.now);
  const lost = new LostPayouts(new PayoutLists(client), new PayoutReads(client), records);
  const creation = new PayoutCreation({ client, records, lost, settlingMs: 0, ...rest });
  const unknown = new UnknownOutcomes({
    client,
    records,
    lost,
    retentionDays: 90,
    ...(rest.now && { now: rest.now }),
    ...outcomes,
  });
  return {
    client,
    records,
    lost,
    creation,
    outcomes: unknown,
    create: (idempotencyKey: string, wanted: Transfer = transfer()) =>
      creation.createPayout(keyOf(idempotencyKey), wanted),
    createAll: (idempotencyKey: string, wanted: readonly Transfer[]) =>
      creation.createPayouts(keyOf(idempotencyKey), wanted),
  };
}
