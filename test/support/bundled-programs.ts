import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { bundlePrograms } from '../../scripts/program-bundle.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The folder with the bundles of the programs that tests start. */
    programFolder: string;
  }
}

/** The programs that `runProgram` can start, by their names. */
const programs = {
  main: 'src/main.ts',
  dev: 'src/dev.ts',
  sandbox: 'src/sandbox/main.ts',
  'live-replica': 'test/support/live-replica.ts',
} as const;

export type ProgramName = keyof typeof programs;

/**
 * Bundles each program into a few files before the tests, because a start from its many files takes three times as much
 * CPU time. Tests of the documented commands start the programs as they are.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'lean-payouts-programs-'));
  // kill-at.ts changes the driver of the program, so the program must load the same one.
  await bundlePrograms({ programs, folder, unbundled: 'pg' });
  project.provide('programFolder', folder);
  return () => rm(folder, { recursive: true });
}
