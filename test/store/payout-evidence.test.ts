import { describe, expect, it } from 'vitest';
import type { PayoutRequest, RequestKey } from '../../src/payouts/creation/payout-record.ts';
import type { IntentOwner } from '../../src/payouts/creation/payout-records.ts';
import type { SqlPayoutEvidence } from '../../src/store/payout-evidence.ts';
import { keyOf, transfer } from '../support/test-core.ts';
import { copyOpenRequest } from '../support/copied-requests.ts';
import { storeKinds } from '../support/stores.ts';
import {
  created,
  delayMs,
  hour,
  minute,
  newRequest,
  startStore,
  rejected,
  remainingMs,
  response,
} from './store-fixture.ts';

/** The other records for a request under `key`. */
async function otherRecords(evidence: SqlPayoutEvidence, key: string, references?: readonly string[]) {
  return (await evidence.otherRecords(requestOf(key, references), 0)).records;
}

function requestOf(key: string, references: readonly string[] = ['order-1']): PayoutRequest {
  const records = references.map((externalReference, position) => ({
    position,
    transfer: transfer(undefined, { externalReference }),
  }));
  return { ...keyOf(key), records } as unknown as PayoutRequest;
}

/** The owner of an intent, whose record has the values of `transfer()`. */
function ownerOf(key: RequestKey): IntentOwner {
  const { destinationId, amount, externalReference } = transfer();
  return { ...key, destinationId, amount, externalReference };
}

describe.each(storeKinds)('payout evidence (%s)', kind => {
  it('the owner of an intent is the request whose record names it', async () => {
    const { evidence, records, createSent } = await startStore(kind);
    await records.settle(await createSent(keyOf('key-1', 'a'), [transfer(), transfer()]), response, [
      created('i'),
      created('j', 1),
    ]);
    expect(await evidence.owners(['i', 'j', 'unknown'])).toEqual(
      new Map([
        ['i', ownerOf(keyOf('key-1', 'a'))],
        ['j', ownerOf(keyOf('key-1', 'a'))],
      ]),
    );
    expect(await evidence.owners([])).toEqual(new Map());
  });

  it('an open record of a turned-away request counts once Lean has shown a payout of the request', async () => {
    const { evidence, records, reconciliation, createSent, read } = await startStore(kind);
    await records.markTurnedAway(await createSent(keyOf('batch'), [transfer(), transfer()]));
    expect(await otherRecords(evidence, 'itself')).toEqual([]);
    await reconciliation.recordFound(await read(keyOf('batch')), 0, created('i'));
    const found = await otherRecords(evidence, 'itself');
    expect(found.map(({ record }) => record.position)).toContain(1);
  });

  it('the owners are found for more intents than one statement can contain', async () => {
    const { evidence, createSettled } = await startStore(kind);
    await createSettled('i-0', keyOf('first'));
    await createSettled('i-1199', keyOf('last'));
    const ids = Array.from({ length: 1200 }, (_, index) => `i-${String(index)}`);
    expect([...(await evidence.owners(ids)).keys()].toSorted()).toEqual(['i-0', 'i-1199']);
  });

  it('a failed intent belongs to its request too', async () => {
    const { evidence, records, createSent } = await startStore(kind);
    await records.settle(await createSent(), response, [{ ...rejected, rejectedIntentId: 'i' }]);
    expect(await evidence.owners(['i'])).toEqual(new Map([['i', ownerOf(keyOf('key-1'))]]));
  });

  it('the open records are those of other requests that Lean may have accepted or that are in flight', async () => {
    const { evidence, records, createUnknown, createSent, createSettled, takeLease } = await startStore(kind);
    await createUnknown(keyOf('unknown'), [transfer(), transfer(undefined, { externalReference: 'second' })]);
    await createSent(keyOf('in flight'));
    await createSettled('i', keyOf('settled'));
    await records.markTurnedAway(await createSent(keyOf('turned away')));
    await takeLease(keyOf('reserved'));
    await createUnknown(keyOf('itself'));
    const open = await otherRecords(evidence, 'itself', ['another-reference']);
    const named = open.map(({ idempotencyKey, record, inFlight }) => [
      idempotencyKey,
      record.position,
      record.transfer.externalReference,
      inFlight,
    ]);
    expect(named.toSorted()).toEqual([
      ['in flight', 0, 'order-1', true],
      ['unknown', 0, 'order-1', false],
      ['unknown', 1, 'second', false],
    ]);
  });

  it('an open record that is leased for a resend is listed once', async () => {
    const { evidence, createUnknown, passDelay, leaseAgain } = await startStore(kind);
    const request = await createUnknown();
    passDelay();
    await leaseAgain(request);
    expect(await otherRecords(evidence, 'another')).toMatchObject([
      { idempotencyKey: 'key-1', inFlight: true },
    ]);
  });

  it('an open record with the same reference is found even if the list of open records is too long', async () => {
    const { evidence, database, createUnknown } = await startStore(kind);
    await createUnknown(keyOf('like'), [transfer(undefined, { externalReference: 'like' })]);
    await copyOpenRequest(database, 'like', 5000);
    await createUnknown(keyOf('sharing'));
    const others = await evidence.otherRecords(requestOf('itself'), 0);
    expect(others.records).toContainEqual(expect.objectContaining({ idempotencyKey: 'sharing' }));
    expect(others.isComplete).toBe(false);
  });

  it('the list of other records is complete if there are few of them', async () => {
    const { evidence, createUnknown } = await startStore(kind);
    await createUnknown();
    expect(await evidence.otherRecords(requestOf('itself'), 0)).toMatchObject({
      isComplete: true,
      records: [{}],
    });
  });

  it('a settled record with the same reference may own a second payout', async () => {
    const { evidence, createSettled } = await startStore(kind);
    await createSettled('i', keyOf('settled'));
    expect(await otherRecords(evidence, 'itself')).toMatchObject([{ idempotencyKey: 'settled' }]);
    expect(await otherRecords(evidence, 'itself', ['another-reference'])).toEqual([]);
  });

  it('a settled record that was requested before the window counts only if it was sent again', async () => {
    const { clock, evidence, records, createSettled, createUnknown, passDelay, leaseAgain, noteSending } =
      await startStore(kind);
    await createSettled('once', keyOf('sent once'));
    const request = await createUnknown(keyOf('sent twice'));
    passDelay();
    const lease = await leaseAgain(request);
    await noteSending(lease);
    await records.settle(lease, response, [created('twice')]);
    const later = clock.ms + 5 * 86_400_000;
    const { records: others } = await evidence.otherRecords(requestOf('itself'), later);
    expect(others.map(({ idempotencyKey }) => idempotencyKey)).toEqual(['sent twice']);
  });

  it('a record counts for every Lean application, because a client id may be replaced for the same account', async () => {
    const { evidence, database, createUnknown, createSettled } = await startStore(kind);
    await createUnknown(keyOf('unknown'));
    await createSettled('i', keyOf('settled'));
    await database.run({ sql: "UPDATE lean_payout_requests SET application = 'another'" });
    const named = (await otherRecords(evidence, 'itself')).map(({ idempotencyKey }) => idempotencyKey);
    expect(named.toSorted()).toEqual(['settled', 'unknown']);
  });

  it('a reference payout was created with a single send within a window of Lean’s time', async () => {
    const { clock, evidence, createSettled } = await startStore(kind);
    clock.leanAheadMs = minute;
    await createSettled('i');
    const sentAt = clock.ms + clock.leanAheadMs;
    const until = sentAt + remainingMs;
    const within = (from: number, to: number) => evidence.referencePayout('test', { from, to });
    expect(await within(sentAt, until)).toMatchObject({ intentId: 'i', state: 'created' });
    expect(await within(0, Number.MAX_SAFE_INTEGER)).toMatchObject({ intentId: 'i' });
    expect(await within(sentAt + 1, until)).toBeUndefined();
    expect(await within(sentAt, until - 1)).toBeUndefined();
    expect(await within(until, sentAt)).toBeUndefined();
  });

  it('a payout that may have been sent earlier under a lost record is a reference payout only for that time', async () => {
    const { clock, database, evidence, createSettled } = await startStore(kind);
    const sentAt = clock.ms + clock.leanAheadMs;
    await createSettled('i');
    await database.run({ sql: `UPDATE lean_payout_requests SET lookback_ms = ${String(5 * minute)}` });
    const since = (from: number) => evidence.referencePayout('test', { from, to: sentAt + hour });
    expect(await since(sentAt - 5 * minute)).toMatchObject({ intentId: 'i' });
    expect(await since(sentAt - 5 * minute + 1)).toBeUndefined();
  });

  it('the reference payout is the newest of several', async () => {
    const { clock, evidence, createSettled } = await startStore(kind);
    for (const intentId of ['i', 'j', 'k']) {
      await createSettled(intentId, keyOf(intentId));
      clock.ms += minute;
    }
    expect(await evidence.referencePayout('test', { from: 0, to: clock.ms })).toMatchObject({
      intentId: 'k',
    });
  });

  it('a payout of another application, without Lean’s time, or not created is not a reference payout', async () => {
    const { clock, evidence, records, takeLease, noteSending, createSent, createUnknown } =
      await startStore(kind);
    const other = await records.reserve({ ...newRequest(keyOf('other')), application: 'another' });
    if (!('lease' in other)) throw new Error('the key is taken');
    await noteSending(other.lease);
    await records.settle(other.lease, response, [created('i')]);
    const untimed = await takeLease(keyOf('untimed'));
    await noteSending(untimed, { leanNow: undefined });
    await records.settle(untimed, response, [created('j')]);
    await records.settle(await createSent(keyOf('rejected')), response, [
      { ...rejected, rejectedIntentId: 'k' },
    ]);
    await createUnknown(keyOf('unknown'));
    const window = { from: 0, to: clock.ms + hour };
    expect(await evidence.referencePayout('test', window)).toBeUndefined();
    expect(await evidence.referencePayout('another', window)).toMatchObject({ intentId: 'i' });
  });

  it('a payout that was sent twice is not a reference payout', async () => {
    const { clock, evidence, records, createUnknown, passDelay, leaseAgain, noteSending } =
      await startStore(kind);
    const request = await createUnknown();
    passDelay();
    const again = await leaseAgain(request);
    await noteSending(again);
    await records.settle(again, response, [created('i')]);
    const window = { from: 0, to: clock.ms + delayMs };
    expect(await evidence.referencePayout('test', window)).toBeUndefined();
  });
});
