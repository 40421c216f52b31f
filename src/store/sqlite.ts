import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreConfigError, type Database, type OpenOptions, type Row, type Statement } from './database.ts';
import { migrationsFrom, versionTable } from './migrations.ts';
import { isSqliteError, SqliteTransactions } from './sqlite-transactions.ts';
import { StoreClock } from './store-clock.ts';
import { recordStoreIdentity } from './store-identity.ts';

const sqliteBusy = 5;

/** How long a write waits for another process, such as a command, in ms. */
const busyTimeoutMs = 5000;

/**
 * Opens the store in a folder on this machine. A transaction resolves when it is on disk (`synchronous=FULL`).
 *
 * Only one gateway at a time can use a folder. It holds a file lock, which the operating system releases when the
 * process ends, however it ends. So a lease of any other process in this folder is abandoned.
 * @param path the folder, relative to the current directory
 * @throws StoreConfigError when the folder cannot be used, or another gateway uses it
 * @see https://www.sqlite.org/pragma.html#pragma_synchronous
 */
export function openSqlite(path: string, options: OpenOptions = {}): Database {
  const { asGateway = true, lossWindowMs } = options;
  const folder = resolve(path);
  const file = join(folder, 'payouts.db');
  if (!asGateway && !existsSync(file))
    throw new StoreConfigError(
      'DATA_DIR',
      `there are no payout records in ${JSON.stringify(folder)}; accepted: the folder of a gateway, or DATABASE_URL.`,
    );
  let lock: DatabaseSync | undefined;
  let database: DatabaseSync | undefined;
  try {
    createFolder(folder);
    lock = acquireLock(folder, asGateway);
    // The records contain account numbers. SQLite gives its other files the same mode as this one.
    closeSync(openSync(file, 'a', 0o600));
    database = new DatabaseSync(file, { timeout: busyTimeoutMs });
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000');
    const clock = new StoreClock();
    database.function('store_now', options.clock ?? (() => clock.now()));
    // A copy that replaces the file differs at least in the time of its creation.
    const { ino, birthtimeNs } = statSync(file, { bigint: true });
    const identity = `${String(ino)}-${String(birthtimeNs)}`;
    database.function('store_identity', () => identity);
    migrate(database);
    if (lossWindowMs !== undefined) database.exec(recordStoreIdentity(lossWindowMs));
    return new SqliteDatabase(database, lock);
  } catch (error) {
    database?.close();
    lock?.close();
    if (error instanceof StoreConfigError) throw error;
    throw new StoreConfigError(
      'DATA_DIR',
      `${JSON.stringify(folder)} cannot be used (${reasonOf(error)}); accepted: a writable folder on a local disk.`,
    );
  }
}

/** Creates a folder and its parents. Node's recursive `mkdir` never returns where none can be created, as in /proc. */
function createFolder(folder: string): void {
  if (existsSync(folder)) return;
  createFolder(dirname(folder));
  mkdirSync(folder, { mode: 0o700 });
}

/**
 * Takes the lock of the folder. A gateway waits up to `busyTimeoutMs` for a previous gateway or a command to end.
 * @returns undefined for a command while a gateway uses the folder
 * @throws StoreConfigError for a gateway while another one uses the folder
 */
function acquireLock(folder: string, asGateway: boolean): DatabaseSync | undefined {
  const lock = new DatabaseSync(join(folder, 'gateway.lock'), { timeout: asGateway ? busyTimeoutMs : 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock.close();
    if (!isSqliteError(error) || error.errcode !== sqliteBusy) throw error;
    if (!asGateway) return undefined;
    throw new StoreConfigError(
      'DATA_DIR',
      `${JSON.stringify(folder)} is in use by another gateway; accepted: a separate folder, or DATABASE_URL for several gateways.`,
    );
  }
}

/** If it throws, the transaction is open. Closing the database then undoes it. */
function migrate(database: DatabaseSync): void {
  database.exec('BEGIN IMMEDIATE');
  database.exec(versionTable.create);
  const version = database.prepare(versionTable.read).get()?.['version'];
  for (const sql of migrationsFrom(version, 'DATA_DIR')) database.exec(sql);
  database.exec('COMMIT');
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

  migrate(): Promise<void> {
    return Promise.resolve();
  }

  run(...statements: readonly Statement[]): Promise<readonly (readonly Row[])[]> {
    return this.#transactions.run(statements);
  }

  runWithoutSync(...statements: readonly Statement[]): Promise<readonly (readonly Row[])[]> {
    return this.#transactions.run(statements, { withoutSync: true });
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

  aliveOwners(owners: readonly string[]): Promise<readonly string[]> {
    return Promise.resolve(this.#lock === undefined ? owners : owners.filter(owner => owner === this.#owner));
  }

  async close(): Promise<void> {
    this.#transactions.flush();
    if (this.#database.isOpen) this.#database.close();
    this.#lock?.close();
  }
}

/** The error code or the message, such as `EACCES` or `disk I/O error`. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && error.code !== 'ERR_SQLITE_ERROR' ? String(error.code) : error.message;
}
