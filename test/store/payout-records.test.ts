import { describe, expect, it } from 'vitest';
import type { PayoutCreated, PayoutRejected } from '../../src/payouts/creation-answer.ts';
import type { Decimal } from '../../src/payouts/decimal.ts';
import { fingerprintOf, type Claim, type PayoutRequest } from '../../src/payouts/payout-record.ts';
import type { Transfer } from '../../src/payouts/transfer.ts';
import type { Statement } from '../../src/store/database.ts';
import { SqlPayoutRecords } from '../../src/store/payout-records.ts';
import { keyOf, transfer } from '../support/creating.ts';
import { freshStore, opened, stores } from '../support/stores.ts';

const word = { status: 200, contentType: 'application/json', body: '{ "as": "it came" }' };

function created(intentId: string, transferIndex = 0): PayoutCreated {
  return {
    kind: 'created',
    idempotencyKey: 'key-1',
    transferIndex,
    intentId,
    payoutId: `intent:${intentId}`,
    state: { status: 'CREATED', leanStatus: 'CREATED' },
    amount: transfer().amount,
    sender: null,
    recipient: null,
    traceId: null,
  };
}

const rejected: PayoutRejected = {
  kind: 'rejected',
  code: 'REJECTED_BY_LEAN',
  message: 'No.',
  field: null,
  leanCode: null,
  rejectedIntentId: null,
  idempotencyKey: 'key-1',
  transferIndex: null,
};

describe.each(stores)('records (%s)', kind => {
  async function start() {
    const config = await freshStore(kind);
    const clock = { ms: Date.parse('2026-03-01T00:00:00Z') };
    const database = opened(config);
    const records = new SqlPayoutRecords(database, () => clock.ms);
    const reserve = (transfers: readonly Transfer[] = [transfer()], caller = '') =>
      records.reserve({ ...keyOf('key-1', caller), fingerprint: fingerprintOf(transfers), transfers });
    const claimOf = async (...args: Parameters<typeof reserve>): Promise<Claim> => {
      const reserved = await reserve(...args);
      if ('claim' in reserved) return reserved.claim;
      throw new Error('the key is taken');
    };
    const there = async (): Promise<PayoutRequest> => {
      const request = await records.read(keyOf('key-1'));
      if (request === undefined) throw new Error('there is no such record');
      return request;
    };
    const states = async () => (await there()).records.map(({ state }) => state);
    const lost = async (): Promise<PayoutRequest> => {
      const claim = await claimOf();
      await records.sending(claim);
      await records.lose(claim);
      return there();
    };
    return { config, clock, database, records, reserve, claimOf, there, states, lost };
  }

  it('give back what was asked for to the letter', async () => {
    const { claimOf, there } = await start();
    const transfers = [
      transfer(undefined, { amount: { amount: '9007199254740993.0100' as Decimal, currency: 'AED' } }),
      transfer(undefined, {
        description: 'دفعة 🚚',
        externalReference: 'it\'s; -- a "name"',
        authorize: false,
      }),
    ];
    await claimOf(transfers);
    expect((await there()).records.map(each => each.transfer)).toEqual(transfers);
  });

  it('take a hundred transfers, and nothing of another batch under a taken key', async () => {
    const { claimOf, reserve, there } = await start();
    const batch = Array.from({ length: 100 }, (_, index) =>
      transfer(undefined, { externalReference: `r-${String(index)}` }),
    );
    await claimOf(batch);
    for (const other of [batch.slice(0, 3), [...batch, transfer()]])
      expect(await reserve(other)).toMatchObject({ request: { fingerprint: fingerprintOf(batch) } });
    expect((await there()).records.map(each => each.transfer)).toEqual(batch);
  });

  it('give one of many at once the right to send', async () => {
    const { config, database } = await start();
    const others = [database, 'url' in config ? opened(config) : database].map(
      each => new SqlPayoutRecords(each),
    );
    const reserved = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        others[index % 2]?.reserve({ ...keyOf('key-1'), fingerprint: 'f', transfers: [transfer()] }),
      ),
    );
    expect(reserved.filter(each => each !== undefined && 'claim' in each)).toHaveLength(1);
  });

  it('keep callers apart', async () => {
    const { reserve } = await start();
    expect(await reserve(undefined, 'a')).toHaveProperty('claim');
    expect(await reserve(undefined, 'b')).toHaveProperty('claim');
    expect(await reserve(undefined, 'a')).toHaveProperty('request');
  });

  it('free a key that was never sent, and leave unknown one that may have been', async () => {
    const { records, claimOf, states, lost } = await start();
    await records.release(await claimOf());
    expect(await records.read(keyOf('key-1'))).toBeUndefined();
    const again = await records.reserveAgain(await lost());
    expect(await states()).toEqual(['reserved']);
    await records.release(again as Claim);
    expect(await states()).toEqual(['unknown']);
  });

  it('let nobody send by a claim that is no longer good', async () => {
    const { records, claimOf } = await start();
    const claim = await claimOf();
    await records.release(claim);
    expect(await records.sending(claim)).toBe(false);
  });

  it('let one of many send again, and none once any of it has been found', async () => {
    const { records, lost, there } = await start();
    const request = await lost();
    const claims = await Promise.all(Array.from({ length: 20 }, () => records.reserveAgain(request)));
    const [claim, ...more] = claims.filter(each => each !== undefined);
    expect(more).toEqual([]);
    await records.lose(claim as Claim);
    await records.found(request, created('i'));
    expect(await records.reserveAgain(await there())).toBeUndefined();
  });

  it('hold Lean’s word for good', async () => {
    const { records, claimOf, there } = await start();
    const claim = await claimOf();
    await records.sending(claim);
    expect(await records.settle(claim, word, [created('i')])).toBe('recorded');
    expect(await there()).toMatchObject({
      underWay: false,
      leanWord: word,
      records: [{ state: 'created', intentId: 'i', answer: created('i') }],
    });
    expect(await records.settle(claim, word, [rejected])).toBe('overtaken');
    expect(await records.found(keyOf('key-1'), created('j'))).toBe(false);
    expect((await there()).records).toMatchObject([{ state: 'created', intentId: 'i' }]);
  });

  it('believe a refusal only of the attempt that is at it, and a payout of any', async () => {
    const { records, claimOf, states, there } = await start();
    const first = await claimOf();
    await records.sending(first);
    await records.lose(first);
    expect(await records.settle(first, word, [rejected])).toBe('overtaken');
    expect(await states()).toEqual(['unknown']);
    await records.reserveAgain(await there());
    expect(await records.settle(first, word, [created('i')])).toBe('recorded');
    expect(await states()).toEqual(['created']);
  });

  it('look no more for what somebody who was thought dead has settled after all', async () => {
    const { clock, records, claimOf } = await start();
    const claim = await claimOf();
    await records.sending(claim);
    await records.lose(claim);
    expect(await records.settle(claim, word, [created('i')])).toBe('recorded');
    clock.ms += 3_600_000;
    expect(await records.due(5)).toEqual([]);
  });

  it('let nobody send again what Lean turns out to have at the last moment', async () => {
    const { clock, records, claimOf, there } = await start();
    const first = await claimOf();
    await records.sending(first);
    await records.lose(first);
    const again = (await records.reserveAgain(await there())) as Claim;
    await records.settle(first, word, [created('i')]);
    expect(await records.sending(again)).toBe(false);
    await records.release(again);
    clock.ms += 3_600_000;
    expect(await records.due(5)).toEqual([]);
    expect(await there()).toMatchObject({ underWay: false, records: [{ state: 'created' }] });
  });

  it('raise an alarm when Lean has two payouts for a key', async () => {
    const { records, lost, states } = await start();
    const second = (await records.reserveAgain(await lost())) as Claim;
    await records.sending(second);
    await records.settle(second, word, [created('i')]);
    expect(await records.settle(second, word, [created('i')])).toBe('recorded');
    expect(await records.settle(second, word, [created('j')])).toBe('twice');
    expect(await states()).toEqual(['created']);
  });

  it('give a payout of Lean’s to one key alone', async () => {
    const { records, claimOf, lost, states } = await start();
    const other = await claimOf(undefined, 'other');
    await records.sending(other);
    await records.settle(other, word, [created('i')]);
    const request = await lost();
    expect(await records.found(request, created('i'))).toBe(false);
    const claim = (await records.reserveAgain(request)) as Claim;
    await records.sending(claim);
    expect(await records.settle(claim, word, [created('i')])).toBe('foreign');
    expect(await states()).toEqual(['unknown']);
    expect(await records.recordedIntents(['i', 'j'])).toEqual(new Set(['i']));
  });

  it('take several transfers that share an intent', async () => {
    const { records, claimOf, states } = await start();
    const claim = await claimOf([transfer(), transfer()]);
    await records.sending(claim);
    expect(await records.settle(claim, word, [created('i'), created('i', 1)])).toBe('recorded');
    expect(await states()).toEqual(['created', 'created']);
  });

  it('take back what nobody is at, and nothing of the living', async () => {
    const { config, database, records, claimOf, states } = await start();
    const claim = await claimOf();
    await records.sending(claim);
    await records.recover();
    if ('url' in config) await new SqlPayoutRecords(opened(config)).recover();
    expect(await states()).toEqual(['sent']);
    // Records of the same holder that know nothing of the claim: whoever was at it is not any more.
    await new SqlPayoutRecords(database).recover();
    expect(await states()).toEqual(['unknown']);
  });

  it('take back what the dead were at: what they had sent is unknown, the rest is free', async () => {
    const { config, database, claimOf, records } = await start();
    const sent = await claimOf(undefined, 'sent');
    await records.sending(sent);
    await claimOf(undefined, 'reserved');
    await database.close();
    const next = new SqlPayoutRecords(opened(config));
    await next.recover();
    expect((await next.read(keyOf('key-1', 'sent')))?.records).toMatchObject([{ state: 'unknown' }]);
    expect(await next.read(keyOf('key-1', 'reserved'))).toBeUndefined();
  });
});

it('records are read by their indexes, no table from end to end', async () => {
  const database = opened(await freshStore('SQLite'));
  const clock = { ms: Date.parse('2026-03-01T00:00:00Z') };
  const seen = new Map<string, Statement>();
  const watching = new SqlPayoutRecords(
    {
      prepare: () => database.prepare(),
      run: (...statements) => (note(statements), database.run(...statements)),
      runLoosely: (...statements) => (note(statements), database.runLoosely(...statements)),
      announce: () => database.announce(),
      onAnnouncement: listener => {
        database.onAnnouncement(listener);
      },
      holder: () => database.holder(),
      living: holders => database.living(holders),
      close: () => database.close(),
    },
    () => clock.ms,
  );
  const note = (statements: readonly Statement[]): void => {
    for (const statement of statements) seen.set(statement.sql, statement);
  };
  const reserved = await watching.reserve({ ...keyOf('k'), fingerprint: 'f', transfers: [transfer()] });
  const { claim } = reserved as { claim: Claim };
  await watching.sending(claim);
  await watching.lose(claim);
  const request = (await watching.read(keyOf('k'))) as PayoutRequest;
  await watching.postpone(request, { checks: 1, inMs: 0 });
  const again = (await watching.reserveAgain(request)) as Claim;
  await watching.recover();
  await watching.release(again);
  await watching.found(keyOf('k'), created('i'));
  await watching.settle(again, word, [created('i')]);
  await watching.recordedIntents(['i']);
  await watching.due(5);
  await watching.forget(clock.ms);
  for (const unknownOnly of [true, false]) await watching.list({ unknownOnly, since: 0, limit: 5 });
  expect(seen.size).toBeGreaterThan(15);
  for (const { sql, values = [] } of seen.values()) {
    const [plan = []] = await database.run({ sql: `EXPLAIN QUERY PLAN ${sql}`, values });
    for (const { detail } of plan) expect(String(detail), sql).not.toMatch(/^SCAN/);
  }
});
