import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { StoreUnavailable } from '../errors/gateway-errors.ts';
import { DuplicateValue, type Row, type Statement } from './database.ts';

type Rows = readonly (readonly Row[])[];

interface PendingTransaction {
  readonly statements: readonly Statement[];
  /** Whether a crash of the machine may lose it. */
  readonly withoutSync: boolean;
  readonly resolve: (rows: Rows) => void;
  readonly reject: (error: unknown) => void;
}

/** The error codes SQLITE_CONSTRAINT_UNIQUE and SQLITE_CONSTRAINT_PRIMARYKEY. */
const uniqueViolationCodes: ReadonlySet<unknown> = new Set([2067, 1555]);

/**
 * Runs transactions on one connection. All transactions that are requested in one iteration of the event loop share
 * one commit, because the write to disk is most of the cost of a transaction. Each runs in a savepoint, so a failed
 * one does not affect the others.
 */
export class SqliteTransactions {
  readonly #database: DatabaseSync;
  readonly #prepared = new Map<string, Prepared>();
  #pending: PendingTransaction[] = [];

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** @throws DuplicateValue, StoreUnavailable */
  run(statements: readonly Statement[], { withoutSync = false } = {}): Promise<Rows> {
    return new Promise((resolve, reject) => {
      if (this.#pending.length === 0)
        setImmediate(() => {
          this.flush();
        });
      this.#pending.push({ statements, withoutSync, resolve, reject });
    });
  }

  /** Runs all transactions that have been requested so far. */
  flush(): void {
    const transactions = this.#pending;
    this.#pending = [];
    if (transactions.length === 0) return;
    const withoutSync = transactions.every(transaction => transaction.withoutSync);
    const database = this.#database;
    let callbacks: (() => void)[];
    try {
      if (withoutSync) database.exec('PRAGMA synchronous = NORMAL');
      database.exec('BEGIN IMMEDIATE');
      callbacks = transactions.map(transaction => this.#runInSavepoint(transaction));
      database.exec('COMMIT');
    } catch (error) {
      if (database.isOpen && database.isTransaction) database.exec('ROLLBACK');
      callbacks = transactions.map(({ reject }) => () => {
        reject(toStoreError(error));
      });
    } finally {
      if (withoutSync && database.isOpen) database.exec('PRAGMA synchronous = FULL');
    }
    for (const callback of callbacks) callback();
  }

  /** Runs one transaction and returns the callback that settles its promise. Call it after the shared commit. */
  #runInSavepoint({ statements, resolve, reject }: PendingTransaction): () => void {
    const database = this.#database;
    database.exec('SAVEPOINT pending');
    try {
      const rows = statements.map(statement => this.#query(statement));
      database.exec('RELEASE pending');
      return () => {
        resolve(rows);
      };
    } catch (error) {
      // If the disk is full, SQLite rolls back the whole transaction, not only the savepoint.
      if (!database.isTransaction) throw error;
      database.exec('ROLLBACK TO pending');
      database.exec('RELEASE pending');
      return () => {
        reject(toStoreError(error));
      };
    }
  }

  #query({ sql, values = [] }: Statement): readonly Row[] {
    let prepared = this.#prepared.get(sql);
    if (prepared === undefined) {
      prepared = prepareStatement(this.#database, sql);
      this.#prepared.set(sql, prepared);
    }
    return prepared.statement.all(...prepared.valueIndexes.map(index => values[index] ?? null));
  }
}

interface Prepared {
  readonly statement: StatementSync;
  /** The index of the value for each parameter. */
  readonly valueIndexes: readonly number[];
}

/** Replaces `$1`, `$2`, … by `?`, because `node:sqlite` binds by position faster than by name (docs/performance.md). */
function prepareStatement(database: DatabaseSync, sql: string): Prepared {
  const valueIndexes: number[] = [];
  const positional = sql.replace(/\$(\d+)/g, (_, number: string) => {
    valueIndexes.push(Number(number) - 1);
    return '?';
  });
  return { statement: database.prepare(positional), valueIndexes };
}

function toStoreError(error: unknown): DuplicateValue | StoreUnavailable {
  return isSqliteError(error) && uniqueViolationCodes.has(error.errcode)
    ? new DuplicateValue(error)
    : new StoreUnavailable(error);
}

export function isSqliteError(error: unknown): error is Error & { readonly errcode: number } {
  return error instanceof Error && 'errcode' in error;
}
