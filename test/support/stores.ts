import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject, onTestFinished } from 'vitest';
import type { Database, OpenOptions } from '../../src/store/database.ts';
import { openStore, type StoreConfig } from '../../src/store/open.ts';
import { freshDatabase } from './postgres.ts';
import { reusedDatabase } from './reused-database.ts';

/** The databases that a store may use. Every rule about records is tested on both. */
export const storeKinds = ['SQLite', 'PostgreSQL'] as const;
export type StoreKind = (typeof storeKinds)[number];

/** Creates a folder that is removed at the end of the test. */
export async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'lean-payouts-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** The configuration of an empty store. */
export async function freshStore(kind: StoreKind): Promise<StoreConfig> {
  return kind === 'SQLite'
    ? { folder: await freshFolder() }
    : { url: await freshDatabase(inject('postgresUrl')) };
}

/** The environment variables of an empty store. */
export async function freshStoreEnv(kind: StoreKind): Promise<Record<string, string>> {
  const config = await freshStore(kind);
  return 'url' in config ? { DATABASE_URL: config.url } : { DATA_DIR: config.folder };
}

/**
 * Opens an empty store with the clock of the test. It counts as complete, unless `options` says otherwise. It closes
 * with the test, or a later test uses it. Tests of new stores, of their tables, and of programs use `freshStore`.
 */
export async function openEmptyStore(
  kind: StoreKind,
  clock: () => number,
  options: Pick<OpenOptions, 'lossWindowMs'> = {},
): Promise<{ readonly store: StoreConfig; readonly database: Database }> {
  if (kind === 'PostgreSQL' && options.lossWindowMs === undefined) return reusedDatabase(clock);
  const store = await freshStore(kind);
  return { store, database: openTestStore(store, { clock, ...options }) };
}

/** Opens a store that counts as complete. It closes with the test. */
export function openTestStore(config: StoreConfig, options: OpenOptions = {}): Database {
  const database = openStore(config, { lossWindowMs: 0, ...options });
  onTestFinished(() => database.close().catch(() => undefined));
  return database;
}
