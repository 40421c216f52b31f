import type { EventEmitter } from 'node:events';
import type { TestProject } from 'vitest/node';
import { startPostgres } from './postgres.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The address of a PostgreSQL server that all tests share. Each test creates its own databases. */
    postgresUrl: string;
  }
}

const exitEvents = ['beforeExit', 'exit'] as const;

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const emitter: EventEmitter = process;
  const before = exitEvents.map(event => new Set(emitter.listeners(event)));
  const postgres = await startPostgres();
  // The package adds exit handlers to the process, which would make every test run end with the exit code 0. They are
  // removed, because the server is stopped here.
  for (const [index, event] of exitEvents.entries())
    for (const listener of emitter.listeners(event) as (() => void)[])
      if (before[index]?.has(listener) === false) emitter.removeListener(event, listener);
  project.provide('postgresUrl', postgres.url);
  return () => postgres.remove();
}
