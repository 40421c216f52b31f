import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';

export interface BatchedLean {
  readonly url: string;
  /**
   * Waits until `count` requests are in flight, then answers all of them. A client that sends requests one after
   * another never reaches this number, so this proves that calls are parallel on a machine of any speed. Throws an
   * Error if more requests have arrived.
   */
  answerBatch(count: number): Promise<void>;
}

/** Starts a server in front of `lean` that holds requests and answers them in batches. It closes with the test. */
export async function startBatchedLean(lean: Sandbox): Promise<BatchedLean> {
  const held: { readonly request: IncomingMessage; readonly response: ServerResponse }[] = [];
  let onArrival: (() => void) | undefined;
  const server = createServer((request, response) => {
    held.push({ request, response });
    onArrival?.();
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    async answerBatch(count) {
      while (held.length < count) await new Promise<void>(resolve => (onArrival = resolve));
      const batch = held.splice(0);
      if (batch.length !== count)
        throw new Error(`${String(batch.length)} requests arrived, but the batch has ${String(count)}`);
      for (const { request, response } of batch) lean.listener(request, response);
    },
  };
}
