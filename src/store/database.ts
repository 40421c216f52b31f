export type SqlValue = string | number | null;

/**
 * One statement in the SQL that SQLite and PostgreSQL share; its values are `$1`, `$2`, … in it.
 *
 * `store_now()` in it stands for the store's time in epoch milliseconds: one clock for all gateways on the store, and
 * no gateway's own. `store_identity()` stands for a text that changes when another server, or a restored copy, has
 * taken the store's place.
 */
export interface Statement {
  readonly sql: string;
  readonly values?: readonly SqlValue[];
}

export type Row = Readonly<Record<string, unknown>>;

/** Where records are kept so that they survive a crash. Opened by `openSqlite` or `openPostgres`. */
export interface Database {
  /**
   * Makes the tables, or brings them up to date. Everything else does so by itself when it has not been done.
   * @throws StoreProblem when the tables are those of a newer program; StoreUnavailable
   */
  prepare(): Promise<void>;
  /**
   * Runs the statements as one transaction and gives the rows of each. Once it resolves, they are on disk.
   * @throws DuplicateValue when a value that must be unique is there already; StoreUnavailable for anything else
   */
  run(...statements: readonly Statement[]): Promise<readonly (readonly Row[])[]>;
  /**
   * The same, for what may be lost when the machine fails right afterwards, though not when a process does: a later
   * `run` brings it to disk as well.
   */
  runLoosely(...statements: readonly Statement[]): Promise<readonly (readonly Row[])[]>;
  /** Wakes all programs on this store that are listening, this one too. One that cannot hear it is not woken. */
  announce(): Promise<void>;
  /** Is called whenever somebody announces something, and whenever something may have been missed. */
  onAnnouncement(listener: () => void): void;
  /** The name under which this process holds its leases. Others see at once when the process is gone. */
  owner(): Promise<string>;
  /** Those of the owners that may still be alive. */
  living(owners: readonly string[]): Promise<readonly string[]>;
  close(): Promise<void>;
}

export interface OpenOptions {
  /** False for a command that looks at records while a gateway may be running. @default true */
  readonly asGateway?: boolean;
  /**
   * How long a store that is new, or has taken another one's place, is not known to hold every record of what was sent,
   * in ms: the resend delay. Without it that is not noted, as for a command that sends nothing.
   */
  readonly lossWindowMs?: number;
  /** The store's time in place of its own, for tests; epoch ms. */
  readonly clock?: () => number;
}

/** A value that must be unique is there already. */
export class DuplicateValue extends Error {
  override readonly name = 'DuplicateValue';

  constructor(cause: unknown) {
    super('the value is there already', { cause });
  }
}

/** The store can never be used as it is set up: somebody has to change something first. */
export class StoreProblem extends Error {
  override readonly name = 'StoreProblem';
  /** The setting at fault. */
  readonly variable: 'DATA_DIR' | 'DATABASE_URL';

  constructor(variable: StoreProblem['variable'], problem: string) {
    super(problem);
    this.variable = variable;
  }
}
