import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';

/** The timeout for an event to reach all subscribers, in ms. */
const timeoutMs = 60_000;
const openConcurrency = 50;

/** Subscribers of one query by server-sent events. They measure when events arrive. */
export class SseSubscribers {
  readonly #agent = new Agent({ keepAlive: false });
  #count = 0;
  #onChunk: (chunk: Buffer) => void = () => undefined;

  static async open(url: string, query: string, count: number): Promise<SseSubscribers> {
    const subscribers = new SseSubscribers();
    const opener = async (): Promise<void> => {
      while (subscribers.#count < count) {
        subscribers.#count += 1;
        await subscribers.#open(url, query);
      }
    };
    await Promise.all(Array.from({ length: openConcurrency }, opener));
    return subscribers;
  }

  async #open(url: string, query: string): Promise<void> {
    const sent = request(url, { agent: this.#agent, method: 'POST', headers });
    sent.end(JSON.stringify({ query }));
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    // `close` makes both emit an error.
    sent.on('error', () => undefined);
    response.on('error', () => undefined);
    const opened = once(response, 'data');
    // A short event arrives in one chunk, because client and server are on the same machine.
    response.on('data', (chunk: Buffer) => {
      this.#onChunk(chunk);
    });
    await opened;
  }

  /**
   * Resolves with the times, by `performance.now()` and in ascending order, at which the subscribers received an
   * event that contains `text`. Rejects if not all of them have received it within a minute.
   */
  arrivals(text: string): Promise<readonly number[]> {
    return new Promise((resolve, reject) => {
      const times: number[] = [];
      const timer = setTimeout(() => {
        reject(new Error(`${String(times.length)} of ${String(this.#count)} subscribers received the event`));
      }, timeoutMs);
      this.#onChunk = chunk => {
        if (!chunk.includes(text)) return;
        if (times.push(performance.now()) < this.#count) return;
        clearTimeout(timer);
        resolve(times);
      };
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

const headers = { 'content-type': 'application/json', accept: 'text/event-stream' };

/** Opens a subscription on a connection that is never read. */
export async function openWithoutReading(url: string, query: string): Promise<Socket> {
  const { hostname, port, pathname } = new URL(url);
  const body = JSON.stringify({ query });
  const socket = connect({ host: hostname, port: Number(port) });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.pause();
  const lines = [
    `POST ${pathname} HTTP/1.1`,
    `host: ${hostname}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    `content-length: ${String(Buffer.byteLength(body))}`,
  ];
  socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`);
  return socket;
}
