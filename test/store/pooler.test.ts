import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { StoreUnavailable } from '../../src/errors/gateway-errors.ts';
import { StoreConfigError } from '../../src/store/database.ts';
import { openPostgres } from '../../src/store/postgres.ts';
import { startPooler, type PoolMode } from '../support/pooler.ts';
import { freshDatabase, query } from '../support/postgres.ts';
import { openTestStore } from '../support/stores.ts';

async function startWithPooler(mode: PoolMode) {
  const url = await freshDatabase(inject('postgresUrl'));
  return { url, pooled: await startPooler(url, mode) };
}

describe('a pooler in session mode', () => {
  it('works, and a gateway is alive until its connections close', async () => {
    const { url, pooled } = await startWithPooler('session');
    const direct = openTestStore({ url });
    const mine = openPostgres({ url: pooled });
    const owner = await mine.owner();
    expect(await mine.run({ sql: 'SELECT 1 AS one' }, { sql: 'SELECT 2 AS two' })).toEqual([
      [{ one: 1 }],
      [{ two: 2 }],
    ]);
    expect(await direct.aliveOwners([owner])).toEqual([owner]);
    await mine.close();
    await expect.poll(() => direct.aliveOwners([owner]), { timeout: 60_000 }).toEqual([]);
  });

  it('does not lose the settings of a connection', async () => {
    const { pooled } = await startWithPooler('session');
    const database = openTestStore({ url: pooled });
    const names = ['synchronous_commit', 'statement_timeout'];
    const rows = await database.run(...names.map(name => ({ sql: `SHOW ${name}` })));
    expect(rows).toEqual([[{ synchronous_commit: 'on' }], [{ statement_timeout: '5s' }]]);
  });
});

describe.each(['transaction', 'transaction with resets'] as const)('a pooler in the mode %s', mode => {
  it('is refused at the start, and nothing is written', async () => {
    const { url, pooled } = await startWithPooler(mode);
    const database = openPostgres({ url: pooled });
    onTestFinished(() => database.close());
    await expect(database.migrate()).rejects.toThrow(StoreConfigError);
    await expect(database.migrate()).rejects.toThrow(/^its server shares sessions between connections/);
    expect(await query(url, "SELECT tablename FROM pg_tables WHERE tablename LIKE 'lean_%'")).toEqual([]);
  });

  it('makes the store unavailable if it is found out later', async () => {
    const { pooled } = await startWithPooler(mode);
    const database = openPostgres({ url: pooled });
    onTestFinished(() => database.close());
    await expect(database.run({ sql: 'SELECT 1 AS one' })).rejects.toThrow(StoreUnavailable);
  });
});
