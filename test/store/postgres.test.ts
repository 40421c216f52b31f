import { expect, inject, it, vi } from 'vitest';
import { openPostgres } from '../../src/store/postgres.ts';
import { freshDatabase, query } from '../support/postgres.ts';
import { opened } from '../support/stores.ts';

const fresh = () => freshDatabase(inject('postgresUrl'));

it('gateways that start together make the tables once', async () => {
  const url = await fresh();
  const databases = Array.from({ length: 10 }, () => opened({ url }));
  await Promise.all(databases.map(database => database.prepare()));
  expect(await query(url, 'SELECT version FROM lean_payouts_schema')).toEqual([
    { version: expect.any(Number) },
  ]);
});

it('a gateway is alive to others until it lets go, in its own database only', async () => {
  const url = await fresh();
  const mine = openPostgres(url);
  const others = opened({ url });
  const elsewhere = opened({ url: await fresh() });
  const holder = await mine.holder();
  expect(await mine.holder()).toBe(holder);
  expect(await others.living([holder, 'nobody'])).toEqual([holder]);
  expect(await elsewhere.living([holder])).toEqual([]);
  await mine.close();
  expect(await others.living([holder])).toEqual([]);
});

it('a gateway whose connections are cut is alive again by the same name, and goes on', async () => {
  const url = await fresh();
  const mine = opened({ url });
  const others = opened({ url });
  const holder = await mine.holder();
  await others.prepare();
  await query(
    url,
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()`,
  );
  await vi.waitFor(
    async () => {
      expect(await mine.holder()).toBe(holder);
      expect(await others.living([holder])).toEqual([holder]);
    },
    { timeout: 60_000 },
  );
  expect(await mine.run({ sql: 'SELECT 1 AS one' })).toEqual([[{ one: 1 }]]);
});

it('times come back as numbers', async () => {
  const database = opened({ url: await fresh() });
  expect(await database.run({ sql: 'SELECT CAST(1795509566502 AS BIGINT) AS at' })).toEqual([
    [{ at: 1795509566502 }],
  ]);
});
