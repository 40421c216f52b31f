import { describe, expect, it } from 'vitest';
import type { PayoutRequest } from '../../src/payouts/creation/payout-record.ts';
import type { SqlPayoutEvidence } from '../../src/store/payout-evidence.ts';
import { keyOf, transfer } from '../support/creating.ts';
import { openCrowd } from '../support/open-crowd.ts';
import { stores } from '../support/stores.ts';
import {
  created,
  delayMs,
  hour,
  minute,
  newRequest,
  recording,
  rejected,
  remainingMs,
  response,
} from './recording.ts';

/** The records that a request under `key` is compared with. */
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

describe.each(stores)('payout evidence (%s)', kind => {
  it('the owner of an intent is the request whose record names it', async () => {
    const { evidence, records, sent } = await recording(kind);
    await records.settle(await sent(keyOf('key-1', 'a'), [transfer(), transfer()]), response, [
      created('i'),
      created('j', 1),
    ]);
    expect(await evidence.owners(['i', 'j', 'unknown'])).toEqual(
      new Map([
        ['i', keyOf('key-1', 'a')],
        ['j', keyOf('key-1', 'a')],
      ]),
    );
    expect(await evidence.owners([])).toEqual(new Map());
  });

  it('an open record of a request that Lean turned away counts once Lean has shown something of the request', async () => {
    const { evidence, records, reconciliation, sent, read } = await recording(kind);
    await records.turnedAway(await sent(keyOf('batch'), [transfer(), transfer()]));
    expect(await otherRecords(evidence, 'itself')).toEqual([]);
    await reconciliation.found(await read(keyOf('batch')), 0, created('i'));
    const found = await otherRecords(evidence, 'itself');
    expect(found.map(({ record }) => record.position)).toContain(1);
  });

  it('the owners of more intents than a statement takes are all found', async () => {
    const { evidence, settled } = await recording(kind);
    await settled('i-0', keyOf('first'));
    await settled('i-1199', keyOf('last'));
    const ids = Array.from({ length: 1200 }, (_, index) => `i-${String(index)}`);
    expect([...(await evidence.owners(ids)).keys()].toSorted()).toEqual(['i-0', 'i-1199']);
  });

  it('a failed intent is its request’s own, too', async () => {
    const { evidence, records, sent } = await recording(kind);
    await records.settle(await sent(), response, [{ ...rejected, rejectedIntentId: 'i' }]);
    expect(await evidence.owners(['i'])).toEqual(new Map([['i', keyOf('key-1')]]));
  });

  it('the open records are those of other requests that Lean may have taken or is being sent', async () => {
    const { evidence, records, unknown, sent, settled, lease } = await recording(kind);
    await unknown(keyOf('unknown'), [transfer(), transfer(undefined, { externalReference: 'second' })]);
    await sent(keyOf('in flight'));
    await settled('i', keyOf('settled'));
    await records.turnedAway(await sent(keyOf('turned away')));
    await lease(keyOf('reserved'));
    await unknown(keyOf('itself'));
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

  it('an open record that is leased to be sent again is open once', async () => {
    const { evidence, unknown, passDelay, leaseAgain } = await recording(kind);
    const request = await unknown();
    passDelay();
    await leaseAgain(request);
    expect(await otherRecords(evidence, 'another')).toMatchObject([
      { idempotencyKey: 'key-1', inFlight: true },
    ]);
  });

  it('an open record with the same reference is found however many others there are', async () => {
    const { evidence, database, unknown } = await recording(kind);
    await unknown(keyOf('like'), [transfer(undefined, { externalReference: 'like' })]);
    await openCrowd(database, 'like', 5000);
    await unknown(keyOf('sharing'));
    const others = await evidence.otherRecords(requestOf('itself'), 0);
    expect(others.records).toContainEqual(expect.objectContaining({ idempotencyKey: 'sharing' }));
    expect(others.isWhole).toBe(false);
  });

  it('the other records are all of them where they are few', async () => {
    const { evidence, unknown } = await recording(kind);
    await unknown();
    expect(await evidence.otherRecords(requestOf('itself'), 0)).toMatchObject({
      isWhole: true,
      records: [{}],
    });
  });

  it('a settled record with the same reference may own a second payout', async () => {
    const { evidence, settled } = await recording(kind);
    await settled('i', keyOf('settled'));
    expect(await otherRecords(evidence, 'itself')).toMatchObject([{ idempotencyKey: 'settled' }]);
    expect(await otherRecords(evidence, 'itself', ['another-reference'])).toEqual([]);
  });

  it('a settled record that was asked for before the window counts where it was sent again', async () => {
    const { clock, evidence, records, settled, unknown, passDelay, leaseAgain, noteSending } =
      await recording(kind);
    await settled('once', keyOf('sent once'));
    const request = await unknown(keyOf('sent twice'));
    passDelay();
    const lease = await leaseAgain(request);
    await noteSending(lease);
    await records.settle(lease, response, [created('twice')]);
    const later = clock.ms + 5 * 86_400_000;
    const { records: others } = await evidence.otherRecords(requestOf('itself'), later);
    expect(others.map(({ idempotencyKey }) => idempotencyKey)).toEqual(['sent twice']);
  });

  it('a record counts whatever Lean application it names: a client id may be replaced for the same account', async () => {
    const { evidence, database, unknown, settled } = await recording(kind);
    await unknown(keyOf('unknown'));
    await settled('i', keyOf('settled'));
    for (const application of ["'another'", 'NULL']) {
      await database.run({ sql: `UPDATE lean_payout_requests SET application = ${application}` });
      const named = (await otherRecords(evidence, 'itself')).map(({ idempotencyKey }) => idempotencyKey);
      expect(named.toSorted()).toEqual(['settled', 'unknown']);
    }
  });

  it('a reference payout is one that was created with a single send within a window of Lean’s time', async () => {
    const { clock, evidence, settled } = await recording(kind);
    clock.leanAheadMs = minute;
    await settled('i');
    const sentAt = clock.ms + clock.leanAheadMs;
    const until = sentAt + remainingMs;
    const within = (from: number, to: number) => evidence.referencePayout('test', { from, to });
    expect(await within(sentAt, until)).toMatchObject({ intentId: 'i', state: 'created' });
    expect(await within(0, Number.MAX_SAFE_INTEGER)).toMatchObject({ intentId: 'i' });
    expect(await within(sentAt + 1, until)).toBeUndefined();
    expect(await within(sentAt, until - 1)).toBeUndefined();
    expect(await within(until, sentAt)).toBeUndefined();
  });

  it('a reference payout is the newest of several', async () => {
    const { clock, evidence, settled } = await recording(kind);
    for (const intentId of ['i', 'j', 'k']) {
      await settled(intentId, keyOf(intentId));
      clock.ms += minute;
    }
    expect(await evidence.referencePayout('test', { from: 0, to: clock.ms })).toMatchObject({
      intentId: 'k',
    });
  });

  it('a payout of another application, one without Lean’s time, and one that is not created are no reference', async () => {
    const { clock, evidence, records, lease, noteSending, sent, unknown } = await recording(kind);
    const other = await records.reserve({ ...newRequest(keyOf('other')), application: 'another' });
    if (!('lease' in other)) throw new Error('the key is taken');
    await noteSending(other.lease);
    await records.settle(other.lease, response, [created('i')]);
    const untimed = await lease(keyOf('untimed'));
    await noteSending(untimed, { leanNow: undefined });
    await records.settle(untimed, response, [created('j')]);
    await records.settle(await sent(keyOf('rejected')), response, [{ ...rejected, rejectedIntentId: 'k' }]);
    await unknown(keyOf('unknown'));
    const window = { from: 0, to: clock.ms + hour };
    expect(await evidence.referencePayout('test', window)).toBeUndefined();
    expect(await evidence.referencePayout('another', window)).toMatchObject({ intentId: 'i' });
  });

  it('a payout that was sent twice is no reference', async () => {
    const { clock, evidence, records, unknown, passDelay, leaseAgain, noteSending } = await recording(kind);
    const request = await unknown();
    passDelay();
    const again = await leaseAgain(request);
    await noteSending(again);
    await records.settle(again, response, [created('i')]);
    const window = { from: 0, to: clock.ms + delayMs };
    expect(await evidence.referencePayout('test', window)).toBeUndefined();
  });
});
