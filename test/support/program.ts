import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

export interface Program {
  readonly stdout: string;
  readonly stderr: string;
  /** Resolves with the match as soon as stdout has one; rejects when the program ends without. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
  kill(signal: 'SIGTERM' | 'SIGINT' | 'SIGUSR2' | 'SIGKILL'): void;
  /** Exit code and signal, once it has ended and all its words are in. */
  readonly ended: Promise<readonly [code: number | null, signal: string | null]>;
}

/** Where V8 keeps what it has compiled of `src/` and its packages: a program starts with half the work. */
const compileCache = join(tmpdir(), 'lean-payouts-compile-cache');

/**
 * Runs a program of `src/`, with nothing in its environment but what is given, and a store of its own unless one is
 * given; it is gone when the test is over.
 */
export function runProgram(
  file: string,
  environment: Readonly<Record<string, string>>,
  args: readonly string[] = [],
): Program {
  const path = fileURLToPath(new URL(`../../src/${file}`, import.meta.url));
  const folder = mkdtempSync(join(tmpdir(), 'lean-payouts-test-'));
  const child = spawn(process.execPath, [path, ...args], {
    env: {
      PATH: process.env['PATH'],
      NODE_COMPILE_CACHE: compileCache,
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
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      said[name] += text;
    });
  const ended = once(child, 'close') as Promise<[number | null, string | null]>;
  return {
    get stdout() {
      return said.stdout;
    },
    get stderr() {
      return said.stderr;
    },
    ended,
    kill: signal => void child.kill(signal),
    async says(pattern) {
      for (;;) {
        const match = pattern.exec(said.stdout);
        if (match !== null) return match;
        const over = await Promise.race([
          once(child.stdout, 'data').then(() => false),
          ended.then(() => true),
        ]);
        if (over) throw new Error(`it ended without ${String(pattern)}: ${said.stdout}${said.stderr}`);
      }
    },
  };
}
