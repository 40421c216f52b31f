import { inject, onTestFinished } from 'vitest';
import type { Database } from '../../src/store/database.ts';
import { openStore } from '../../src/store/open.ts';
import { recordStoreIdentity } from '../../src/store/store-identity.ts';
import { freshDatabase } from './postgres.ts';

/** An open PostgreSQL database. Tests use it one after another, each with its own clock. */
interface ReusedDatabase {
  readonly server: string;
  readonly store: { readonly url: string };
  readonly database: Database;
  clock: () => number;
  isReusable: boolean;
}

/** The databases that no test uses, the least recently used first. */
const idle: ReusedDatabase[] = [];

/** A database is not reused before this many others have been, so that no late write reaches the next test. */
const restingTests = 2;

/** All tables except those that the migration fills. */
const tablesSql = `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'
  AND tablename NOT IN ('lean_payouts_schema', 'lean_payout_store_name')`;

/**
 * Returns an empty, open PostgreSQL store that counts as complete. To empty it costs less than a new database with its
 * tables and connections. A store that a test has closed, or has listened to, is not used again.
 */
export async function reusedDatabase(
  clock: () => number,
): Promise<Pick<ReusedDatabase, 'store' | 'database'>> {
  const server = inject('postgresUrl');
  const own = idle.filter(each => each.server === server);
  const [oldest] = own.length > restingTests ? own : [];
  if (oldest !== undefined) idle.splice(idle.indexOf(oldest), 1);
  const reused = oldest ?? (await open(server));
  reused.clock = clock;
  if (oldest !== undefined) await empty(reused.database);
  onTestFinished(async () => {
    if (reused.isReusable) idle.push(reused);
    else await reused.database.close().catch(() => undefined);
  });
  return reused;
}

async function open(server: string): Promise<ReusedDatabase> {
  const store = { url: await freshDatabase(server) };
  const database = openStore(store, { lossWindowMs: 0, clock: () => reused.clock() });
  const reused: ReusedDatabase = { server, store, database, clock: Date.now, isReusable: true };
  for (const method of ['close', 'onAnnouncement'] as const) {
    const original = database[method].bind(database) as (...args: unknown[]) => unknown;
    Object.assign(database, {
      [method]: (...args: unknown[]) => {
        reused.isReusable = false;
        return original(...args);
      },
    });
  }
  return reused;
}

/** Deletes all rows of a test, and counts the store as complete by the clock of the next test. */
async function empty(database: Database): Promise<void> {
  const [tables = []] = await database.run({ sql: tablesSql });
  await database.run(...tables.map(({ name }) => ({ sql: `DELETE FROM ${String(name)}` })), {
    sql: recordStoreIdentity(0),
  });
}
