import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { StoreUnavailable } from '../../src/payouts/errors.ts';
import { DuplicateValue, StoreProblem } from '../../src/store/database.ts';
import { openSqlite } from '../../src/store/sqlite.ts';
import { freshFolder, opened } from '../support/stores.ts';

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
  const holder = await first.holder();
  expect(await first.living([holder, 'another'])).toEqual([holder]);
  const beside = openSqlite(folder, { asGateway: false });
  // It cannot tell, so everybody may be alive.
  expect(await beside.living([holder, 'another'])).toEqual([holder, 'another']);
  await beside.close();
  await first.close();
  const next = opened({ folder });
  expect(await next.living([holder])).toEqual([]);
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
