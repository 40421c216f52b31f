export type SqlValue = string | number | null;

/**
 * One SQL statement that runs on both SQLite and PostgreSQL. It refers to its values as `$1`, `$2`, ….
 *
 * The SQL may use two functions. `store_now()` returns the store's time in epoch milliseconds. All gateways on a store
 * share this one clock. `store_identity()` returns a text that changes when another server or a restored copy replaces
 * the store.
 */
export interface Statement {
  readonly sql: string;
  readonly values?: readonly SqlValue[];
}

export type Row = Readonly<Record<string, unknown>>;

/** Durable storage for the payout records. `openSqlite` and `openPostgres` open it. */
export interface Database {
  /**
   * Creates the tables or migrates them to this program's version. The other methods do this first if it has not been
   * done yet.
   * @throws StoreConfigError when a newer program created the tables; StoreUnavailable
   */
  migrate(): Promise<void>;
  /**
   * Runs the statements in one transaction and returns the rows of each. When it resolves, the changes are on disk.
   * @throws DuplicateValue when a unique constraint is violated; StoreUnavailable for every other failure
   */
  run(...statements: readonly Statement[]): Promise<readonly (readonly Row[])[]>;
  /**
   * Same as `run`, but does not wait until the changes are on disk. A crash of the process cannot lose them. A crash
   * of the machine can, until a later `run` has written them to disk.
   */
  runWithoutSync(...statements: readonly Statement[]): Promise<readonly (readonly Row[])[]>;
  /** Notifies all listening programs on this store, including this one. A disconnected program misses it. */
  announce(): Promise<void>;
  /** Calls the listener on every announcement, and whenever an announcement may have been missed. */
  onAnnouncement(listener: () => void): void;
  /** The id under which this process holds its leases. Other gateways see at once when the process has ended. */
  owner(): Promise<string>;
  /** Returns those of the owners that may still be alive. */
  aliveOwners(owners: readonly string[]): Promise<readonly string[]>;
  close(): Promise<void>;
}

export interface OpenOptions {
  /** False for a command, which may run beside a gateway. @default true */
  readonly asGateway?: boolean;
  /**
   * How long a new or restored store may lack records of sent payouts, in ms. This is the resend delay. A command that
   * sends nothing leaves it out: then the identity of the store is not recorded.
   */
  readonly lossWindowMs?: number;
  /** Replaces the store's clock in tests; epoch ms. */
  readonly clock?: () => number;
}

/** A statement has violated a unique constraint. */
export class DuplicateValue extends Error {
  override readonly name = 'DuplicateValue';

  constructor(cause: unknown) {
    super('a value that must be unique exists already', { cause });
  }
}

/** The store cannot be used as it is configured. An operator has to change the configuration. */
export class StoreConfigError extends Error {
  override readonly name = 'StoreConfigError';
  /** The environment variable with the wrong setting. */
  readonly variable: 'DATA_DIR' | 'DATABASE_URL';

  constructor(variable: StoreConfigError['variable'], problem: string) {
    super(problem);
    this.variable = variable;
  }
}
