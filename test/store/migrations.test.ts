import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { StoreConfigError, type Database } from '../../src/store/database.ts';
import type { StoreConfig } from '../../src/store/open.ts';
import { SqlPayoutEvents } from '../../src/store/payout-events.ts';
import { SqlPayoutRecords } from '../../src/store/payout-records.ts';
import { query } from '../support/postgres.ts';
import { freshStore, openTestStore, storeKinds } from '../support/stores.ts';
import { keyOf } from '../support/test-core.ts';
import { startStore } from './store-fixture.ts';

const createVersionTable = 'CREATE TABLE lean_payouts_schema (version INTEGER NOT NULL)';

async function versionsOf(database: Database): Promise<unknown> {
  const [rows] = await database.run({ sql: 'SELECT version FROM lean_payouts_schema' });
  return rows;
}

/** Runs statements on a store that no gateway has opened. */
async function runBefore(config: StoreConfig, statements: readonly string[]): Promise<void> {
  if ('url' in config) {
    for (const sql of statements) await query(config.url, sql);
    return;
  }
  const file = new DatabaseSync(join(config.folder, 'payouts.db'));
  for (const sql of statements) file.exec(sql);
  file.close();
}

describe.each(storeKinds)('the tables on %s', kind => {
  it('a new store has version 1', async () => {
    const { database } = await startStore(kind);
    expect(await versionsOf(database)).toEqual([{ version: 1 }]);
  });

  it('a second start keeps the version, the records and the name of the store', async () => {
    const { database, open, createUnknown, read } = await startStore(kind);
    await createUnknown();
    const request = await read();
    const { store } = await new SqlPayoutEvents(database, 'test').publishedAfter(0, 1);
    await database.close();
    const again = open();
    expect(await versionsOf(again)).toEqual([{ version: 1 }]);
    expect(await new SqlPayoutRecords(again).read(keyOf('key-1'))).toEqual(request);
    expect(await new SqlPayoutEvents(again, 'test').publishedAfter(0, 1)).toMatchObject({ store });
  });

  it('a store of an older version gets the later versions, and keeps what it has', async () => {
    const config = await freshStore(kind);
    await runBefore(config, [
      createVersionTable,
      'INSERT INTO lean_payouts_schema (version) VALUES (0)',
      'CREATE TABLE earlier (value TEXT)',
      "INSERT INTO earlier (value) VALUES ('kept')",
    ]);
    const database = openTestStore(config);
    expect(await database.run({ sql: 'SELECT value FROM earlier' })).toEqual([[{ value: 'kept' }]]);
    expect(await versionsOf(database)).toEqual([{ version: 1 }]);
    expect(await new SqlPayoutRecords(database).read(keyOf('key-1'))).toBeUndefined();
  });

  it('a store of a newer version is refused and not changed', async () => {
    const config = await freshStore(kind);
    await runBefore(config, [createVersionTable, 'INSERT INTO lean_payouts_schema (version) VALUES (2)']);
    const migrate = async () => openTestStore(config).migrate();
    const error: unknown = await migrate().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StoreConfigError);
    expect((error as StoreConfigError).message).toBe(
      'its tables have version 2, created by a newer version of this program; accepted: a store of version 1 or older.',
    );
    // The tables would exist if the refusal had come too late.
    await runBefore(config, ['CREATE TABLE lean_payout_requests (caller TEXT)']);
  });
});
