import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';

export interface Rounds {
  readonly url: string;
  /**
   * Waits until `count` requests stand side by side, none of them answered, then answers them all. A client that
   * sends them one after the other never gets there: this is how parallel calls are told from a chain of them,
   * whatever the machine's speed.
   */
  round(count: number): Promise<void>;
}

/** A Lean in front of `lean` that answers in rounds, when told to. */
export async function startRounds(lean: Sandbox): Promise<Rounds> {
  const waiting: { readonly request: IncomingMessage; readonly response: ServerResponse }[] = [];
  let arrived: (() => void) | undefined;
  const server = createServer((request, response) => {
    waiting.push({ request, response });
    arrived?.();
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    async round(count) {
      while (waiting.length < count) await new Promise<void>(resolve => (arrived = resolve));
      const answered = waiting.splice(0);
      if (answered.length !== count)
        throw new Error(`${String(answered.length)} requests in a round of ${String(count)}`);
      for (const { request, response } of answered) lean.listener(request, response);
    },
  };
}
