import { expect, it } from 'vitest';
import { LeanNotSent } from '../../../src/errors/lean-errors.ts';
import { failureOf, startLean, unusedAddress } from '../../lean/fixtures.ts';
import { openEmptyStore, storeKinds } from '../../support/stores.ts';
import { createTestCore, keyOf, type TestCoreOptions } from '../../support/test-core.ts';

const delayMs = 600_000;

/** A gateway on a store that may lack records, because it is new. */
async function startOnNewStore(leanUrl: string, options: TestCoreOptions = {}) {
  const { database } = await openEmptyStore('SQLite', Date.now, { lossWindowMs: delayMs });
  return createTestCore(leanUrl, database, options);
}

it.each(storeKinds)('a first payout on a new store is sent after Lean’s list was read (%s)', async kind => {
  const lean = await startLean();
  const { database } = await openEmptyStore(kind, Date.now, { lossWindowMs: delayMs });
  expect(await createTestCore(lean.url, database).create('key-1')).toMatchObject({ kind: 'created' });
  expect(lean.requests.some(({ operation }) => operation === 'listPayouts')).toBe(true);
});

it.each([
  [401, 'LEAN_UNAUTHORIZED', false, "Lean refused the gateway's credentials; nothing was sent."],
  [429, 'LEAN_RATE_LIMITED', true, 'Lean asks for fewer requests; nothing was sent.'],
  [400, 'LEAN_REFUSED', false, 'Lean refused the request; nothing was sent.'],
  [500, 'LEAN_UNAVAILABLE', true, 'Lean failed with an internal error; nothing was sent.'],
])(
  'if Lean answers the list with %i, a first payout on a new store fails with %s and is not sent',
  async (status, code, retryable, message) => {
    const lean = await startLean();
    const { create, records } = await startOnNewStore(lean.url);
    lean.faults.add({ kind: 'status', status, operation: 'listPayouts' });
    const error = await failureOf(create('key-1'));
    expect(error).toBeInstanceOf(LeanNotSent);
    expect(error).toMatchObject({ code, message, details: { httpStatus: status, retryable } });
    expect(lean.requests.some(({ operation }) => operation === 'createPayoutPayment')).toBe(false);
    expect(await records.read(keyOf('key-1')), 'the key is free').toBeUndefined();
  },
);

it('if Lean does not answer the list in time, a first payout on a new store fails with LEAN_TIMEOUT', async () => {
  const lean = await startLean();
  const { create } = await startOnNewStore(lean.url, { lean: { timeoutMs: 500 } });
  lean.faults.add({ kind: 'stall', operation: 'listPayouts' });
  expect(await failureOf(create('key-1'))).toMatchObject({
    code: 'LEAN_TIMEOUT',
    message: 'Lean did not answer in time; nothing was sent.',
    details: { retryable: true },
  });
});

it('if Lean cannot be reached, a first payout on a new store fails with the cause', async () => {
  const { create } = await startOnNewStore(await unusedAddress());
  expect(await failureOf(create('key-1'))).toMatchObject({
    code: 'LEAN_UNAVAILABLE',
    message: 'Lean cannot be reached; nothing was sent.',
    cause: { code: 'ECONNREFUSED' },
  });
});

it('if Lean’s list proves nothing, a first payout on a new store fails with the finding', async () => {
  const lean = await startLean();
  const { create, reconciliation } = await startOnNewStore(lean.url);
  lean.behaviour.listTotal = 'missing';
  expect(await failureOf(create('key-1'))).toMatchObject({
    code: 'LEAN_UNAVAILABLE',
    message: expect.stringContaining('(list_incomplete)') as string,
    details: { retryable: true },
  });
  await reconciliation.doubtAbsence('test', 'an-intent', 'it was missing');
  expect(await failureOf(create('key-2'))).toMatchObject({
    message: expect.stringContaining('(absence_doubted)') as string,
    details: { retryable: false },
  });
});
