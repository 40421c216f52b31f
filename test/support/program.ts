import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject, onTestFinished } from 'vitest';
import type { ProgramName } from './bundled-programs.ts';

export interface Program {
  readonly stdout: string;
  readonly stderr: string;
  /** Resolves with the first match in stdout. Rejects if the program ends without one. */
  waitForOutput(pattern: RegExp): Promise<RegExpExecArray>;
  kill(signal: 'SIGTERM' | 'SIGINT' | 'SIGHUP' | 'SIGUSR2' | 'SIGKILL'): void;
  /** Resolves with exit code and signal once the program has ended and its output is complete. */
  readonly ended: Promise<readonly [code: number | null, signal: string | null]>;
}

/** Environment variables that every program needs. With the cache a program starts in half of the time. */
export function commonEnvironment(): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    NODE_COMPILE_CACHE: join(inject('programFolder'), 'compile-cache'),
  };
}

/** The file to start for a program. */
export function pathOf(program: ProgramName): string {
  return join(inject('programFolder'), `${program}.js`);
}

/**
 * Runs a program with only the given environment variables, and with its own store unless `environment` names one. The
 * program is killed at the end of the test.
 */
export function runProgram(
  program: ProgramName,
  environment: Readonly<Record<string, string>>,
  args: readonly string[] = [],
): Program {
  const folder = mkdtempSync(join(tmpdir(), 'lean-payouts-test-'));
  const child = spawn(process.execPath, [pathOf(program), ...args], {
    env: {
      ...commonEnvironment(),
      DATA_DIR: folder,
      REST_PORT: 'off',
      MCP_PORT: 'off',
      ...environment,
    },
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
    });
  const ended = once(child, 'close') as Promise<[number | null, string | null]>;
  return {
    get stdout() {
      return output.stdout;
    },
    get stderr() {
      return output.stderr;
    },
    ended,
    kill: signal => void child.kill(signal),
    async waitForOutput(pattern) {
      for (;;) {
        const match = pattern.exec(output.stdout);
        if (match !== null) return match;
        const hasEnded = await Promise.race([
          once(child.stdout, 'data').then(() => false),
          ended.then(() => true),
        ]);
        if (hasEnded)
          throw new Error(
            `the program ended without printing ${String(pattern)}: ${output.stdout}${output.stderr}`,
          );
      }
    },
  };
}
