import { ConfigError } from '../errors/config-error.ts';
import type { OperatorRecords } from '../payouts/creation/operator-records.ts';
import type { PayoutRecords } from '../payouts/creation/payout-records.ts';
import { StoreConfigError, type Database, type OpenOptions } from '../store/database.ts';
import { locationOf, openStore, type StoreConfig } from '../store/open.ts';
import { SqlOperatorRecords } from '../store/operator-records.ts';
import { SqlPayoutRecords } from '../store/payout-records.ts';

/**
 * Opens only the payout records, for a command that may run beside a gateway.
 * @throws ConfigError when the store cannot be used; StoreUnavailable
 */
export async function openPayoutRecords(config: StoreConfig): Promise<{
  readonly records: PayoutRecords;
  readonly operator: OperatorRecords;
  /** The folder, or the host and name of the database. It contains no credentials. */
  readonly location: string;
  close(): Promise<void>;
}> {
  const database = openDatabase(config, { asGateway: false });
  await migrate(database).catch(async (error: unknown) => {
    await database.close();
    throw error;
  });
  return {
    records: new SqlPayoutRecords(database),
    operator: new SqlOperatorRecords(database),
    location: locationOf(config),
    close: () => database.close(),
  };
}

/**
 * Opens the store, without connecting to it.
 * @throws ConfigError when the store cannot be used
 */
export function openDatabase(config: StoreConfig, options: OpenOptions): Database {
  try {
    return openStore(config, options);
  } catch (error) {
    throw configErrorOf(error);
  }
}

/**
 * Creates the tables of the store, or migrates them to this version.
 * @throws ConfigError when a newer program created the tables; StoreUnavailable
 */
export async function migrate(database: Database): Promise<void> {
  try {
    await database.migrate();
  } catch (error) {
    throw configErrorOf(error);
  }
}

/** Converts a `StoreConfigError` to a `ConfigError`, and returns any other error unchanged. */
function configErrorOf(error: unknown): unknown {
  return error instanceof StoreConfigError ? new ConfigError([`${error.variable}: ${error.message}`]) : error;
}
