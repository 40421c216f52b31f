import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';

/** How long all of them together may take for anything: beyond it something is broken. */
const longestMs = 60_000;
const openedAtOnce = 50;

/** Subscribers by server-sent events, all to the same, who note when something comes. */
export class EventReaders {
  readonly #agent = new Agent({ keepAlive: false });
  #count = 0;
  #heard: (chunk: Buffer) => void = () => undefined;

  static async open(url: string, query: string, count: number): Promise<EventReaders> {
    const readers = new EventReaders();
    const opener = async (): Promise<void> => {
      while (readers.#count < count) {
        readers.#count += 1;
        await readers.#open(url, query);
      }
    };
    await Promise.all(Array.from({ length: openedAtOnce }, opener));
    return readers;
  }

  async #open(url: string, query: string): Promise<void> {
    const sent = request(url, { agent: this.#agent, method: 'POST', headers });
    sent.end(JSON.stringify({ query }));
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    // Both when it is left.
    sent.on('error', () => undefined);
    response.on('error', () => undefined);
    const opened = once(response, 'data');
    // What is short comes in one piece on one machine.
    response.on('data', (chunk: Buffer) => {
      this.#heard(chunk);
    });
    await opened;
  }

  /** When each of them has had what has this text in it, from the first on, as `performance.now()` tells it. */
  arrivals(text: string): Promise<readonly number[]> {
    return new Promise((resolve, reject) => {
      const times: number[] = [];
      const timer = setTimeout(() => {
        reject(new Error(`${String(times.length)} of ${String(this.#count)} subscribers were told`));
      }, longestMs);
      this.#heard = chunk => {
        if (!chunk.includes(text)) return;
        if (times.push(performance.now()) < this.#count) return;
        clearTimeout(timer);
        resolve(times);
      };
    });
  }

  leave(): void {
    this.#agent.destroy();
  }
}

const headers = { 'content-type': 'application/json', accept: 'text/event-stream' };

/** A subscriber that connects and then reads nothing, ever. */
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
