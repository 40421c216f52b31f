import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify, stripVTControlCharacters } from 'node:util';

/** Longer than a slow machine needs, also to install packages. It is less than the timeout of a test or hook. */
const timeoutMs = 150_000;

export interface CommandOptions {
  /** @default the folder of the tests */
  readonly cwd?: string;
  /** Variables in addition to those of the tests. */
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * Runs a command line to its end, and returns what it has printed. Rejects with that if the command fails, or runs
 * longer than 150 seconds.
 */
export async function runCommand(command: string, { cwd, env }: CommandOptions = {}): Promise<string> {
  const options = { cwd, env: { ...process.env, ...env }, maxBuffer: Infinity, timeout: timeoutMs };
  try {
    return (await promisify(execFile)('bash', ['-c', command], options)).stdout;
  } catch (error) {
    const { stdout, stderr } = error as { readonly stdout: string; readonly stderr: string };
    throw new Error(`${command} failed:\n${stdout}${stderr}`);
  }
}

/** Starts a command line. */
export function startCommand(command: string, { cwd, env }: CommandOptions = {}): RunningCommand {
  return new RunningCommand(command, { cwd, env: { ...process.env, ...env } });
}

/** A command line that runs in a process group of its own. */
export class RunningCommand {
  #output = '';
  readonly #command: string;
  readonly #child;
  readonly #ended: Promise<unknown>;

  constructor(
    command: string,
    options: { readonly cwd: string | undefined; readonly env: NodeJS.ProcessEnv },
  ) {
    this.#command = command;
    this.#child = spawn('bash', ['-c', command], {
      ...options,
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
    this.#ended = once(this.#child, 'close');
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
  }

  /** All that it has printed to its standard output, without colors. (Vite prints colors if `CI` is set.) */
  get printed(): string {
    return stripVTControlCharacters(this.#output);
  }

  /**
   * Resolves once the command has printed the text. If it ends without that, or does not print it within 150 seconds,
   * this stops the command and rejects.
   */
  async waitFor(text: string): Promise<void> {
    const failure = Promise.race([
      this.#ended.then(() => 'ended'),
      pause(timeoutMs, `ran for ${String(timeoutMs)} ms`, { ref: false }),
    ]);
    while (!this.printed.includes(text)) {
      const failed = await Promise.race([once(this.#child.stdout, 'data').then(() => undefined), failure]);
      if (failed === undefined || this.printed.includes(text)) continue;
      await this.stop('SIGKILL');
      throw new Error(`${this.#command} ${failed} without printing ${text}:\n${this.printed}`);
    }
  }

  /** Ends all processes of the command. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    this.#kill(signal);
    await this.#ended;
  }

  #kill(signal: NodeJS.Signals): void {
    try {
      if (this.#child.pid !== undefined) process.kill(-this.#child.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}
