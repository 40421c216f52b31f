import type { Logger } from 'pino';
import { UsageError } from '../errors/usage-error.ts';
import { ConfigError } from '../errors/config-error.ts';
import { StoreUnavailable } from '../errors/gateway-errors.ts';

/**
 * The longest wait for work in progress after a signal, in ms. A repeated key may look at Lean and then send, each for
 * `LEAN_TIMEOUT_MS`: so it is twice the largest of those, and a minute.
 */
const maxDrainMs = 660_000;

/** A program that has started. */
export interface RunningProgram {
  /** Where what goes wrong is told. @default the standard error */
  readonly log?: Logger;
  close(): Promise<void>;
}

/**
 * Runs a program until it is told to stop: on SIGTERM or SIGINT what is under way is finished, then it ends with 0.
 * A start that fails ends with 1 and a line for each problem, and no stack where the problem is not ours.
 */
export async function run(start: () => Promise<RunningProgram>): Promise<void> {
  // The first process of a container that does not listen for signals is sent none: listen before anything else.
  let asked = false;
  let stop = (): void => {
    asked = true;
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => {
      stop();
    });
  try {
    const running = await start();
    let stopping = false;
    stop = () => {
      // Whoever asks again does not get it any faster: a payout may be under way.
      if (stopping) return;
      stopping = true;
      setTimeout(() => {
        process.exit(1);
      }, maxDrainMs).unref();
      void running.close().then(() => {
        process.exit();
      });
    };
    // A bug that nobody caught ends the process, but not the payouts under way in it.
    process.on('uncaughtException', error => {
      if (running.log === undefined) process.stderr.write(`${error.stack ?? error.message}\n`);
      else running.log.fatal({ err: error }, 'unexpected error: the gateway stops');
      process.exitCode = 1;
      stop();
    });
    if (asked) stop();
  } catch (error) {
    for (const line of problemsOf(error)) process.stderr.write(`${line}\n`);
    process.exit(1);
  }
}

/** Runs a command that prints something and ends. One that was called wrongly ends with 2, one that fails with 1. */
export async function runCommand(
  command: () => Promise<{ readonly text: string; readonly exitCode: number }>,
): Promise<void> {
  try {
    const { text, exitCode } = await command();
    // A reader such as head may leave before the end.
    process.stdout.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
    process.stdout.write(text);
    process.exitCode = exitCode;
  } catch (error) {
    for (const line of problemsOf(error)) process.stderr.write(`${line}\n`);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
}

function problemsOf(error: unknown): readonly string[] {
  if (error instanceof ConfigError) return error.problems;
  if (error instanceof UsageError) return [error.message];
  if (error instanceof StoreUnavailable)
    return [`The payout store is unavailable: ${messageOf(error.cause)}`];
  return [error instanceof Error ? (error.stack ?? error.message) : String(error)];
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Several addresses that all refuse have a code and no message.
  return error.message !== '' || !('code' in error) ? error.message : String(error.code);
}
