import type { EventEmitter } from 'node:events';
import type { TestProject } from 'vitest/node';
import { startPostgres } from './postgres.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** A PostgreSQL that all tests share; each makes databases of its own in it. */
    postgresUrl: string;
  }
}

const endings = ['beforeExit', 'exit'] as const;

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const program: EventEmitter = process;
  const before = endings.map(event => new Set(program.listeners(event)));
  const postgres = await startPostgres();
  // What its package leaves at the process would have every run end with 0, whatever has failed; and it is stopped here.
  for (const [index, event] of endings.entries())
    for (const listener of program.listeners(event) as (() => void)[])
      if (before[index]?.has(listener) === false) program.removeListener(event, listener);
  project.provide('postgresUrl', postgres.url);
  return () => postgres.remove();
}
