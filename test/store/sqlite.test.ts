import { copyFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { StoreUnavailable } from '../../src/errors/gateway-errors.ts';
import { DuplicateValue, StoreProblem } from '../../src/store/database.ts';
import { SqlPayoutRecords } from '../../src/store/payout-records.ts';
import { openSqlite } from '../../src/store/sqlite.ts';
import { freshFolder, opened } from '../support/stores.ts';
import { delayMs, newRequest, recording, remainingMs } from './recording.ts';

it('what is written is on disk before it counts, and nobody else can read it', async () => {
  const folder = join(await freshFolder(), 'made');
  const database = opened({ folder });
  expect(await database.run({ sql: 'PRAGMA journal_mode' })).toEqual([[{ journal_mode: 'wal' }]]);
  const full = [[{ synchronous: 2 }]];
  expect(await database.run({ sql: 'PRAGMA synchronous' })).toEqual(full);
  await database.runLoosely({ sql: 'CREATE TABLE t (a TEXT UNIQUE)' });
  await expect(database.runLoosely({ sql: 'no SQL' })).rejects.toThrow(StoreUnavailable);
  expect(await database.run({ sql: 'PRAGMA synchronous' })).toEqual(full);
  for (const [path, mode] of [
    ['', 0o700],
    ['payouts.db', 0o600],
    ['payouts.db-wal', 0o600],
  ] as const)
    expect((await stat(join(folder, path))).mode & 0o777).toBe(mode);
});

it('a transaction that fails leaves nothing behind', async () => {
  const database = opened({ folder: await freshFolder() });
  await database.run({ sql: 'CREATE TABLE t (a TEXT UNIQUE)' });
  const insert = (value: string) => ({ sql: 'INSERT INTO t VALUES ($1)', values: [value] });
  await expect(database.run(insert('a'), insert('a'))).rejects.toThrow(DuplicateValue);
  await expect(database.run(insert('b'), { sql: 'no SQL' })).rejects.toThrow(StoreUnavailable);
  expect(await database.run({ sql: 'SELECT * FROM t' })).toEqual([[]]);
});

it('a folder has one gateway, which lets go of it when it closes', async () => {
  const folder = await freshFolder();
  const first = opened({ folder });
  const owner = await first.owner();
  expect(await first.living([owner, 'another'])).toEqual([owner]);
  const beside = openSqlite(folder, { asGateway: false });
  // It cannot tell, so everybody may be alive.
  expect(await beside.living([owner, 'another'])).toEqual([owner, 'another']);
  await beside.close();
  await first.close();
  const next = opened({ folder });
  expect(await next.living([owner])).toEqual([]);
});

it('a command makes no store where there is none', async () => {
  const folder = await freshFolder();
  expect(() => openSqlite(folder, { asGateway: false })).toThrow(StoreProblem);
});

it('transactions that are asked for together share a write, and one that fails takes no other with it', async () => {
  const database = opened({ folder: await freshFolder() });
  await database.run({ sql: 'CREATE TABLE t (a TEXT UNIQUE)' });
  const insert = (value: string) => ({ sql: 'INSERT INTO t VALUES ($1) RETURNING a', values: [value] });
  const answers = await Promise.allSettled([
    database.run(insert('a')),
    database.run(insert('b'), insert('a')),
    database.run(insert('c'), { sql: 'no SQL' }),
    database.runLoosely(insert('d')),
  ]);
  expect(answers).toMatchObject([
    { value: [[{ a: 'a' }]] },
    { reason: { name: 'DuplicateValue' } },
    { reason: { name: 'StoreUnavailable' } },
    { value: [[{ a: 'd' }]] },
  ]);
  expect(await database.run({ sql: 'SELECT a FROM t ORDER BY a' })).toEqual([[{ a: 'a' }, { a: 'd' }]]);
});

it('what is under way when it closes is written, and what comes later is not', async () => {
  const folder = await freshFolder();
  const database = opened({ folder });
  const made = database.run({ sql: 'CREATE TABLE t (a TEXT)' });
  await database.close();
  await made;
  await expect(database.run({ sql: 'SELECT 1' })).rejects.toThrow(StoreUnavailable);
  expect(await opened({ folder }).run({ sql: 'SELECT a FROM t' })).toEqual([[]]);
});

const noted = { sql: 'SELECT identity, complete_from <= store_now() AS complete FROM lean_payout_store' };

/** A store that is complete and closed. */
async function closedStore() {
  const recorded = await recording('SQLite', { lossWindowMs: delayMs });
  const { clock, config, database } = recorded;
  clock.ms += delayMs;
  const [[row] = []] = await database.run(noted);
  await database.close();
  const folder = 'folder' in config ? config.folder : '';
  const file = join(folder, 'payouts.db');
  return {
    ...recorded,
    folder,
    identity: row?.['identity'],
    /** Puts a copy in the place of the file. */
    async replace(): Promise<void> {
      await copyFile(file, `${file}.copy`);
      await rename(`${file}.copy`, file);
    },
  };
}

it('a file that is opened again is the same store', async () => {
  const { identity, open } = await closedStore();
  expect(await open().run(noted)).toEqual([[{ identity, complete: 1 }]]);
});

it('a copy in the place of a store is noted as another store, which is complete one resend delay later', async () => {
  const { identity, replace, clock, open } = await closedStore();
  await replace();
  const database = open();
  const [[row] = []] = await database.run(noted);
  expect(row).toEqual({ identity: expect.not.stringMatching(String(identity)) as string, complete: 0 });
  clock.ms += delayMs - 1;
  expect(await database.run(noted)).toMatchObject([[{ complete: 0 }]]);
  clock.ms += 1;
  expect(await database.run(noted)).toMatchObject([[{ complete: 1 }]]);
});

it('a first send from a copy in the place of a store looks first', async () => {
  const { replace, open, clock, permit } = await closedStore();
  await replace();
  const records = new SqlPayoutRecords(open());
  const reserved = await records.reserve(newRequest());
  if (!('lease' in reserved)) throw new Error('the key is taken');
  const stamp = { remainingMs, leanNow: clock.ms };
  expect(await records.noteSending(reserved.lease, stamp, permit())).toBe('look first');
});

it('a command that sends nothing does not note which store it is', async () => {
  const { identity, replace, folder } = await closedStore();
  await replace();
  const beside = openSqlite(folder, { asGateway: false });
  expect(await beside.run(noted)).toMatchObject([[{ identity }]]);
  await beside.close();
});
