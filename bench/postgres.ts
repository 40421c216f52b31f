import { startPostgres, type Postgres } from '../test/support/postgres.ts';

/**
 * Starts a PostgreSQL server of its own with the server's default settings: it writes each commit to disk before it
 * answers, and accepts at most 100 connections. Undefined, with a sentence on standard output, if this machine has no
 * PostgreSQL that can be started.
 * @param settings further settings, as `name=value`
 */
export async function startDurablePostgres(settings: readonly string[] = []): Promise<Postgres | undefined> {
  try {
    return await startPostgres(settings);
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'it ended at its start';
    console.log(`PostgreSQL is left out, because it cannot be started on this machine: ${reason}`);
    return undefined;
  }
}
