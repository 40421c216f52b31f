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
import { clientConfig, heldLocksSql, lockClass } from './postgres-connection.ts';
import { channel, LockSession } from './postgres-lock-session.ts';
import { checkOwnSessions } from './postgres-session-check.ts';
import { recordStoreIdentity } from './store-identity.ts';

/** Second key of the lock for migrations. */
const migrationLock = 0;

/** SQL for the server's time in epoch ms. */
const storeNowSql = '(EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::BIGINT';

/**
 * SQL for the server's id and its timeline. Every promotion of a standby and every restore of a backup starts a new
 * timeline. The name of the current WAL file starts with the timeline, in eight hexadecimal digits.
 * @see https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-TIMELINES
 */
const storeIdentitySql =
  "((SELECT system_identifier FROM pg_control_system())::TEXT || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8))";

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

export const defaultPoolSize = 10;

export interface PostgresConfig {
  /** `postgres://…`. A pooler that shares sessions between transactions is refused on first use. */
  readonly url: string;
  /** The most connections for statements. The gateway's lock takes one more. @default `defaultPoolSize` */
  readonly poolSize?: number;
}

/**
 * Opens the store in a PostgreSQL database that any number of gateways share. It connects on first use, and again
 * after a connection was lost. Each gateway holds an advisory lock while it is alive. The server releases the lock
 * when the connection ends, so the other gateways know that the gateway has ended.
 * @throws StoreConfigError for an address that is not accepted
 * @see https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
 */
export function openPostgres(config: PostgresConfig, options: OpenOptions = {}): Database {
  return new PostgresDatabase(config, options);
}

class PostgresDatabase implements Database {
  readonly #config: pg.ClientConfig;
  readonly #pool: pg.Pool;
  #migrated: Promise<void> | undefined;
  readonly #lock: LockSession;
  readonly #lossWindowMs: number | undefined;
  readonly #clock: OpenOptions['clock'];
  #identity = storeIdentitySql;

  constructor({ url, poolSize = defaultPoolSize }: PostgresConfig, { lossWindowMs, clock }: OpenOptions) {
    this.#lossWindowMs = lossWindowMs;
    this.#clock = clock;
    this.#config = clientConfig(url);
    // After a lost connection another server may have taken over, whose tables may not exist yet.
    this.#lock = new LockSession(this.#config, async client => {
      await this.migrate();
      await this.#recordStoreIdentity(client);
    });
    this.#pool = new pg.Pool({
      ...this.#config,
      types: typeParsers,
      max: poolSize,
      // A statement is sent without waiting for the response to the one before it on the same connection.
      pipeline: true,
      // A send must be recorded on disk before the payout is sent, whatever the server's default is. The pool waits
      // for this promise before it hands out the connection, and does not hand it out if the promise rejects. The type
      // of `onConnect` does not declare the promise. The settings are not startup parameters, because PgBouncer refuses
      // startup parameters that it does not know.
      onConnect: client =>
        client.query("SET synchronous_commit = on; SET statement_timeout = '5s'") as unknown as undefined,
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

  /** @throws StoreUnavailable, also if the store cannot be used as it is configured */
  async #migrateBeforeUse(): Promise<void> {
    await this.migrate().catch((error: unknown) => {
      throw error instanceof StoreConfigError ? new StoreUnavailable(error) : error;
    });
  }

  run(...statements: readonly Statement[]): Promise<readonly (readonly Row[])[]> {
    return this.#runAll(statements);
  }

  runWithoutSync(...statements: readonly Statement[]): Promise<readonly (readonly Row[])[]> {
    return this.#runAll(statements, 'SET LOCAL synchronous_commit = off');
  }

  async #runAll(statements: readonly Statement[], setting?: string): Promise<readonly (readonly Row[])[]> {
    await this.#migrateBeforeUse();
    try {
      const [only] = statements;
      if (statements.length === 1 && only !== undefined && setting === undefined)
        return [await this.#query(this.#pool, only)];
      return await this.#transaction(async client => {
        // They are sent together, to save round trips. BEGIN has succeeded before: without it each of them would commit
        // alone. COMMIT is sent only after all have succeeded, so none is committed that this program reports as failed.
        const set = setting === undefined ? undefined : client.query(setting);
        const [, ...results] = await Promise.all([
          set,
          ...statements.map(statement => this.#query(client, statement)),
        ]);
        return results;
      });
    } catch (error) {
      if (error instanceof pg.DatabaseError && error.code === uniqueViolation)
        throw new DuplicateValue(error);
      throw new StoreUnavailable(error);
    }
  }

  async announce(): Promise<void> {
    await this.#migrateBeforeUse();
    try {
      await this.#pool.query(`NOTIFY ${channel}`);
    } catch (error) {
      throw new StoreUnavailable(error);
    }
  }

  onAnnouncement(listener: () => void): void {
    this.#lock.onAnnouncement(listener);
  }

  owner(): Promise<string> {
    return this.#lock.owner();
  }

  async aliveOwners(owners: readonly string[]): Promise<readonly string[]> {
    const [rows = []] = await this.run({
      sql: `SELECT objid::text AS owner FROM (${heldLocksSql}) AS held`,
      values: [lockClass],
    });
    const alive = new Set(rows.map(({ owner }) => owner));
    return owners.filter(owner => alive.has(owner));
  }

  async close(): Promise<void> {
    await Promise.all([this.#lock.close(), this.#pool.end()]);
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
    await checkOwnSessions(this.#config);
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
}
