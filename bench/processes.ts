import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A server in a process of its own, so that its CPU time is its alone. */
export interface ServerProcess {
  /** Where it serves. */
  readonly url: string;
  /** Its answer to a question that it, or the probe in it, knows. One at a time. */
  ask(question: string): Promise<unknown>;
  /** CPU time that it has used so far, in microseconds. */
  cpuMicros(): Promise<number>;
  stop(): Promise<void>;
}

export interface ProcessOptions {
  readonly args?: readonly string[];
  /** Of Node. @default none */
  readonly flags?: readonly string[];
  /** Where it serves what it is asked for. @default none */
  readonly path?: string;
  /** All that it has of an environment. @default this process's own */
  readonly env?: NodeJS.ProcessEnv;
  /** Whether what it prints to standard output is thrown away. @default false */
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
  const url = `${String(await answer(child))}${path}`;
  const ask = (question: string): Promise<unknown> => {
    child.send(question);
    return answer(child);
  };
  return {
    url,
    ask,
    cpuMicros: async () => Number(await ask('cpu')),
    async stop() {
      child.kill('SIGKILL');
      await once(child, 'close');
    },
  };
}

/** The next thing that it says. */
async function answer(child: ChildProcess): Promise<unknown> {
  const over = new AbortController();
  const { signal } = over;
  const ended = once(child, 'close', { signal }).then(() => {
    throw new Error('a process of the benchmark ended by itself');
  });
  ended.catch(() => undefined);
  try {
    const [message] = (await Promise.race([once(child, 'message', { signal }), ended])) as [unknown];
    return message;
  } finally {
    over.abort();
  }
}
