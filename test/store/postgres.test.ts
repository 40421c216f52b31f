import pg from 'pg';
import { expect, inject, it, onTestFinished, vi } from 'vitest';
import { StoreUnavailable } from '../../src/errors/gateway-errors.ts';
import { DuplicateValue } from '../../src/store/database.ts';
import { openPostgres } from '../../src/store/postgres.ts';
import { keyOf } from '../support/test-core.ts';
import { freshDatabase, query } from '../support/postgres.ts';
import { openTestStore } from '../support/stores.ts';
import { delayMs, startStore } from './store-fixture.ts';

const fresh = () => freshDatabase(inject('postgresUrl'));

/** Changes a setting of the database for all new sessions. */
async function setForDatabase(url: string, setting: string): Promise<void> {
  await query(url, `ALTER DATABASE ${new URL(url).pathname.slice(1)} SET ${setting}`);
}

/** Reads the sessions that hold a gateway's lock. */
const lockSessions = async (url: string) =>
  query(
    url,
    `SELECT pid, objid::text AS owner FROM pg_locks WHERE locktype = 'advisory' AND granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  );

it('gateways that start at the same time create the tables once', async () => {
  const url = await fresh();
  const databases = Array.from({ length: 10 }, () => openTestStore({ url }));
  await Promise.all(databases.map(database => database.migrate()));
  expect(await query(url, 'SELECT version FROM lean_payouts_schema')).toEqual([
    { version: expect.any(Number) },
  ]);
});

it('a gateway opens as many connections for statements as its pool size', async () => {
  const database = openTestStore({ url: await fresh(), poolSize: 3 });
  const statement = { sql: 'SELECT pg_backend_pid() AS pid FROM pg_sleep(0.01)' };
  // Transactions, because each of them has a connection of its own while it runs.
  const results = await Promise.all(Array.from({ length: 9 }, () => database.run(statement, statement)));
  expect(new Set(results.flat(2).map(({ pid }) => pid)).size).toBe(3);
});

it('a gateway is alive to other gateways of its database until it closes', async () => {
  const url = await fresh();
  const mine = openPostgres({ url });
  const others = openTestStore({ url });
  const elsewhere = openTestStore({ url: await fresh() });
  const owner = await mine.owner();
  expect(await mine.owner()).toBe(owner);
  expect(await others.aliveOwners([owner, 'nobody'])).toEqual([owner]);
  expect(await elsewhere.aliveOwners([owner])).toEqual([]);
  await mine.close();
  expect(await others.aliveOwners([owner])).toEqual([]);
});

it('a gateway whose connections are cut becomes alive again under the same id and continues', async () => {
  const url = await fresh();
  const mine = openTestStore({ url });
  const others = openTestStore({ url });
  const owner = await mine.owner();
  await others.migrate();
  await query(
    url,
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()`,
  );
  await vi.waitFor(
    async () => {
      expect(await mine.owner()).toBe(owner);
      expect(await others.aliveOwners([owner])).toEqual([owner]);
    },
    { timeout: 60_000 },
  );
  expect(await mine.run({ sql: 'SELECT 1 AS one' })).toEqual([[{ one: 1 }]]);
});

it('times are returned as numbers', async () => {
  const database = openTestStore({ url: await fresh() });
  expect(await database.run({ sql: 'SELECT CAST(1795509566502 AS BIGINT) AS at' })).toEqual([
    [{ at: 1795509566502 }],
  ]);
});

it('a transaction changes nothing if one of its statements fails, and its connection is used again', async () => {
  const url = await fresh();
  const database = openTestStore({ url });
  await database.run({ sql: 'CREATE TABLE t (a TEXT UNIQUE)' });
  const insert = (value: string) => ({ sql: 'INSERT INTO t VALUES ($1)', values: [value] });
  await database.run(insert('taken'));
  const connections = async () =>
    (await query(url, 'SELECT pid FROM pg_stat_activity WHERE datname = current_database()')).length;
  const before = await connections();
  for (const run of ['run', 'runWithoutSync'] as const) {
    await expect(database[run](insert('a'), insert('taken'), insert('b'))).rejects.toThrow(DuplicateValue);
    await expect(database[run](insert('a'), { sql: 'no SQL' }, insert('b'))).rejects.toThrow(
      StoreUnavailable,
    );
    expect(await database.run({ sql: 'SELECT * FROM t' })).toEqual([[{ a: 'taken' }]]);
  }
  expect(await connections()).toBe(before);
});

it('a transaction changes nothing if its connection is lost', async () => {
  const url = await fresh();
  const database = openTestStore({ url });
  await database.run({ sql: 'CREATE TABLE t (a TEXT UNIQUE)' });
  const insert = (value: string) => ({ sql: 'INSERT INTO t VALUES ($1)', values: [value] });
  const end = { sql: 'SELECT pg_terminate_backend(pg_backend_pid())' };
  await expect(database.run(insert('a'), end, insert('b'))).rejects.toThrow(StoreUnavailable);
  expect(await database.run({ sql: 'SELECT * FROM t' })).toEqual([[]]);
});

it('a transaction is synced to disk before it resolves, even if the database’s default is not to wait', async () => {
  const url = await fresh();
  await setForDatabase(url, 'synchronous_commit = off');
  expect(await query(url, 'SHOW synchronous_commit')).toEqual([{ synchronous_commit: 'off' }]);
  const database = openTestStore({ url });
  const show = { sql: 'SHOW synchronous_commit' };
  const on = [{ synchronous_commit: 'on' }];
  // Uses all ten connections at once, with a single statement and with a transaction.
  const single = Array.from({ length: 10 }, () => database.run(show));
  expect(await Promise.all(single)).toEqual(single.map(() => [on]));
  const together = Array.from({ length: 10 }, () => database.run(show, show));
  expect(await Promise.all(together)).toEqual(together.map(() => [on, on]));
});

it('runWithoutSync does not wait for the disk, and the next run on that connection does', async () => {
  const database = openTestStore({ url: await fresh() });
  const show = { sql: 'SHOW synchronous_commit' };
  expect(await database.runWithoutSync(show)).toEqual([[{ synchronous_commit: 'off' }]]);
  expect(await database.run(show)).toEqual([[{ synchronous_commit: 'on' }]]);
});

it('a connection on which synchronous_commit cannot be set is not used', async () => {
  const url = await fresh();
  const database = openTestStore({ url });
  const query = pg.Client.prototype.query as (this: pg.Client, ...args: unknown[]) => Promise<never>;
  let refused = 0;
  const setting = vi.spyOn(pg.Client.prototype, 'query').mockImplementation(function (
    this: pg.Client,
    ...args: unknown[]
  ) {
    if (!String(args[0]).startsWith('SET synchronous_commit') || refused > 0) return query.apply(this, args);
    refused += 1;
    return Promise.reject(new Error('the setting is refused'));
  });
  onTestFinished(() => {
    setting.mockRestore();
  });
  await expect(database.run({ sql: 'SELECT 1 AS one' })).rejects.toThrow(StoreUnavailable);
  expect(await database.run({ sql: 'SELECT 1 AS one' })).toEqual([[{ one: 1 }]]);
});

it('a server that ends idle sessions does not end the session that holds a gateway’s lock', async () => {
  const url = await fresh();
  await setForDatabase(url, "idle_session_timeout = '1s'");
  const database = openTestStore({ url });
  await database.owner();
  const before = await lockSessions(url);
  expect(before).toHaveLength(1);
  // Another session that is idle from now on. When the server has ended it, it would have ended the older one as well.
  const idleSession = new pg.Client({ connectionString: url });
  idleSession.on('error', () => undefined);
  const ended = new Promise(resolve => idleSession.once('end', resolve));
  await idleSession.connect();
  await ended;
  expect(await lockSessions(url)).toEqual(before);
});

it('a gateway continues after the server has ended its idle connections', async () => {
  const url = await fresh();
  await setForDatabase(url, "idle_session_timeout = '1s'");
  const database = openTestStore({ url });
  const [[{ pid } = {}] = []] = await database.run({ sql: 'SELECT pg_backend_pid() AS pid' });
  await expect
    .poll(() => query(url, `SELECT pid FROM pg_stat_activity WHERE pid = ${String(pid)}`), {
      timeout: 60_000,
    })
    .toEqual([]);
  expect(await database.run({ sql: 'SELECT 1 AS one' })).toEqual([[{ one: 1 }]]);
});

it('a lost lock is taken again under the same id without a call', async () => {
  const url = await fresh();
  const database = openTestStore({ url });
  const owner = await database.owner();
  const [first] = await lockSessions(url);
  await query(url, `SELECT pg_terminate_backend(${String(first?.['pid'])})`);
  await expect
    .poll(async () => (await lockSessions(url)).filter(({ pid }) => pid !== first?.['pid']), {
      timeout: 60_000,
    })
    .toEqual([{ pid: expect.any(Number) as number, owner }]);
});

it('the identity of a store consists of the server’s id and timeline', async () => {
  const { config, database } = await startStore('PostgreSQL', { lossWindowMs: delayMs });
  const [[row] = []] = await database.run({ sql: 'SELECT identity FROM lean_payout_store' });
  const [server] = await query(
    'url' in config ? config.url : '',
    'SELECT system_identifier::text AS id, timeline_id FROM pg_control_system(), pg_control_checkpoint()',
  );
  const timeline = Number(server?.['timeline_id']).toString(16).toUpperCase().padStart(8, '0');
  expect(row).toEqual({ identity: `${String(server?.['id'])}/${timeline}` });
});

it('a store on a server that hides its identity has a constant identity', async () => {
  const url = await fresh();
  const role = `role_${new URL(url).pathname.slice(1)}`;
  await query(
    url,
    `CREATE ROLE ${role} LOGIN PASSWORD 'password'; GRANT ALL ON SCHEMA public TO ${role};
      REVOKE EXECUTE ON FUNCTION pg_control_system FROM PUBLIC`,
  );
  const limited = Object.assign(new URL(url), { username: role }).href;
  for (const lossWindowMs of [1000, 2000]) {
    const database = openTestStore({ url: limited }, { lossWindowMs, clock: () => 1_000_000 });
    expect(await database.run({ sql: 'SELECT identity, complete_from FROM lean_payout_store' })).toEqual([
      [{ identity: 'unknown', complete_from: 1_001_000 }],
    ]);
  }
});

/** A store that is known to be complete until another server replaces it. */
async function startCompleteStore() {
  const store = await startStore('PostgreSQL', { lossWindowMs: delayMs });
  const { clock, config, takeLease, noteSending } = store;
  const url = 'url' in config ? config.url : '';
  clock.ms += delayMs;
  expect(await noteSending(await takeLease(keyOf('before')))).toBe('noted');
  return { ...store, url };
}

it('a first send requires a read of Lean’s list once the store has another identity', async () => {
  const { database, takeLease, noteSending } = await startCompleteStore();
  await database.run({ sql: "UPDATE lean_payout_store SET identity = 'another'" });
  const first = await takeLease();
  expect(await noteSending(first)).toBe('list read required');
  expect(await noteSending(first, {}, { listChecked: true })).toBe('noted');
});

it('a send that was recorded before another server took over needs a read of Lean’s list first', async () => {
  const { database, createSent, noteSending } = await startCompleteStore();
  const first = await createSent();
  await database.run({ sql: "UPDATE lean_payout_store SET identity = 'another'" });
  expect(await noteSending(first)).toBe('list read required');
});

it('a gateway that reconnects records a new server, and then reads Lean’s list before first sends for one resend delay', async () => {
  const { database, url, clock, takeLease, noteSending } = await startCompleteStore();
  await database.owner();
  const [lock] = await lockSessions(url);
  await query(url, "UPDATE lean_payout_store SET identity = 'another'");
  await query(url, `SELECT pg_terminate_backend(${String(lock?.['pid'])})`);
  const readIdentity = () =>
    query(url, 'SELECT identity, complete_from::float AS complete_from FROM lean_payout_store');
  await expect
    .poll(readIdentity, { timeout: 60_000 })
    .toEqual([
      { identity: expect.stringMatching(/^\d+\/[\dA-F]{8}$/) as string, complete_from: clock.ms + delayMs },
    ]);
  clock.ms += delayMs - 1;
  const first = await takeLease();
  expect(await noteSending(first)).toBe('list read required');
  clock.ms += 1;
  expect(await noteSending(first)).toBe('noted');
});
