import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject, onTestFinished } from 'vitest';
import type { Database, OpenOptions } from '../../src/store/database.ts';
import { openStore, type StoreConfig } from '../../src/store/open.ts';
import { freshDatabase } from './postgres.ts';

/** Every rule about records holds on both. */
export const stores = ['SQLite', 'PostgreSQL'] as const;
export type StoreKind = (typeof stores)[number];

/** A folder that is gone when the test is over. */
export async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'lean-payouts-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Where a store of a test's own is to be, empty so far. */
export async function freshStore(kind: StoreKind): Promise<StoreConfig> {
  return kind === 'SQLite'
    ? { folder: await freshFolder() }
    : { url: await freshDatabase(inject('postgresUrl')) };
}

/** The same for a program. */
export async function freshStoreEnv(kind: StoreKind): Promise<Record<string, string>> {
  const config = await freshStore(kind);
  return 'url' in config ? { DATABASE_URL: config.url } : { DATA_DIR: config.folder };
}

/** Opens a store that counts as complete; it is closed when the test is over, if the test has not done so. */
export function opened(config: StoreConfig, options: OpenOptions = {}): Database {
  const database = openStore(config, { lossWindowMs: 0, ...options });
  onTestFinished(() => database.close().catch(() => undefined));
  return database;
}
