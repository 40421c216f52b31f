import { onTestFinished } from 'vitest';

export interface Stream {
  /** The data of the next result. Rejects with the code of its first error. */
  next(): Promise<unknown>;
  /** Of the last event that has come. */
  readonly lastEventId: string | undefined;
  /** How it ended. */
  readonly ended: Promise<'complete' | 'cut'>;
  leave(): void;
}

interface Result {
  readonly data?: unknown;
  readonly errors?: readonly { readonly extensions?: { readonly code?: string } }[];
}

/** Subscribes as a browser would, by server-sent events. */
export async function subscribeBySse(
  url: string,
  query: string,
  variables: object = {},
  headers: Record<string, string> = {},
): Promise<Stream> {
  const leaving = new AbortController();
  onTestFinished(() => {
    leaving.abort();
  });
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...headers },
    body: JSON.stringify({ query, variables }),
    signal: leaving.signal,
  });
  const waiting: ((result: Result | undefined) => void)[] = [];
  const arrived: Result[] = [];
  let lastEventId: string | undefined;
  let over = false;
  const end = Promise.withResolvers<'complete' | 'cut'>();
  const take = (message: string): void => {
    const fields = new Map(
      message
        .split('\n')
        .map(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
    );
    lastEventId = fields.get('id') ?? lastEventId;
    if (fields.get('event') === 'complete') finish('complete');
    if (fields.get('event') !== 'next') return;
    const result = JSON.parse(fields.get('data') ?? '') as Result;
    const taker = waiting.shift();
    if (taker === undefined) arrived.push(result);
    else taker(result);
  };
  const finish = (how: 'complete' | 'cut'): void => {
    over = true;
    end.resolve(how);
    for (const taker of waiting.splice(0)) taker(undefined);
  };
  const read = async (): Promise<void> => {
    const decoder = new TextDecoder();
    let text = '';
    try {
      for await (const chunk of response.body ?? []) {
        text += decoder.decode(chunk as Uint8Array, { stream: true });
        const messages = text.split('\n\n');
        text = messages.pop() ?? '';
        for (const message of messages) take(message);
      }
    } catch {
      // It was left, or broke off.
    }
    finish('cut');
  };
  if (response.headers.get('content-type')?.startsWith('text/event-stream') === true) void read();
  else {
    arrived.push((await response.json()) as Result);
    finish('complete');
  }
  return {
    get lastEventId() {
      return lastEventId;
    },
    ended: end.promise,
    leave: () => {
      leaving.abort();
    },
    async next() {
      const result =
        arrived.shift() ??
        (over ? undefined : await new Promise<Result | undefined>(resolve => waiting.push(resolve)));
      if (result === undefined) throw new Error('the stream is over');
      const [error] = result.errors ?? [];
      if (error !== undefined) throw new Error(error.extensions?.code ?? 'no code');
      return result.data;
    },
  };
}
