import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
import { StoreConfigError } from './database.ts';
import { heldLocksSql, randomLockKey } from './postgres-connection.ts';

/**
 * First key of the locks of this check. It differs from `lockClass`, so that no gateway counts such a lock as a running
 * gateway.
 */
const checkClass = 0x4c50_4758;

/** How long the server may take to end a session whose connection was closed, in ms. */
const maxEndMs = 5000;

/**
 * Checks that a connection has a session of its own: a lock of the session is held as long as the connection is open,
 * and no longer. A pooler that shares sessions between transactions keeps the lock after the connection has ended, or
 * releases it after the transaction. Then gateways that have ended would count as alive.
 * @throws StoreConfigError if sessions are shared; any error of the connections
 */
export async function checkOwnSessions(config: pg.ClientConfig): Promise<void> {
  const holder = createClient(config);
  const observer = createClient(config);
  const key = randomLockKey();
  const isHeld = async (): Promise<boolean> => {
    const { rows } = await observer.query(`${heldLocksSql} AND objid = $2`, [checkClass, key]);
    return rows.length > 0;
  };
  try {
    await Promise.all([holder.connect(), observer.connect()]);
    await holder.query('SELECT pg_advisory_lock($1, $2)', [checkClass, key]);
    const isHeldWhileOpen = await isHeld();
    // This rejects if the connection has broken, which would have released the lock too.
    await holder.query('SELECT 1');
    await holder.end();
    if (!isHeldWhileOpen) throw sharedSessions();
    const end = performance.now() + maxEndMs;
    for (let pauseMs = 5; await isHeld(); pauseMs *= 2) {
      if (performance.now() > end) throw sharedSessions();
      await setTimeout(Math.min(pauseMs, 500));
    }
  } finally {
    await Promise.all([holder.end(), observer.end()]);
  }
}

function createClient(config: pg.ClientConfig): pg.Client {
  const client = new pg.Client(config);
  // A query on a broken connection rejects by itself. Without a listener the event would end the process.
  client.on('error', () => undefined);
  return client;
}

function sharedSessions(): StoreConfigError {
  return new StoreConfigError(
    'DATABASE_URL',
    'its server shares sessions between connections, as PgBouncer in transaction mode does; accepted: PostgreSQL itself, or a pooler in session mode.',
  );
}
