import { randomBytes } from 'node:crypto';
import { StoreUnavailable } from '../errors/gateway-errors.ts';
import type { Database, Row, Statement } from './database.ts';

/** How often a store that has failed is tested, in ms. */
const testIntervalMs = 1000;

/** Random, because PostgreSQL compresses a text that repeats itself. */
const padding = randomBytes(48 * 1024).toString('base64');

/**
 * A transaction that changes nothing, but needs more space than the record of a payout. A disk that is nearly full
 * refuses it, although it can still be read, and although it may have space for a few bytes.
 */
const testTransaction: readonly Statement[] = [
  { sql: 'UPDATE lean_payout_store_name SET name = name || $1', values: [padding] },
  {
    sql: 'UPDATE lean_payout_store_name SET name = substr(name, 1, length(name) - $1)',
    values: [padding.length],
  },
];

/** Called once when the store becomes unavailable, and with undefined when it is available again. */
export type StoreFailureListener = (error: StoreUnavailable | undefined) => void;

/**
 * A database that reports when it fails and when it works again. After a failure it tests itself with a write every
 * second, because without payouts nothing else would find out that the failure is over.
 */
export class MonitoredDatabase implements Database {
  readonly #database: Database;
  readonly #onFailure: StoreFailureListener;
  readonly #intervalMs: number;
  #timer: NodeJS.Timeout | undefined;
  #isFailing = false;
  #closed = false;

  constructor(database: Database, onFailure: StoreFailureListener, intervalMs = testIntervalMs) {
    this.#database = database;
    this.#onFailure = onFailure;
    this.#intervalMs = intervalMs;
  }

  /** Whether the last use of the store failed, and no write has succeeded since. */
  get isFailing(): boolean {
    return this.#isFailing;
  }

  migrate(): Promise<void> {
    return this.#observe(this.#database.migrate());
  }

  run(...statements: readonly Statement[]): Promise<readonly (readonly Row[])[]> {
    return this.#observe(this.#database.run(...statements));
  }

  runWithoutSync(...statements: readonly Statement[]): Promise<readonly (readonly Row[])[]> {
    return this.#observe(this.#database.runWithoutSync(...statements));
  }

  announce(): Promise<void> {
    return this.#observe(this.#database.announce());
  }

  onAnnouncement(listener: () => void): void {
    this.#database.onAnnouncement(listener);
  }

  owner(): Promise<string> {
    return this.#observe(this.#database.owner());
  }

  aliveOwners(owners: readonly string[]): Promise<readonly string[]> {
    return this.#observe(this.#database.aliveOwners(owners));
  }

  close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    return this.#database.close();
  }

  #observe<Value>(result: Promise<Value>): Promise<Value> {
    return result.catch((error: unknown) => {
      if (error instanceof StoreUnavailable) this.#noteFailure(error);
      throw error;
    });
  }

  #noteFailure(error: StoreUnavailable): void {
    if (this.#isFailing || this.#closed) return;
    this.#isFailing = true;
    this.#onFailure(error);
    this.#scheduleTest();
  }

  #scheduleTest(): void {
    this.#timer = setTimeout(() => {
      void this.#test();
    }, this.#intervalMs).unref();
  }

  async #test(): Promise<void> {
    try {
      await this.#database.owner();
      await this.#database.run(...testTransaction);
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      if (!this.#closed) this.#scheduleTest();
      return;
    }
    if (this.#closed) return;
    this.#isFailing = false;
    this.#onFailure(undefined);
  }
}
