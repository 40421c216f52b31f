import { expect, it } from 'vitest';
import type { CreatedTransfer } from '../../../src/payouts/creation/created-transfer.ts';
import { sortByReference } from '../../../src/payouts/creation/interchangeable-transfers.ts';
import type { PayoutIntent } from '../../../src/payouts/payout-intent.ts';
import type { Decimal } from '../../../src/payouts/values/decimal.ts';
import type { Transfer } from '../../../src/payouts/creation/transfer.ts';
import { defaultBehaviour, startFakeLean, type FakeLeanBehaviour } from '../../support/fake-lean.ts';
import { freshStore, openTestStore } from '../../support/stores.ts';
import { createTestCore, transfer, transfers } from '../../support/test-core.ts';

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
  ['in their order', 'as sent'],
  ['in another order', 'reversed'],
] as const)(
  'each of several equal transfers of a batch gets its own payout if Lean answers them %s',
  async (_order, answerOrder) => {
    const { created, intents, calls } = await createBatch(batchOf(same), { answerOrder });
    expect(created).toEqual(intents);
    expect(calls).toEqual(['createPayoutPayment', ...Array<string>(3).fill('getPayoutIntent')]);
  },
);

it('no intent is read if no two transfers of a batch have the same destination and amount', async () => {
  const { created, intents, calls } = await createBatch(batchOf(['10.00', '20.00', '30.00']));
  expect(created).toEqual(intents);
  expect(calls).toEqual(['createPayoutPayment']);
});

it.each([
  ['has no references', { references: 'dropped' }],
  ['has no call for intents', { hasIntentEndpoint: false }],
] as const)(
  'equal transfers get the payouts in the order of the answer if Lean %s',
  async (_lack, behaviour) => {
    const { created, intents } = await createBatch(batchOf(same), behaviour);
    expect(created).toEqual(intents);
  },
);

it('the outcome is unknown if the answer has another order, and not every intent can be read', async () => {
  const { created } = await createBatch(batchOf(same), { answerOrder: 'reversed', unreadableIntents: 1 });
  expect(created).toBe('unknown');
});

it('the outcome is unknown if two intents have the reference of the same transfer', async () => {
  const pair = transfers(2);
  const answers = ['intent-1', 'intent-2'].map(intentId => ({ intentId }) as CreatedTransfer);
  const sort = (...references: readonly number[]) =>
    sortByReference(answers, pair, [0, 1], intentId => {
      const reference = references[answers.findIndex(answer => answer.intentId === intentId)] ?? 0;
      return Promise.resolve({ externalReference: pair[reference]?.externalReference } as PayoutIntent);
    });
  expect(await sort(0, 0)).toBeUndefined();
  expect(await sort(1, 1)).toBeUndefined();
  expect(await sort(1, 0)).toMatchObject([{ intentId: 'intent-2' }, { intentId: 'intent-1' }]);
});
