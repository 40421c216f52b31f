import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { StoreUnavailable } from '../errors/gateway-errors.ts';
import { DuplicateValue, type Row, type Statement } from './database.ts';

type Rows = readonly (readonly Row[])[];

interface Job {
  readonly statements: readonly Statement[];
  /** Whether it may be lost with the machine. */
  readonly loosely: boolean;
  readonly resolve: (rows: Rows) => void;
  readonly reject: (error: unknown) => void;
}

/** SQLITE_CONSTRAINT_UNIQUE and SQLITE_CONSTRAINT_PRIMARYKEY. */
const duplicates: ReadonlySet<unknown> = new Set([2067, 1555]);

/**
 * Runs transactions on one connection. Those that are asked for in one turn of the event loop share one write to
 * disk, which is most of what each of them costs; one that fails takes no other with it.
 */
export class SqliteTransactions {
  readonly #database: DatabaseSync;
  readonly #prepared = new Map<string, Prepared>();
  #jobs: Job[] = [];

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** @throws DuplicateValue, StoreUnavailable */
  run(statements: readonly Statement[], { loosely = false } = {}): Promise<Rows> {
    return new Promise((resolve, reject) => {
      if (this.#jobs.length === 0)
        setImmediate(() => {
          this.flush();
        });
      this.#jobs.push({ statements, loosely, resolve, reject });
    });
  }

  /** Runs what has been asked for so far. */
  flush(): void {
    const jobs = this.#jobs;
    this.#jobs = [];
    if (jobs.length === 0) return;
    const loosely = jobs.every(job => job.loosely);
    const database = this.#database;
    let answers: (() => void)[];
    try {
      if (loosely) database.exec('PRAGMA synchronous = NORMAL');
      database.exec('BEGIN IMMEDIATE');
      answers = jobs.map(job => this.#attempt(job));
      database.exec('COMMIT');
    } catch (error) {
      if (database.isOpen && database.isTransaction) database.exec('ROLLBACK');
      answers = jobs.map(job => () => {
        job.reject(failureOf(error));
      });
    } finally {
      if (loosely && database.isOpen) database.exec('PRAGMA synchronous = FULL');
    }
    for (const answer of answers) answer();
  }

  /** Runs one of several and gives its answer, which is true once they are all on disk. */
  #attempt({ statements, resolve, reject }: Job): () => void {
    const database = this.#database;
    database.exec('SAVEPOINT job');
    try {
      const rows = statements.map(statement => this.#rows(statement));
      database.exec('RELEASE job');
      return () => {
        resolve(rows);
      };
    } catch (error) {
      // A full disk has rolled back everything, and not this one alone.
      if (!database.isTransaction) throw error;
      database.exec('ROLLBACK TO job');
      database.exec('RELEASE job');
      return () => {
        reject(failureOf(error));
      };
    }
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

function failureOf(error: unknown): DuplicateValue | StoreUnavailable {
  return isSqliteError(error) && duplicates.has(error.errcode)
    ? new DuplicateValue(error)
    : new StoreUnavailable(error);
}

export function isSqliteError(error: unknown): error is Error & { readonly errcode: number } {
  return error instanceof Error && 'errcode' in error;
}
