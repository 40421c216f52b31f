import pg from 'pg';
import { query } from '../test/support/postgres.ts';

/** The server setting that the counters need. */
export const countersSetting = 'shared_preload_libraries=pg_stat_statements';

/** What the gateways have done so far in one database. */
export interface DatabaseCounts {
  /** All statements, including BEGIN and COMMIT. */
  readonly statements: number;
  /** The NOTIFY statements among them. */
  readonly notifications: number;
}

/** Counts the statements and the connections of the gateways on one database. */
export class DatabaseCounters {
  readonly #client: pg.Client;
  readonly #database: string;

  private constructor(client: pg.Client, database: string) {
    this.#client = client;
    this.#database = database;
  }

  /** @param serverUrl the server's default database, so that the counters do not count their own statements */
  static async open(serverUrl: string, databaseUrl: string): Promise<DatabaseCounters> {
    await query(serverUrl, 'CREATE EXTENSION IF NOT EXISTS pg_stat_statements');
    const client = new pg.Client({ connectionString: serverUrl });
    await client.connect();
    return new DatabaseCounters(client, new URL(databaseUrl).pathname.slice(1));
  }

  async counts(): Promise<DatabaseCounts> {
    const { rows } = await this.#client.query<Readonly<Record<keyof DatabaseCounts, string>>>(
      `SELECT COALESCE(SUM(calls), 0) AS statements,
        COALESCE(SUM(calls) FILTER (WHERE query ILIKE 'notify%'), 0) AS notifications
      FROM pg_stat_statements WHERE dbid = (SELECT oid FROM pg_database WHERE datname = $1)`,
      [this.#database],
    );
    return { statements: Number(rows[0]?.statements), notifications: Number(rows[0]?.notifications) };
  }

  /** The number of connections of gateways at this moment. */
  async connections(): Promise<number> {
    const { rows } = await this.#client.query<{ readonly count: string }>(
      `SELECT COUNT(*) FROM pg_stat_activity WHERE datname = $1 AND application_name = 'lean-payouts-gateway'`,
      [this.#database],
    );
    return Number(rows[0]?.count);
  }

  close(): Promise<void> {
    return this.#client.end();
  }
}
