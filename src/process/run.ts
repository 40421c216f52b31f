import type { Logger } from 'pino';
import { UsageError } from '../errors/usage-error.ts';
import { errorMessage } from '../errors/error-message.ts';
import { ConfigError } from '../errors/config-error.ts';
import { StoreUnavailable } from '../errors/gateway-errors.ts';

/**
 * The longest wait for work in progress after a signal, in ms. A repeated key may first read from Lean and then send,
 * each for up to `LEAN_TIMEOUT_MS`. So this is twice the largest `LEAN_TIMEOUT_MS`, plus a minute.
 */
const maxDrainMs = 660_000;

/** A started program. */
export interface RunningProgram {
  /** The log for unexpected errors. @default standard error */
  readonly log?: Logger;
  close(): Promise<void>;
}

/**
 * Runs a program until SIGTERM, SIGINT or SIGHUP. It then finishes the work in progress and exits with 0. If the start
 * fails, it prints a line for each problem and exits with 1. It prints a stack trace only for an unexpected error.
 */
export async function run(start: () => Promise<RunningProgram>): Promise<void> {
  // The kernel drops signals for the first process of a container until it has handlers. So add them first.
  let stopRequested = false;
  let stop = (): void => {
    stopRequested = true;
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
    process.on(signal, () => {
      stop();
    });
  try {
    const running = await start();
    const report = (error: unknown): void => {
      if (running.log === undefined) process.stderr.write(`${errorLines(error).join('\n')}\n`);
      else running.log.fatal({ err: error }, 'unexpected error: the gateway stops');
    };
    let stopping = false;
    stop = () => {
      // A second signal does not shorten the wait, because a payout may be in flight.
      if (stopping) return;
      stopping = true;
      setTimeout(() => {
        process.exit(1);
      }, maxDrainMs).unref();
      running.close().then(
        () => {
          process.exit();
        },
        (error: unknown) => {
          report(error);
          process.exit(1);
        },
      );
    };
    // After an uncaught error the process ends, but only after the payouts in flight have finished.
    process.on('uncaughtException', error => {
      report(error);
      process.exitCode = 1;
      stop();
    });
    if (stopRequested) stop();
  } catch (error) {
    for (const line of errorLines(error)) process.stderr.write(`${line}\n`);
    process.exit(1);
  }
}

/** Runs a command, prints its text, and sets its exit code: 2 for a usage error, 1 for any other error. */
export async function runCommand(
  command: () => Promise<{ readonly text: string; readonly exitCode: number }>,
): Promise<void> {
  try {
    const { text, exitCode } = await command();
    process.exitCode = exitCode;
    process.stdout.on('error', (error: NodeJS.ErrnoException) => {
      // A reader such as `head` may close the pipe before the end.
      if (error.code === 'EPIPE') return;
      process.stderr.write(`The output cannot be written: ${error.message}\n`);
      process.exitCode = 1;
    });
    process.stdout.write(text);
  } catch (error) {
    for (const line of errorLines(error)) process.stderr.write(`${line}\n`);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
}

function errorLines(error: unknown): readonly string[] {
  if (error instanceof ConfigError) return error.problems;
  if (error instanceof UsageError) return [error.message];
  if (error instanceof StoreUnavailable)
    return [`The payout store is unavailable: ${errorMessage(error.cause)}`];
  return [error instanceof Error ? (error.stack ?? error.message) : String(error)];
}
