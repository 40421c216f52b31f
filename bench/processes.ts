import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A server in a process of its own, so that its CPU time is its alone. */
export interface ServerProcess {
  /** What it says first: its address. */
  readonly url: string;
  /** Its answer to a question that it knows. One at a time. */
  ask(question: string): Promise<unknown>;
  /** CPU time that it has used so far, in microseconds. */
  cpuMicros(): Promise<number>;
  stop(): Promise<void>;
}

export async function startProcess(file: string, ...args: readonly string[]): Promise<ServerProcess> {
  // So that it can clear up before it tells how much memory it needs.
  const execArgv = [...process.execArgv, '--expose-gc'];
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), args, { execArgv });
  const url = String(await answer(child));
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
