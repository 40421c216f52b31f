import type { Database, OpenOptions } from './database.ts';
import { openPostgres } from './postgres.ts';
import { openSqlite } from './sqlite.ts';

/** A PostgreSQL by its address, or a folder of this machine. */
export type StoreConfig = { readonly url: string } | { readonly folder: string };

/**
 * Opens the store that is configured.
 * @throws StoreProblem when it cannot be used
 */
export function openStore(config: StoreConfig, options: OpenOptions = {}): Database {
  return 'url' in config ? openPostgres(config.url, options) : openSqlite(config.folder, options);
}
