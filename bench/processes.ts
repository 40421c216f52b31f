import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A server in its own process, so that its CPU time can be measured. */
export interface ServerProcess {
  /** The address of its endpoint. */
  readonly url: string;
  /** All that it has printed so far, if the option `output` is `collected`. */
  readonly output: string;
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
  /** Shown here, `quiet` without its standard output, or collected and not shown. @default shown */
  readonly output?: keyof typeof outputs;
}

const outputs = {
  shown: ['inherit', 'inherit'],
  quiet: ['ignore', 'inherit'],
  collected: ['pipe', 'pipe'],
} as const;

const probe = new URL('probe.js', import.meta.url).href;

/** Starts a server. Rejects if the process ends before it listens. */
export async function startProcess(file: string, options: ProcessOptions = {}): Promise<ServerProcess> {
  const { args = [], flags = [], path = '', env = process.env } = options;
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), args, {
    env,
    execArgv: [...process.execArgv, ...flags, '--import', probe],
    stdio: ['ignore', ...outputs[options.output ?? 'shown'], 'ipc'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => (output += text));
  const closed = once(child, 'close');
  const ended = closed.then(() => {
    throw new Error(`${file} ended unexpectedly. ${output}`);
  });
  ended.catch(() => undefined);
  /** Resolves with the next message of the process. Rejects if the process ends. */
  const nextMessage = async (): Promise<unknown> => {
    const cleanup = new AbortController();
    try {
      const message = once(child, 'message', cleanup) as Promise<[unknown]>;
      return (await Promise.race([message, ended]))[0];
    } finally {
      cleanup.abort();
    }
  };
  const url = `${String(await nextMessage())}${path}`;
  const ask = (command: string): Promise<unknown> => {
    child.send(command);
    return nextMessage();
  };
  return {
    url,
    get output() {
      return output;
    },
    ask,
    cpuMicros: async () => Number(await ask('cpu')),
    async stop() {
      child.kill('SIGKILL');
      await closed;
    },
  };
}
