import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The folder with the bundles of the programs that tests start. */
    programFolder: string;
  }
}

const require = createRequire(import.meta.url);
const root = new URL('../../', import.meta.url);

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
  const bundle = await rolldown({
    cwd: fileURLToPath(root),
    input: programs,
    platform: 'node',
    logLevel: 'warn',
    external: /^node:/,
    plugins: [
      {
        name: 'keep-driver-and-paths',
        // kill-at.ts changes the driver of the program, so the program must load the same one.
        resolveId: source =>
          source === 'pg' ? { id: pathToFileURL(require.resolve('pg')).href, external: true } : undefined,
        // Programs read files next to their sources.
        transform: (code, id) => code.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href)),
      },
    ],
  });
  await bundle.write({
    dir: folder,
    entryFileNames: '[name].mjs',
    chunkFileNames: '[name]-[hash].mjs',
    keepNames: true,
  });
  await bundle.close();
  project.provide('programFolder', folder);
  return () => rm(folder, { recursive: true });
}
