import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A server in its own process, so that its CPU time can be measured. */
export interface ServerProcess {
  /** The address of its endpoint. */
  readonly url: string;
  /**
   * Sends a command that the program or its probe implements, and resolves with the reply. Calls must not overlap,
   * because replies are matched by their order only. Rejects if the process ends.
   */
  ask(command: string): Promise<unknown>;
  /** The CPU time of the process so far, in µs. */
  cpuMicros(): Promise<number>;
  stop(): Promise<void>;
}

export interface ProcessOptions {
  readonly args?: readonly string[];
  /** Node's command-line options. @default none */
  readonly flags?: readonly string[];
  /** The path of its endpoint. @default none */
  readonly path?: string;
  /** All its environment variables. @default those of this process */
  readonly env?: NodeJS.ProcessEnv;
  /** Whether its standard output is discarded. @default false */
  readonly quiet?: boolean;
}

const probe = new URL('probe.js', import.meta.url).href;

export async function startProcess(file: string, options: ProcessOptions = {}): Promise<ServerProcess> {
  const { args = [], flags = [], path = '', env = process.env, quiet = false } = options;
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), args, {
    env,
    execArgv: [...process.execArgv, ...flags, '--import', probe],
    stdio: ['ignore', quiet ? 'ignore' : 'inherit', 'inherit', 'ipc'],
  });
  const url = `${String(await nextMessage(child))}${path}`;
  const ask = (command: string): Promise<unknown> => {
    child.send(command);
    return nextMessage(child);
  };
  return {
    url,
    ask,
    cpuMicros: async () => Number(await ask('cpu')),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'close');
    },
  };
}

/** Resolves with the next message of a process. Rejects if the process ends. */
async function nextMessage(child: ChildProcess): Promise<unknown> {
  const cleanup = new AbortController();
  const { signal } = cleanup;
  const ended = once(child, 'close', { signal }).then(() => {
    throw new Error('a process of the benchmark ended unexpectedly');
  });
  ended.catch(() => undefined);
  try {
    const [message] = (await Promise.race([once(child, 'message', { signal }), ended])) as [unknown];
    return message;
  } finally {
    cleanup.abort();
  }
}
