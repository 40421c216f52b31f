import type { Database, OpenOptions } from './database.ts';
import { openPostgres } from './postgres.ts';
import { openSqlite } from './sqlite.ts';

/** The URL of a PostgreSQL database, or a folder on this machine for SQLite. */
export type StoreConfig = { readonly url: string } | { readonly folder: string };

/**
 * Opens the configured store.
 * @throws StoreConfigError when it cannot be used
 */
export function openStore(config: StoreConfig, options: OpenOptions = {}): Database {
  return 'url' in config ? openPostgres(config.url, options) : openSqlite(config.folder, options);
}
