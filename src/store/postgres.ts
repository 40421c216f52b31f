import { randomInt } from 'node:crypto';
import pg from 'pg';
import { StoreUnavailable } from '../errors/gateway-errors.ts';
import {
  DuplicateValue,
  StoreProblem,
  type Database,
  type OpenOptions,
  type Row,
  type Statement,
} from './database.ts';
import { migrationsFrom, versionTable } from './migrations.ts';
import { noteStore } from './store-identity.ts';

/** First half of our advisory locks: this program's, in a database that others may use as well. */
const lockClass = 0x4c50_4757;
const migrationLock = 0;

/** On which gateways tell each other that there is something new. */
const channel = 'lean_payout_updates';

/** The server's time in epoch ms. */
const storeNow = '(EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::BIGINT';

/**
 * Which server this is, and which of its timelines: every promotion of a standby and every restored backup begins a new
 * one. The file name of the newest log record begins with the timeline, in eight hexadecimal digits.
 * @see https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-TIMELINES
 */
const storeIdentity =
  "((SELECT system_identifier FROM pg_control_system())::TEXT || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8))";

/** How often a lost lock is taken again, in ms, while nobody asks for it. */
const relockEveryMs = 1000;

/** Codes by which a server says that a function is not there, or not for this user. */
const hidden: readonly string[] = ['42501', '42883'];
const uniqueViolation = '23505';
const bigint = 20;

/** Milliseconds from 1970 fit into a number. */
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === bigint ? Number : pg.types.getTypeParser(oid, format as 'text')) as typeof pg.types.getTypeParser,
};

/**
 * The store in a PostgreSQL that any number of gateways share. Connects on first use, and again whenever the
 * connection was lost. Each gateway holds an advisory lock for as long as it lives; the server lets go of it when the
 * connection ends, so that the others know.
 * @param url `postgres://…`; must lead to sessions, not through a pool that swaps them between transactions
 * @see https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
 */
export function openPostgres(url: string, options: OpenOptions = {}): Database {
  return new PostgresDatabase(url, options);
}

class PostgresDatabase implements Database {
  readonly #pool: pg.Pool;
  readonly #url: string;
  #prepared: Promise<void> | undefined;
  #life: Promise<pg.Client> | undefined;
  readonly #listeners: (() => void)[] = [];
  /** The second half of our lock, from the first time it was had. */
  #number: number | undefined;
  #relocking: NodeJS.Timeout | undefined;
  #closed = false;
  readonly #lossWindowMs: number | undefined;
  readonly #clock: OpenOptions['clock'];
  #identity = storeIdentity;

  constructor(url: string, { lossWindowMs, clock }: OpenOptions) {
    this.#url = url;
    this.#lossWindowMs = lossWindowMs;
    this.#clock = clock;
    this.#pool = new pg.Pool({
      ...connection(url),
      types,
      max: 10,
      statement_timeout: 5000,
      query_timeout: 6000,
      // The note that is made before a payout is sent must be on disk, whatever the server's default is. The pool waits
      // for this before it gives the connection out, and gives none out where it fails; the types do not say so.
      onConnect: client => client.query('SET synchronous_commit = on') as unknown as undefined,
    });
    // Whoever uses a connection that breaks is told by what they asked; between two statements, and while nobody
    // uses it, that is nobody's failure.
    this.#pool.on('error', () => undefined);
    this.#pool.on('connect', client => {
      client.on('error', () => undefined);
    });
  }

  prepare(): Promise<void> {
    this.#prepared ??= this.#migrate().catch((error: unknown) => {
      this.#prepared = undefined;
      throw error instanceof StoreProblem ? error : new StoreUnavailable(error);
    });
    return this.#prepared;
  }

  run(...statements: readonly Statement[]): Promise<readonly (readonly Row[])[]> {
    return this.#rowsOf(statements);
  }

  runLoosely(...statements: readonly Statement[]): Promise<readonly (readonly Row[])[]> {
    return this.#rowsOf(statements, 'SET LOCAL synchronous_commit = off');
  }

  async #rowsOf(statements: readonly Statement[], setting?: string): Promise<readonly (readonly Row[])[]> {
    await this.prepare();
    try {
      const [only] = statements;
      if (statements.length === 1 && only !== undefined && setting === undefined)
        return [await this.#rows(this.#pool, only)];
      return await this.#transaction(async client => {
        if (setting !== undefined) await client.query(setting);
        const results: (readonly Row[])[] = [];
        for (const statement of statements) results.push(await this.#rows(client, statement));
        return results;
      });
    } catch (error) {
      if (error instanceof pg.DatabaseError && error.code === uniqueViolation)
        throw new DuplicateValue(error);
      throw new StoreUnavailable(error);
    }
  }

  async announce(): Promise<void> {
    await this.prepare();
    try {
      await this.#pool.query(`NOTIFY ${channel}`);
    } catch (error) {
      throw new StoreUnavailable(error);
    }
  }

  /** They are heard on the connection that the lock is held on: it is looked after already. */
  onAnnouncement(listener: () => void): void {
    this.#listeners.push(listener);
  }

  async owner(): Promise<string> {
    if (this.#life === undefined) {
      // A connection may tell more than once that it is over, and by then there may be another one.
      const over = (): void => {
        if (this.#life !== life) return;
        this.#life = undefined;
        this.#relock();
      };
      const life = this.#live(over).catch((error: unknown) => {
        over();
        throw new StoreUnavailable(error);
      });
      this.#life = life;
    }
    await this.#life;
    return String(this.#number);
  }

  /** Takes a lost lock again by itself: without it other gateways take this one for ended. */
  #relock(): void {
    if (this.#closed || this.#number === undefined || this.#relocking !== undefined) return;
    this.#relocking = setTimeout(() => {
      this.#relocking = undefined;
      if (!this.#closed) this.owner().catch(() => undefined);
    }, relockEveryMs).unref();
  }

  async living(owners: readonly string[]): Promise<readonly string[]> {
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
    clearTimeout(this.#relocking);
    const life = await this.#life?.catch(() => undefined);
    await Promise.all([life?.end(), this.#pool.end()]);
  }

  async #rows(on: pg.Pool | pg.PoolClient, { sql, values = [] }: Statement): Promise<readonly Row[]> {
    return (await on.query<Row>(this.#textOf(sql), [...values])).rows;
  }

  async #noteStore(client: pg.ClientBase): Promise<void> {
    if (this.#lossWindowMs !== undefined) await client.query(this.#textOf(noteStore(this.#lossWindowMs)));
  }

  #textOf(sql: string): string {
    const now = this.#clock === undefined ? storeNow : `${String(this.#clock())}::BIGINT`;
    return sql.replaceAll('store_now()', now).replaceAll('store_identity()', this.#identity);
  }

  async #migrate(): Promise<void> {
    await this.#pool.query(`SELECT ${storeIdentity}`).catch((error: unknown) => {
      if (!(error instanceof pg.DatabaseError) || !hidden.includes(error.code ?? '')) throw error;
      // A service that does not let its users see this does not let a failover be noticed by it either.
      this.#identity = "'unknown'";
    });
    await this.#transaction(async client => {
      await client.query('SELECT pg_advisory_xact_lock($1, $2)', [lockClass, migrationLock]);
      await client.query(versionTable.make);
      const version = (await client.query<Row>(versionTable.read)).rows[0]?.['version'];
      for (const sql of migrationsFrom(version, 'DATABASE_URL')) await client.query(sql);
      await this.#noteStore(client);
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
      // Only what the server itself said leaves a connection that is good for more.
      if (error instanceof pg.DatabaseError || error instanceof StoreProblem)
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
   * Takes a number that no other gateway has, and the same one again after the connection was lost: what is under way
   * in its name still is.
   */
  async #live(over: () => void): Promise<pg.Client> {
    const client = new pg.Client({ ...connection(this.#url), query_timeout: 6000 });
    client.on('error', over).on('end', over);
    const heard = (): void => {
      for (const listener of this.#listeners) listener();
    };
    client.on('notification', heard);
    await client.connect();
    try {
      // A host that vanishes without a word is missed within half a minute.
      await client.query('SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5');
      await client.query('SET tcp_keepalives_count = 3');
      // The server must not end the session that holds the lock because nothing is asked on it.
      await client.query(
        "SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'idle_session_timeout'",
      );
      // A lost connection may mean that another server has taken over. The tables may not be there yet.
      if (this.#number !== undefined) {
        await this.prepare();
        await this.#noteStore(client);
      }
      for (let number = this.#number ?? randomNumber(); ; number = randomNumber()) {
        const { rows } = await client.query<{ readonly free: boolean }>(
          'SELECT pg_try_advisory_lock($1, $2) AS free',
          [lockClass, number],
        );
        if (rows[0]?.free !== true) continue;
        this.#number = number;
        await client.query(`LISTEN ${channel}`);
        heard();
        return client;
      }
    } catch (error) {
      await client.end();
      throw error;
    }
  }
}

function randomNumber(): number {
  return randomInt(1, 2 ** 31 - 1);
}

function connection(url: string): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: 'lean-payouts-gateway',
    connectionTimeoutMillis: 3000,
    keepAlive: true,
  };
}
