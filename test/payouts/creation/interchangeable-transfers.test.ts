import { expect, it } from 'vitest';
import type { Decimal } from '../../../src/payouts/values/decimal.ts';
import type { Transfer } from '../../../src/payouts/creation/transfer.ts';
import { defaultBehaviour, startFakeLean, type FakeLeanBehaviour } from '../../support/fake-lean.ts';
import { freshStore, openTestStore } from '../../support/stores.ts';
import { createTestCore, transfer } from '../../support/test-core.ts';

/** A batch whose transfers have these amounts, and the destination of `transfer()`. */
function batchOf(amounts: readonly string[]): readonly Transfer[] {
  return amounts.map(amount => ({
    ...transfer(undefined, { amount: { amount: amount as Decimal, currency: 'AED' } }),
    externalReference: null,
  }));
}

/** Creates a batch at a Lean, and counts the Lean calls after the creation. */
async function createBatch(transfers: readonly Transfer[], behaviour: Partial<FakeLeanBehaviour> = {}) {
  const { lean, url } = await startFakeLean(Date.now);
  lean.behaviour = { ...defaultBehaviour, ...behaviour };
  const calls: string[] = [];
  const core = createTestCore(url, openTestStore(await freshStore('SQLite')), {
    lean: { onCall: ({ operation }) => calls.push(operation) },
  });
  const answer = await core.createAll('batch', transfers);
  const intents = lean.payouts.map(({ intentId }) => intentId);
  const created = answer.kind === 'batch' ? answer.created.map(({ intentId }) => intentId) : answer.kind;
  return { created, intents, calls };
}

const same = ['10.00', '10.00', '10.00'];

it.each([
  ['as it sent them', 'as sent'],
  ['in another order', 'reversed'],
] as const)(
  'each transfer of a batch gets its own payout if Lean answers equal transfers %s',
  async (_order, answerOrder) => {
    const { created, intents, calls } = await createBatch(batchOf(same), { answerOrder });
    expect(created).toEqual(intents);
    expect(calls).toEqual(['createPayoutPayment', ...Array<string>(3).fill('getPayoutIntent')]);
  },
);

it('only the intents of transfers are read whose answers Lean may have exchanged', async () => {
  const { created, intents, calls } = await createBatch(batchOf(['10.00', '20.00', '30.00']));
  expect(created).toEqual(intents);
  expect(calls).toEqual(['createPayoutPayment']);
});

it.each([
  ['has no references', { references: 'dropped' }],
  ['has no call for intents', { hasIntentEndpoint: false }],
] as const)('the order of the answer counts at a Lean that %s', async (_lack, behaviour) => {
  const { created, intents } = await createBatch(batchOf(same), behaviour);
  expect(created).toEqual(intents);
});

it('the outcome is unknown if the order is wrong, and not every intent can be read', async () => {
  const { created } = await createBatch(batchOf(same), { answerOrder: 'reversed', unreadableIntents: 1 });
  expect(created).toBe('unknown');
});
