import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readBodyBytes } from '../../../src/adapters/http/body.ts';
import { CallerGone } from '../../../src/adapters/http/caller-gone.ts';
import { Connections } from '../../../src/adapters/http/connections.ts';

function createSource() {
  const request = new IncomingMessage(new Socket());
  const connections = new Connections();
  return { request, connections, connection: connections.forSocket(request.socket) };
}

describe('a request body', () => {
  it('is read completely, however it is split into chunks, up to its limit', async () => {
    const anyChunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(anyChunks, fc.integer({ min: 1, max: 600 }), async (chunks, limit) => {
        const whole = Buffer.concat(chunks);
        const { request, connection, connections } = createSource();
        const reading = readBodyBytes({ request, connection }, limit);
        for (const chunk of chunks) request.push(Buffer.from(chunk));
        request.push(null);
        expect(await reading).toEqual(whole.length > limit ? undefined : whole);
        expect(connections.incomingBytes).toBe(0);
      }),
    );
  });

  it('cannot be read after the caller has closed the connection', async () => {
    const { request, connection } = createSource();
    request.destroy();
    await expect(readBodyBytes({ request, connection }, 10)).rejects.toThrow(CallerGone);
  });

  it('counts as incoming bytes until the caller closes the connection', async () => {
    const { request, connection, connections } = createSource();
    const reading = readBodyBytes({ request, connection }, 100);
    request.push(Buffer.alloc(40));
    await expect.poll(() => connections.incomingBytes).toBe(40);
    request.push(Buffer.alloc(1));
    // A growing buffer is allocated with twice the size that it needs.
    await expect.poll(() => connections.incomingBytes).toBe(82);
    request.destroy();
    await expect(reading).rejects.toThrow(CallerGone);
    expect(connections.incomingBytes).toBe(0);
  });
});
