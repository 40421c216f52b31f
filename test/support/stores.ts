import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject, onTestFinished } from 'vitest';
import type { Database, OpenOptions } from '../../src/store/database.ts';
import { openStore, type StoreConfig } from '../../src/store/open.ts';
import { freshDatabase } from './postgres.ts';

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

/** Opens a store that counts as complete. It closes with the test. */
export function openTestStore(config: StoreConfig, options: OpenOptions = {}): Database {
  const database = openStore(config, { lossWindowMs: 0, ...options });
  onTestFinished(() => database.close().catch(() => undefined));
  return database;
}
