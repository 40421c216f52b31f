import { randomInt } from 'node:crypto';
import pg from 'pg';
import { StoreUnavailable } from '../errors/gateway-errors.ts';
import {
  DuplicateValue,
  StoreConfigError,
  type Database,
  type OpenOptions,
  type Row,
  type Statement,
} from './database.ts';
import { migrationsFrom, versionTable } from './migrations.ts';
import { recordStoreIdentity } from './store-identity.ts';

/** First key of the advisory locks. It identifies this program in a database that other programs may use too. */
const lockClass = 0x4c50_4757;
/** Second key of the lock for migrations. */
const migrationLock = 0;

/** The NOTIFY channel on which gateways announce new updates. */
const channel = 'lean_payout_updates';

/** SQL for the server's time in epoch ms. */
const storeNowSql = '(EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::BIGINT';

/**
 * SQL for the server's id and its timeline. Every promotion of a standby and every restore of a backup starts a new
 * timeline. The name of the current WAL file starts with the timeline, in eight hexadecimal digits.
 * @see https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-TIMELINES
 */
const storeIdentitySql =
  "((SELECT system_identifier FROM pg_control_system())::TEXT || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8))";

/** Pause before a lost lock is taken again, in ms. */
const relockDelayMs = 1000;

/** PostgreSQL error codes for a function that does not exist, or that the user may not call. */
const inaccessibleFunctionCodes: readonly string[] = ['42501', '42883'];
const uniqueViolation = '23505';
const bigintOid = 20;

/** Parses BIGINT as a number, because epoch milliseconds fit into one. */
const typeParsers: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === bigintOid
      ? Number
      : pg.types.getTypeParser(oid, format as 'text')) as typeof pg.types.getTypeParser,
};

/**
 * Opens the store in a PostgreSQL database that any number of gateways share. It connects on first use, and again
 * after a connection was lost. Each gateway holds an advisory lock while it is alive. The server releases the lock
 * when the connection ends, so the other gateways know that the gateway has ended.
 * @param url `postgres://…`; must connect to sessions, not to a pooler that switches sessions between transactions
 * @see https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
 */
export function openPostgres(url: string, options: OpenOptions = {}): Database {
  return new PostgresDatabase(url, options);
}

class PostgresDatabase implements Database {
  readonly #pool: pg.Pool;
  readonly #url: string;
  #migrated: Promise<void> | undefined;
  #lockSession: Promise<pg.Client> | undefined;
  readonly #listeners: (() => void)[] = [];
  /** Second key of this gateway's lock, once it has been taken. It is also the owner id of the leases. */
  #lockKey: number | undefined;
  #relockTimer: NodeJS.Timeout | undefined;
  #closed = false;
  readonly #lossWindowMs: number | undefined;
  readonly #clock: OpenOptions['clock'];
  #identity = storeIdentitySql;

  constructor(url: string, { lossWindowMs, clock }: OpenOptions) {
    this.#url = url;
    this.#lossWindowMs = lossWindowMs;
    this.#clock = clock;
    this.#pool = new pg.Pool({
      ...clientConfig(url),
      types: typeParsers,
      max: 10,
      statement_timeout: 5000,
      query_timeout: 6000,
      // A send must be recorded on disk before the payout is sent, whatever the server's default is. The pool waits
      // for this promise before it hands out the connection, and does not hand it out if the promise rejects. The type
      // of `onConnect` does not declare the promise.
      onConnect: client => client.query('SET synchronous_commit = on') as unknown as undefined,
    });
    // A statement that runs on a broken connection rejects by itself. These listeners ignore the error event for
    // connections that are idle or between two statements. Without a listener, the event would end the process.
    this.#pool.on('error', () => undefined);
    this.#pool.on('connect', client => {
      client.on('error', () => undefined);
    });
  }

  migrate(): Promise<void> {
    this.#migrated ??= this.#runMigrations().catch((error: unknown) => {
      this.#migrated = undefined;
      throw error instanceof StoreConfigError ? error : new StoreUnavailable(error);
    });
    return this.#migrated;
  }

  run(...statements: readonly Statement[]): Promise<readonly (readonly Row[])[]> {
    return this.#runAll(statements);
  }

  runWithoutSync(...statements: readonly Statement[]): Promise<readonly (readonly Row[])[]> {
    return this.#runAll(statements, 'SET LOCAL synchronous_commit = off');
  }

  async #runAll(statements: readonly Statement[], setting?: string): Promise<readonly (readonly Row[])[]> {
    await this.migrate();
    try {
      const [only] = statements;
      if (statements.length === 1 && only !== undefined && setting === undefined)
        return [await this.#query(this.#pool, only)];
      return await this.#transaction(async client => {
        if (setting !== undefined) await client.query(setting);
        const results: (readonly Row[])[] = [];
        for (const statement of statements) results.push(await this.#query(client, statement));
        return results;
      });
    } catch (error) {
      if (error instanceof pg.DatabaseError && error.code === uniqueViolation)
        throw new DuplicateValue(error);
      throw new StoreUnavailable(error);
    }
  }

  async announce(): Promise<void> {
    await this.migrate();
    try {
      await this.#pool.query(`NOTIFY ${channel}`);
    } catch (error) {
      throw new StoreUnavailable(error);
    }
  }

  /** The lock session also receives the announcements, because it is reopened whenever it is lost. */
  onAnnouncement(listener: () => void): void {
    this.#listeners.push(listener);
  }

  async owner(): Promise<string> {
    if (this.#lockSession === undefined) {
      // A connection may report its end more than once. By then a new session may have replaced it.
      const onLost = (): void => {
        if (this.#lockSession !== session) return;
        this.#lockSession = undefined;
        this.#scheduleRelock();
      };
      const session = this.#openLockSession(onLost).catch((error: unknown) => {
        onLost();
        throw new StoreUnavailable(error);
      });
      this.#lockSession = session;
    }
    await this.#lockSession;
    return String(this.#lockKey);
  }

  /** Takes a lost lock again without being asked, because without it other gateways treat this one as ended. */
  #scheduleRelock(): void {
    if (this.#closed || this.#lockKey === undefined || this.#relockTimer !== undefined) return;
    this.#relockTimer = setTimeout(() => {
      this.#relockTimer = undefined;
      if (!this.#closed) this.owner().catch(() => undefined);
    }, relockDelayMs).unref();
  }

  async aliveOwners(owners: readonly string[]): Promise<readonly string[]> {
    const [rows = []] = await this.run({
      sql: `SELECT objid::text AS owner FROM pg_locks
        WHERE locktype = 'advisory' AND granted AND classid = $1
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      values: [lockClass],
    });
    const alive = new Set(rows.map(({ owner }) => owner));
    return owners.filter(owner => alive.has(owner));
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#relockTimer);
    const session = await this.#lockSession?.catch(() => undefined);
    await Promise.all([session?.end(), this.#pool.end()]);
  }

  async #query(
    connection: pg.Pool | pg.PoolClient,
    { sql, values = [] }: Statement,
  ): Promise<readonly Row[]> {
    return (await connection.query<Row>(this.#expandFunctions(sql), [...values])).rows;
  }

  async #recordStoreIdentity(client: pg.ClientBase): Promise<void> {
    if (this.#lossWindowMs !== undefined)
      await client.query(this.#expandFunctions(recordStoreIdentity(this.#lossWindowMs)));
  }

  /** Replaces `store_now()` and `store_identity()`, see `Statement`. */
  #expandFunctions(sql: string): string {
    const now = this.#clock === undefined ? storeNowSql : `${String(this.#clock())}::BIGINT`;
    return sql.replaceAll('store_now()', now).replaceAll('store_identity()', this.#identity);
  }

  async #runMigrations(): Promise<void> {
    await this.#pool.query(`SELECT ${storeIdentitySql}`).catch((error: unknown) => {
      if (!(error instanceof pg.DatabaseError) || !inaccessibleFunctionCodes.includes(error.code ?? ''))
        throw error;
      // A hosted service may hide the identity from its users. Then a failover cannot be detected.
      this.#identity = "'unknown'";
    });
    await this.#transaction(async client => {
      await client.query('SELECT pg_advisory_xact_lock($1, $2)', [lockClass, migrationLock]);
      await client.query(versionTable.create);
      const version = (await client.query<Row>(versionTable.read)).rows[0]?.['version'];
      for (const sql of migrationsFrom(version, 'DATABASE_URL')) await client.query(sql);
      await this.#recordStoreIdentity(client);
    });
  }

  async #transaction<Value>(work: (client: pg.PoolClient) => Promise<Value>): Promise<Value> {
    const client = await this.#pool.connect();
    let broken = true;
    try {
      await client.query('BEGIN');
      const value = await work(client);
      await client.query('COMMIT');
      broken = false;
      return value;
    } catch (error) {
      // The connection is still usable only if the error came from the server, or from this program.
      if (error instanceof pg.DatabaseError || error instanceof StoreConfigError)
        await client.query('ROLLBACK').then(
          () => (broken = false),
          () => undefined,
        );
      throw error;
    } finally {
      client.release(broken);
    }
  }

  /**
   * Opens the session that holds this gateway's lock. It takes a random key that no other gateway has. After a lost
   * connection it takes the same key again, because this process still uses the leases under that owner id.
   */
  async #openLockSession(onLost: () => void): Promise<pg.Client> {
    const client = new pg.Client({ ...clientConfig(this.#url), query_timeout: 6000 });
    client.on('error', onLost).on('end', onLost);
    const notifyListeners = (): void => {
      for (const listener of this.#listeners) listener();
    };
    client.on('notification', notifyListeners);
    await client.connect();
    try {
      // With these settings the server notices a vanished gateway host within half a minute.
      await client.query('SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5');
      await client.query('SET tcp_keepalives_count = 3');
      // The session that holds the lock is idle. The server must not end it for that.
      await client.query(
        "SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'idle_session_timeout'",
      );
      // After a lost connection another server may have taken over, whose tables may not exist yet.
      if (this.#lockKey !== undefined) {
        await this.migrate();
        await this.#recordStoreIdentity(client);
      }
      for (let key = this.#lockKey ?? randomLockKey(); ; key = randomLockKey()) {
        const { rows } = await client.query<{ readonly free: boolean }>(
          'SELECT pg_try_advisory_lock($1, $2) AS free',
          [lockClass, key],
        );
        if (rows[0]?.free !== true) continue;
        this.#lockKey = key;
        await client.query(`LISTEN ${channel}`);
        // Announcements may have been missed while there was no session.
        notifyListeners();
        return client;
      }
    } catch (error) {
      await client.end();
      throw error;
    }
  }
}

function randomLockKey(): number {
  return randomInt(1, 2 ** 31 - 1);
}

function clientConfig(url: string): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: 'lean-payouts-gateway',
    connectionTimeoutMillis: 3000,
    keepAlive: true,
  };
}
