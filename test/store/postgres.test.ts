import pg from 'pg';
import { expect, inject, it, onTestFinished, vi } from 'vitest';
import { StoreUnavailable } from '../../src/errors/gateway-errors.ts';
import { openPostgres } from '../../src/store/postgres.ts';
import { keyOf } from '../support/creating.ts';
import { freshDatabase, query } from '../support/postgres.ts';
import { opened } from '../support/stores.ts';
import { delayMs, recording } from './recording.ts';

const fresh = () => freshDatabase(inject('postgresUrl'));

/** A setting of the database for all sessions from now on. */
async function setForDatabase(url: string, setting: string): Promise<void> {
  await query(url, `ALTER DATABASE ${new URL(url).pathname.slice(1)} SET ${setting}`);
}

/** The sessions that hold a gateway's lock. */
const lockSessions = async (url: string) =>
  query(
    url,
    `SELECT pid, objid::text AS owner FROM pg_locks WHERE locktype = 'advisory' AND granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  );

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
  const owner = await mine.owner();
  expect(await mine.owner()).toBe(owner);
  expect(await others.living([owner, 'nobody'])).toEqual([owner]);
  expect(await elsewhere.living([owner])).toEqual([]);
  await mine.close();
  expect(await others.living([owner])).toEqual([]);
});

it('a gateway whose connections are cut is alive again by the same name, and goes on', async () => {
  const url = await fresh();
  const mine = opened({ url });
  const others = opened({ url });
  const owner = await mine.owner();
  await others.prepare();
  await query(
    url,
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()`,
  );
  await vi.waitFor(
    async () => {
      expect(await mine.owner()).toBe(owner);
      expect(await others.living([owner])).toEqual([owner]);
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

it('what is written is on disk before it counts, also where the database’s own default is not to wait for that', async () => {
  const url = await fresh();
  await setForDatabase(url, 'synchronous_commit = off');
  expect(await query(url, 'SHOW synchronous_commit')).toEqual([{ synchronous_commit: 'off' }]);
  const database = opened({ url });
  const show = { sql: 'SHOW synchronous_commit' };
  const on = [{ synchronous_commit: 'on' }];
  // As many at once as there are connections, alone and in a transaction with others.
  const alone = Array.from({ length: 10 }, () => database.run(show));
  expect(await Promise.all(alone)).toEqual(alone.map(() => [on]));
  const together = Array.from({ length: 10 }, () => database.run(show, show));
  expect(await Promise.all(together)).toEqual(together.map(() => [on, on]));
});

it('what may be lost with the machine does not wait for the disk, and the next write on that connection does', async () => {
  const database = opened({ url: await fresh() });
  const show = { sql: 'SHOW synchronous_commit' };
  expect(await database.runLoosely(show)).toEqual([[{ synchronous_commit: 'off' }]]);
  expect(await database.run(show)).toEqual([[{ synchronous_commit: 'on' }]]);
});

it('a connection that cannot be told to wait for the disk is not used', async () => {
  const url = await fresh();
  const database = opened({ url });
  const setting = vi.spyOn(pg.Client.prototype, 'query').mockRejectedValueOnce(new Error('it is refused'));
  onTestFinished(() => {
    setting.mockRestore();
  });
  await expect(database.run({ sql: 'SELECT 1 AS one' })).rejects.toThrow(StoreUnavailable);
  expect(await database.run({ sql: 'SELECT 1 AS one' })).toEqual([[{ one: 1 }]]);
});

it('the session that holds a gateway’s lock outlives a server that ends idle sessions', async () => {
  const url = await fresh();
  await setForDatabase(url, "idle_session_timeout = '1s'");
  const database = opened({ url });
  await database.owner();
  const before = await lockSessions(url);
  expect(before).toHaveLength(1);
  // A session that is idle from now on: when the server has ended it, the older one would be gone as well.
  const witness = new pg.Client({ connectionString: url });
  witness.on('error', () => undefined);
  const ended = new Promise(resolve => witness.once('end', resolve));
  await witness.connect();
  await ended;
  expect(await lockSessions(url)).toEqual(before);
});

it('a gateway goes on after the server has ended its idle connections', async () => {
  const url = await fresh();
  await setForDatabase(url, "idle_session_timeout = '1s'");
  const database = opened({ url });
  const [[{ pid } = {}] = []] = await database.run({ sql: 'SELECT pg_backend_pid() AS pid' });
  await expect
    .poll(() => query(url, `SELECT pid FROM pg_stat_activity WHERE pid = ${String(pid)}`), {
      timeout: 60_000,
    })
    .toEqual([]);
  expect(await database.run({ sql: 'SELECT 1 AS one' })).toEqual([[{ one: 1 }]]);
});

it('a lost lock is taken again by itself under the same name, while nobody asks for it', async () => {
  const url = await fresh();
  const database = opened({ url });
  const owner = await database.owner();
  const [first] = await lockSessions(url);
  await query(url, `SELECT pg_terminate_backend(${String(first?.['pid'])})`);
  await expect
    .poll(async () => (await lockSessions(url)).filter(({ pid }) => pid !== first?.['pid']), {
      timeout: 60_000,
    })
    .toEqual([{ pid: expect.any(Number) as number, owner }]);
});

it('a store is known by its server and that one’s timeline', async () => {
  const { config, database } = await recording('PostgreSQL', { lossWindowMs: delayMs });
  const [[row] = []] = await database.run({ sql: 'SELECT identity FROM lean_payout_store' });
  const [server] = await query(
    'url' in config ? config.url : '',
    'SELECT system_identifier::text AS id, timeline_id FROM pg_control_system(), pg_control_checkpoint()',
  );
  const timeline = Number(server?.['timeline_id']).toString(16).toUpperCase().padStart(8, '0');
  expect(row).toEqual({ identity: `${String(server?.['id'])}/${timeline}` });
});

it('a server that does not show its identity is one store for good', async () => {
  const url = await fresh();
  const role = `role_${new URL(url).pathname.slice(1)}`;
  await query(
    url,
    `CREATE ROLE ${role} LOGIN PASSWORD 'password'; GRANT ALL ON SCHEMA public TO ${role};
      REVOKE EXECUTE ON FUNCTION pg_control_system FROM PUBLIC`,
  );
  const limited = Object.assign(new URL(url), { username: role }).href;
  for (const lossWindowMs of [1000, 2000]) {
    const database = opened({ url: limited }, { lossWindowMs, clock: () => 1_000_000 });
    expect(await database.run({ sql: 'SELECT identity, complete_from FROM lean_payout_store' })).toEqual([
      [{ identity: 'unknown', complete_from: 1_001_000 }],
    ]);
  }
});

/** A store that is complete, until another server takes its place. */
async function completeStore() {
  const recorded = await recording('PostgreSQL', { lossWindowMs: delayMs });
  const { clock, config, lease, noteSending } = recorded;
  const url = 'url' in config ? config.url : '';
  clock.ms += delayMs;
  expect(await noteSending(await lease(keyOf('before')))).toBe('noted');
  return { ...recorded, url };
}

it('a first send looks first as soon as the store is another one than was noted', async () => {
  const { database, lease, noteSending } = await completeStore();
  await database.run({ sql: "UPDATE lean_payout_store SET identity = 'another'" });
  const first = await lease();
  expect(await noteSending(first)).toBe('look first');
  expect(await noteSending(first, {}, { lookedFirst: true })).toBe('noted');
});

it('a send that was noted before another server took over is noted again only after a look', async () => {
  const { database, sent, noteSending } = await completeStore();
  const first = await sent();
  await database.run({ sql: "UPDATE lean_payout_store SET identity = 'another'" });
  expect(await noteSending(first)).toBe('look first');
});

it('a gateway that connects anew notes that another server has taken over, and looks first for one resend delay', async () => {
  const { database, url, clock, lease, noteSending } = await completeStore();
  await database.owner();
  const [lock] = await lockSessions(url);
  await query(url, "UPDATE lean_payout_store SET identity = 'another'");
  await query(url, `SELECT pg_terminate_backend(${String(lock?.['pid'])})`);
  const noted = () =>
    query(url, 'SELECT identity, complete_from::float AS complete_from FROM lean_payout_store');
  await expect
    .poll(noted, { timeout: 60_000 })
    .toEqual([
      { identity: expect.stringMatching(/^\d+\/[\dA-F]{8}$/) as string, complete_from: clock.ms + delayMs },
    ]);
  clock.ms += delayMs - 1;
  const first = await lease();
  expect(await noteSending(first)).toBe('look first');
  clock.ms += 1;
  expect(await noteSending(first)).toBe('noted');
});
