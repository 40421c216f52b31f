import type { Database, OpenOptions } from './database.ts';
import { clientConfig, databaseLocation } from './postgres-connection.ts';
import { openPostgres, type PostgresConfig } from './postgres.ts';
import { openSqlite } from './sqlite.ts';

/** A PostgreSQL database, or a folder on this machine for SQLite. */
export type StoreConfig = PostgresConfig | { readonly folder: string };

/**
 * Opens the configured store.
 * @throws StoreConfigError when it cannot be used
 */
export function openStore(config: StoreConfig, options: OpenOptions = {}): Database {
  return 'url' in config ? openPostgres(config, options) : openSqlite(config.folder, options);
}

/**
 * Checks the address of a database without connecting to it.
 * @throws StoreConfigError
 */
export function checkDatabaseUrl(url: string): void {
  clientConfig(url);
}

/** The folder, or the host and the name of the database. It contains no credentials. */
export function locationOf(config: StoreConfig): string {
  return 'url' in config ? databaseLocation(config.url) : config.folder;
}
