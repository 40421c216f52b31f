import { randomInt } from 'node:crypto';
import pg from 'pg';
import { StoreUnavailable } from '../payouts/errors.ts';
import { DuplicateValue, StoreProblem, type Database, type Row, type Statement } from './database.ts';
import { migrationsFrom, versionTable } from './migrations.ts';

/** First half of our advisory locks: this program's, in a database that others may use as well. */
const lockClass = 0x4c50_4757;
const migrationLock = 0;

/** On which gateways tell each other that there is something new. */
const channel = 'lean_payout_updates';

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
export function openPostgres(url: string): Database {
  return new PostgresDatabase(url);
}

class PostgresDatabase implements Database {
  readonly #pool: pg.Pool;
  readonly #url: string;
  #prepared: Promise<void> | undefined;
  #life: Promise<pg.Client> | undefined;
  readonly #listeners: (() => void)[] = [];
  /** The second half of our lock, from the first time it was had. */
  #number: number | undefined;

  constructor(url: string) {
    this.#url = url;
    this.#pool = new pg.Pool({
      ...connection(url),
      types,
      max: 10,
      statement_timeout: 5000,
      query_timeout: 6000,
    });
    // Whoever uses a connection that breaks is told by what they asked; between two statements, and while nobody
    // uses it, that is nobody's failure.
    this.#pool.on('error', () => undefined);
    this.#pool.on('connect', client => client.on('error', () => undefined));
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
        return [await rowsOf(this.#pool, only)];
      return await this.#transaction(async client => {
        if (setting !== undefined) await client.query(setting);
        const results: (readonly Row[])[] = [];
        for (const statement of statements) results.push(await rowsOf(client, statement));
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

  async holder(): Promise<string> {
    if (this.#life === undefined) {
      // A connection may tell more than once that it is over, and by then there may be another one.
      const over = (): void => {
        if (this.#life === life) this.#life = undefined;
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

  async living(holders: readonly string[]): Promise<readonly string[]> {
    const [rows = []] = await this.run({
      sql: `SELECT objid::text AS holder FROM pg_locks
        WHERE locktype = 'advisory' AND granted AND classid = $1
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      values: [lockClass],
    });
    const alive = new Set(rows.map(({ holder }) => holder));
    return holders.filter(holder => alive.has(holder));
  }

  async close(): Promise<void> {
    const life = await this.#life?.catch(() => undefined);
    await Promise.all([life?.end(), this.#pool.end()]);
  }

  async #migrate(): Promise<void> {
    await this.#transaction(async client => {
      await client.query('SELECT pg_advisory_xact_lock($1, $2)', [lockClass, migrationLock]);
      await client.query(versionTable.make);
      const version = (await client.query<Row>(versionTable.read)).rows[0]?.['version'];
      for (const sql of migrationsFrom(version, 'DATABASE_URL')) await client.query(sql);
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

async function rowsOf(on: pg.Pool | pg.PoolClient, { sql, values = [] }: Statement): Promise<readonly Row[]> {
  return (await on.query<Row>(sql, [...values])).rows;
}

function connection(url: string): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: 'lean-payouts-gateway',
    connectionTimeoutMillis: 3000,
    keepAlive: true,
  };
}
