import { onTestFinished } from 'vitest';

export interface Stream {
  /**
   * Resolves with the data of the next result. Rejects with the code of its first error as the message, or if the
   * stream has ended.
   */
  next(): Promise<unknown>;
  /** The id of the last received event. */
  readonly lastEventId: string | undefined;
  /** Resolves with how the stream ended: with a `complete` event, or because the connection closed. */
  readonly ended: Promise<'complete' | 'cut'>;
  close(): void;
}

interface Result {
  readonly data?: unknown;
  readonly errors?: readonly { readonly extensions?: { readonly code?: string } }[];
}

/** Subscribes by server-sent events, like a browser. The stream closes with the test. */
export async function subscribeBySse(
  url: string,
  query: string,
  variables: object = {},
  headers: Record<string, string> = {},
): Promise<Stream> {
  const connection = new AbortController();
  onTestFinished(() => {
    connection.abort();
  });
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...headers },
    body: JSON.stringify({ query, variables }),
    signal: connection.signal,
  });
  const readers: ((result: Result | undefined) => void)[] = [];
  const unread: Result[] = [];
  let lastEventId: string | undefined;
  let isEnded = false;
  const end = Promise.withResolvers<'complete' | 'cut'>();
  const handleMessage = (message: string): void => {
    const fields = new Map(
      message
        .split('\n')
        .map(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
    );
    lastEventId = fields.get('id') ?? lastEventId;
    if (fields.get('event') === 'complete') finish('complete');
    if (fields.get('event') !== 'next') return;
    const result = JSON.parse(fields.get('data') ?? '') as Result;
    const reader = readers.shift();
    if (reader === undefined) unread.push(result);
    else reader(result);
  };
  const finish = (how: 'complete' | 'cut'): void => {
    isEnded = true;
    end.resolve(how);
    for (const reader of readers.splice(0)) reader(undefined);
  };
  const read = async (): Promise<void> => {
    const decoder = new TextDecoder();
    let text = '';
    try {
      for await (const chunk of response.body ?? []) {
        // Some servers end lines with CR LF.
        text = (text + decoder.decode(chunk as Uint8Array, { stream: true })).replaceAll('\r\n', '\n');
        const messages = text.split('\n\n');
        text = messages.pop() ?? '';
        for (const message of messages) handleMessage(message);
      }
    } catch {
      // `close` was called, or the connection broke.
    }
    finish('cut');
  };
  if (response.headers.get('content-type')?.startsWith('text/event-stream') === true) void read();
  else {
    unread.push((await response.json()) as Result);
    finish('complete');
  }
  return {
    get lastEventId() {
      return lastEventId;
    },
    ended: end.promise,
    close: () => {
      connection.abort();
    },
    async next() {
      const result =
        unread.shift() ??
        (isEnded ? undefined : await new Promise<Result | undefined>(resolve => readers.push(resolve)));
      if (result === undefined) throw new Error('the stream has ended');
      const [error] = result.errors ?? [];
      if (error !== undefined) throw new Error(error.extensions?.code ?? 'no code');
      return result.data;
    },
  };
}
