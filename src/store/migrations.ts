import { randomUUID } from 'node:crypto';
import { StoreConfigError } from './database.ts';
import { randomNamePlaceholder, schemaVersions } from './schema.ts';

/** The table with the schema version, in one row. */
export const versionTable = {
  create: 'CREATE TABLE IF NOT EXISTS lean_payouts_schema (version INTEGER NOT NULL)',
  read: 'SELECT version FROM lean_payouts_schema',
} as const;

/**
 * Returns the statements that migrate the tables from `version` to this program's version.
 * @param version undefined if there are no tables yet
 * @throws StoreConfigError when a newer program created the tables
 */
export function migrationsFrom(version: unknown, variable: StoreConfigError['variable']): readonly string[] {
  const current = Number(version ?? 0);
  const newest = schemaVersions.length;
  if (current > newest)
    throw new StoreConfigError(
      variable,
      `its tables have version ${String(current)}, created by a newer version of this program; ` +
        `accepted: a store of version ${String(newest)} or older.`,
    );
  if (current === newest) return [];
  const setVersion =
    version === undefined
      ? `INSERT INTO lean_payouts_schema (version) VALUES (${String(newest)})`
      : `UPDATE lean_payouts_schema SET version = ${String(newest)}`;
  const name = `'${randomUUID()}'`;
  return [...schemaVersions.slice(current).flat(), setVersion].map(sql =>
    sql.replace(randomNamePlaceholder, name),
  );
}
