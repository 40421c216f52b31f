import type { Database } from './database.ts';
import { openPostgres } from './postgres.ts';
import { openSqlite } from './sqlite.ts';

/** A PostgreSQL by its address, or a folder of this machine. */
export type StoreConfig = { readonly url: string } | { readonly folder: string };

/**
 * Opens the store that is configured.
 * @param options.asGateway false for a command that looks at records while a gateway may be running
 * @throws StoreProblem when it cannot be used
 */
export function openStore(config: StoreConfig, options: { readonly asGateway?: boolean } = {}): Database {
  return 'url' in config ? openPostgres(config.url) : openSqlite(config.folder, options);
}
