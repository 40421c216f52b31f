import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { StoreUnavailable } from '../payouts/errors.ts';
import { DuplicateValue, StoreProblem, type Database, type Row, type Statement } from './database.ts';
import { migrationsFrom, versionTable } from './migrations.ts';

/** SQLITE_CONSTRAINT_UNIQUE and SQLITE_CONSTRAINT_PRIMARYKEY. */
const duplicates: ReadonlySet<unknown> = new Set([2067, 1555]);
const sqliteBusy = 5;

/** How long another process, such as the one that lists records, may hold a write up. */
const busyTimeoutMs = 5000;

/**
 * The store in a folder of this machine. Every transaction is on disk before it is over (`synchronous=FULL`).
 *
 * One gateway at a time has a folder: it holds a lock that the system lets go of however the process ends. So what
 * another holder has left under way in the folder has nobody who is at it any more.
 * @param given the folder, from where the program was started
 * @param asGateway false for looking at records beside a gateway that is running
 * @throws StoreProblem when the folder cannot be used, or another gateway has it
 * @see https://www.sqlite.org/pragma.html#pragma_synchronous
 */
export function openSqlite(given: string, { asGateway = true } = {}): Database {
  const folder = resolve(given);
  const file = join(folder, 'payouts.db');
  if (!asGateway && !existsSync(file))
    throw new StoreProblem(
      'DATA_DIR',
      `there are no payout records in ${JSON.stringify(folder)}; accepted: the folder of a gateway, or DATABASE_URL.`,
    );
  try {
    // Where the parent is there and takes no folder (as in /proc), making parents as well would try for ever.
    if (!existsSync(folder)) mkdirSync(folder, { recursive: !existsSync(dirname(folder)), mode: 0o700 });
    const lock = lockOf(folder, asGateway);
    // It holds account numbers: what SQLite keeps beside it gets the same mode.
    closeSync(openSync(file, 'a', 0o600));
    const database = new DatabaseSync(file, { timeout: busyTimeoutMs });
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000');
    migrate(database);
    return new SqliteDatabase(database, lock);
  } catch (error) {
    if (error instanceof StoreProblem) throw error;
    throw new StoreProblem(
      'DATA_DIR',
      `${JSON.stringify(folder)} cannot be used (${reasonOf(error)}); accepted: a folder on a local disk that can be written.`,
    );
  }
}

/**
 * Undefined when a gateway has it and this process does not want to be one. A gateway that starts gives the one
 * before it, or a command, a moment to end.
 */
function lockOf(folder: string, asGateway: boolean): DatabaseSync | undefined {
  const lock = new DatabaseSync(join(folder, 'gateway.lock'), { timeout: asGateway ? busyTimeoutMs : 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock.close();
    if (!isSqlite(error) || error.errcode !== sqliteBusy) throw error;
    if (!asGateway) return undefined;
    throw new StoreProblem(
      'DATA_DIR',
      `${JSON.stringify(folder)} is in use by another gateway; accepted: a folder of its own, or DATABASE_URL for several gateways.`,
    );
  }
}

function migrate(database: DatabaseSync): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    database.exec(versionTable.make);
    const version = database.prepare(versionTable.read).get()?.['version'];
    for (const sql of migrationsFrom(version, 'DATA_DIR')) database.exec(sql);
    database.exec('COMMIT');
  } catch (error) {
    database.close();
    throw error;
  }
}

class SqliteDatabase implements Database {
  readonly #database: DatabaseSync;
  readonly #lock: DatabaseSync | undefined;
  readonly #holder = randomUUID();
  readonly #prepared = new Map<string, Prepared>();

  constructor(database: DatabaseSync, lock: DatabaseSync | undefined) {
    this.#database = database;
    this.#lock = lock;
  }

  prepare(): Promise<void> {
    return Promise.resolve();
  }

  async run(...statements: readonly Statement[]): Promise<readonly (readonly Row[])[]> {
    return this.#transaction(statements);
  }

  async runLoosely(...statements: readonly Statement[]): Promise<readonly (readonly Row[])[]> {
    // All of it in one go: nothing else may be written in between.
    try {
      if (this.#database.isOpen) this.#database.exec('PRAGMA synchronous = NORMAL');
      return this.#transaction(statements);
    } finally {
      if (this.#database.isOpen) this.#database.exec('PRAGMA synchronous = FULL');
    }
  }

  #transaction(statements: readonly Statement[]): readonly (readonly Row[])[] {
    try {
      if (statements.length > 1) this.#database.exec('BEGIN IMMEDIATE');
      const results = statements.map(statement => this.#rows(statement));
      if (statements.length > 1) this.#database.exec('COMMIT');
      return results;
    } catch (error) {
      // A full disk has rolled it back already.
      if (this.#database.isOpen && this.#database.isTransaction) this.#database.exec('ROLLBACK');
      if (isSqlite(error) && duplicates.has(error.errcode)) throw new DuplicateValue(error);
      throw new StoreUnavailable(error);
    }
  }

  holder(): Promise<string> {
    return Promise.resolve(this.#holder);
  }

  living(holders: readonly string[]): Promise<readonly string[]> {
    return Promise.resolve(
      this.#lock === undefined ? holders : holders.filter(holder => holder === this.#holder),
    );
  }

  async close(): Promise<void> {
    if (this.#database.isOpen) this.#database.close();
    this.#lock?.close();
  }

  #rows({ sql, values = [] }: Statement): readonly Row[] {
    let prepared = this.#prepared.get(sql);
    if (prepared === undefined) {
      prepared = preparedOf(this.#database, sql);
      this.#prepared.set(sql, prepared);
    }
    return prepared.statement.all(...prepared.order.map(index => values[index] ?? null));
  }
}

interface Prepared {
  readonly statement: StatementSync;
  /** Which value stands at each place. */
  readonly order: readonly number[];
}

/** Values are bound by their places, which costs half of what binding them by name does. */
function preparedOf(database: DatabaseSync, sql: string): Prepared {
  const order: number[] = [];
  const placed = sql.replace(/\$(\d+)/g, (_, number: string) => {
    order.push(Number(number) - 1);
    return '?';
  });
  return { statement: database.prepare(placed), order };
}

function isSqlite(error: unknown): error is Error & { readonly errcode: number } {
  return error instanceof Error && 'errcode' in error;
}

/** Such as `EACCES` or `disk I/O error`. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && error.code !== 'ERR_SQLITE_ERROR' ? String(error.code) : error.message;
}
