import { copyFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { StoreUnavailable } from '../../src/errors/gateway-errors.ts';
import { DuplicateValue, StoreConfigError } from '../../src/store/database.ts';
import { SqlPayoutRecords } from '../../src/store/payout-records.ts';
import { openSqlite } from '../../src/store/sqlite.ts';
import { freshFolder, openTestStore } from '../support/stores.ts';
import { delayMs, newRequest, startStore, remainingMs } from './store-fixture.ts';

it('a transaction is synced to disk before it resolves, and other users cannot read the files', async () => {
  const folder = join(await freshFolder(), 'made');
  const database = openTestStore({ folder });
  expect(await database.run({ sql: 'PRAGMA journal_mode' })).toEqual([[{ journal_mode: 'wal' }]]);
  const full = [[{ synchronous: 2 }]];
  expect(await database.run({ sql: 'PRAGMA synchronous' })).toEqual(full);
  await database.runWithoutSync({ sql: 'CREATE TABLE t (a TEXT UNIQUE)' });
  await expect(database.runWithoutSync({ sql: 'no SQL' })).rejects.toThrow(StoreUnavailable);
  expect(await database.run({ sql: 'PRAGMA synchronous' })).toEqual(full);
  for (const [path, mode] of [
    ['', 0o700],
    ['payouts.db', 0o600],
    ['payouts.db-wal', 0o600],
  ] as const)
    expect((await stat(join(folder, path))).mode & 0o777).toBe(mode);
});

it('a transaction that fails changes nothing', async () => {
  const database = openTestStore({ folder: await freshFolder() });
  await database.run({ sql: 'CREATE TABLE t (a TEXT UNIQUE)' });
  const insert = (value: string) => ({ sql: 'INSERT INTO t VALUES ($1)', values: [value] });
  await expect(database.run(insert('a'), insert('a'))).rejects.toThrow(DuplicateValue);
  await expect(database.run(insert('b'), { sql: 'no SQL' })).rejects.toThrow(StoreUnavailable);
  expect(await database.run({ sql: 'SELECT * FROM t' })).toEqual([[]]);
});

it('a folder has one gateway at a time, which releases it when it closes', async () => {
  const folder = await freshFolder();
  const first = openTestStore({ folder });
  const owner = await first.owner();
  expect(await first.aliveOwners([owner, 'another'])).toEqual([owner]);
  const beside = openSqlite(folder, { asGateway: false });
  // A command cannot tell whether a gateway is alive, so every owner may be.
  expect(await beside.aliveOwners([owner, 'another'])).toEqual([owner, 'another']);
  await beside.close();
  await first.close();
  const next = openTestStore({ folder });
  expect(await next.aliveOwners([owner])).toEqual([]);
});

it('a command does not create a store', async () => {
  const folder = await freshFolder();
  expect(() => openSqlite(folder, { asGateway: false })).toThrow(StoreConfigError);
});

it('concurrent transactions share one commit, and a failed one does not affect the others', async () => {
  const database = openTestStore({ folder: await freshFolder() });
  await database.run({ sql: 'CREATE TABLE t (a TEXT UNIQUE)' });
  const insert = (value: string) => ({ sql: 'INSERT INTO t VALUES ($1) RETURNING a', values: [value] });
  const results = await Promise.allSettled([
    database.run(insert('a')),
    database.run(insert('b'), insert('a')),
    database.run(insert('c'), { sql: 'no SQL' }),
    database.runWithoutSync(insert('d')),
  ]);
  expect(results).toMatchObject([
    { value: [[{ a: 'a' }]] },
    { reason: { name: 'DuplicateValue' } },
    { reason: { name: 'StoreUnavailable' } },
    { value: [[{ a: 'd' }]] },
  ]);
  expect(await database.run({ sql: 'SELECT a FROM t ORDER BY a' })).toEqual([[{ a: 'a' }, { a: 'd' }]]);
});

it('a transaction that was requested before the close is written, and a later one rejects', async () => {
  const folder = await freshFolder();
  const database = openTestStore({ folder });
  const creation = database.run({ sql: 'CREATE TABLE t (a TEXT)' });
  await database.close();
  await creation;
  await expect(database.run({ sql: 'SELECT 1' })).rejects.toThrow(StoreUnavailable);
  expect(await openTestStore({ folder }).run({ sql: 'SELECT a FROM t' })).toEqual([[]]);
});

const selectIdentity = {
  sql: 'SELECT identity, complete_from <= store_now() AS complete FROM lean_payout_store',
};

/** A store that is complete and closed. */
async function closedStore() {
  const store = await startStore('SQLite', { lossWindowMs: delayMs });
  const { clock, config, database } = store;
  clock.ms += delayMs;
  const [[row] = []] = await database.run(selectIdentity);
  await database.close();
  const folder = 'folder' in config ? config.folder : '';
  const file = join(folder, 'payouts.db');
  return {
    ...store,
    folder,
    identity: row?.['identity'],
    /** Replaces the file by a copy. */
    async replace(): Promise<void> {
      await copyFile(file, `${file}.copy`);
      await rename(`${file}.copy`, file);
    },
  };
}

it('a file that is opened again has the same identity', async () => {
  const { identity, open } = await closedStore();
  expect(await open().run(selectIdentity)).toEqual([[{ identity, complete: 1 }]]);
});

it('a copy that replaces a store has another identity, and is complete one resend delay later', async () => {
  const { identity, replace, clock, open } = await closedStore();
  await replace();
  const database = open();
  const [[row] = []] = await database.run(selectIdentity);
  expect(row).toEqual({ identity: expect.not.stringMatching(String(identity)) as string, complete: 0 });
  clock.ms += delayMs - 1;
  expect(await database.run(selectIdentity)).toMatchObject([[{ complete: 0 }]]);
  clock.ms += 1;
  expect(await database.run(selectIdentity)).toMatchObject([[{ complete: 1 }]]);
});

it('a first send on a copy that replaces a store requires a read of Lean’s list', async () => {
  const { replace, open, clock, permit } = await closedStore();
  await replace();
  const records = new SqlPayoutRecords(open());
  const reserved = await records.reserve(newRequest());
  if (!('lease' in reserved)) throw new Error('the key is taken');
  const stamp = { remainingMs, leanNow: clock.ms };
  expect(await records.noteSending(reserved.lease, stamp, permit())).toBe('list read required');
});

it('a command does not record the identity of the store', async () => {
  const { identity, replace, folder } = await closedStore();
  await replace();
  const beside = openSqlite(folder, { asGateway: false });
  expect(await beside.run(selectIdentity)).toMatchObject([[{ identity }]]);
  await beside.close();
});
