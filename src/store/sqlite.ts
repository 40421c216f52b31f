import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreProblem, type Database, type OpenOptions, type Row, type Statement } from './database.ts';
import { migrationsFrom, versionTable } from './migrations.ts';
import { isSqliteError, SqliteTransactions } from './sqlite-transactions.ts';
import { StoreClock } from './store-clock.ts';
import { noteStore } from './store-identity.ts';

const sqliteBusy = 5;

/** How long another process, such as the one that lists records, may hold a write up. */
const busyTimeoutMs = 5000;

/**
 * The store in a folder of this machine. Every transaction is on disk before it is over (`synchronous=FULL`).
 *
 * One gateway at a time has a folder: it holds a lock that the system lets go of however the process ends. So what
 * another process has left leased in the folder has nobody who is at it any more.
 * @param given the folder, from where the program was started
 * @throws StoreProblem when the folder cannot be used, or another gateway has it
 * @see https://www.sqlite.org/pragma.html#pragma_synchronous
 */
export function openSqlite(given: string, options: OpenOptions = {}): Database {
  const { asGateway = true, lossWindowMs } = options;
  const folder = resolve(given);
  const file = join(folder, 'payouts.db');
  if (!asGateway && !existsSync(file))
    throw new StoreProblem(
      'DATA_DIR',
      `there are no payout records in ${JSON.stringify(folder)}; accepted: the folder of a gateway, or DATABASE_URL.`,
    );
  let lock: DatabaseSync | undefined;
  try {
    makeFolder(folder);
    lock = lockOf(folder, asGateway);
    // It holds account numbers: what SQLite keeps beside it gets the same mode.
    closeSync(openSync(file, 'a', 0o600));
    const database = new DatabaseSync(file, { timeout: busyTimeoutMs });
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000');
    const clock = new StoreClock();
    database.function('store_now', options.clock ?? (() => clock.now()));
    // A copy that was put in its place is another file, if only by the time at which it was made.
    const { ino, birthtimeNs } = statSync(file, { bigint: true });
    const identity = `${String(ino)}-${String(birthtimeNs)}`;
    database.function('store_identity', () => identity);
    migrate(database);
    if (lossWindowMs !== undefined) database.exec(noteStore(lossWindowMs));
    return new SqliteDatabase(database, lock);
  } catch (error) {
    lock?.close();
    if (error instanceof StoreProblem) throw error;
    throw new StoreProblem(
      'DATA_DIR',
      `${JSON.stringify(folder)} cannot be used (${reasonOf(error)}); accepted: a folder on a local disk that can be written.`,
    );
  }
}

/** Makes a folder and its parents, one at a time: Node's own way to do so tries for ever where none can be made (/proc). */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  mkdirSync(folder, { mode: 0o700 });
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
    if (!isSqliteError(error) || error.errcode !== sqliteBusy) throw error;
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
  readonly #transactions: SqliteTransactions;
  readonly #lock: DatabaseSync | undefined;
  readonly #owner = randomUUID();
  readonly #listeners: (() => void)[] = [];

  constructor(database: DatabaseSync, lock: DatabaseSync | undefined) {
    this.#database = database;
    this.#transactions = new SqliteTransactions(database);
    this.#lock = lock;
  }

  prepare(): Promise<void> {
    return Promise.resolve();
  }

  run(...statements: readonly Statement[]): Promise<readonly (readonly Row[])[]> {
    return this.#transactions.run(statements);
  }

  runLoosely(...statements: readonly Statement[]): Promise<readonly (readonly Row[])[]> {
    return this.#transactions.run(statements, { loosely: true });
  }

  announce(): Promise<void> {
    for (const listener of this.#listeners) listener();
    return Promise.resolve();
  }

  onAnnouncement(listener: () => void): void {
    this.#listeners.push(listener);
  }

  owner(): Promise<string> {
    return Promise.resolve(this.#owner);
  }

  living(owners: readonly string[]): Promise<readonly string[]> {
    return Promise.resolve(this.#lock === undefined ? owners : owners.filter(owner => owner === this.#owner));
  }

  async close(): Promise<void> {
    this.#transactions.flush();
    if (this.#database.isOpen) this.#database.close();
    this.#lock?.close();
  }
}

/** Such as `EACCES` or `disk I/O error`. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && error.code !== 'ERR_SQLITE_ERROR' ? String(error.code) : error.message;
}
