import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readBytes } from '../../../src/adapters/http/body.ts';
import { CallerGone } from '../../../src/adapters/http/caller-gone.ts';
import { Connections } from '../../../src/adapters/http/connections.ts';

function sent() {
  const request = new IncomingMessage(new Socket());
  const connections = new Connections();
  return { request, connections, connection: connections.of(request.socket) };
}

describe('a body', () => {
  it('is what was sent, however it was cut into chunks, up to its limit', async () => {
    const anyChunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(anyChunks, fc.integer({ min: 1, max: 600 }), async (chunks, limit) => {
        const whole = Buffer.concat(chunks);
        const { request, connection, connections } = sent();
        const reading = readBytes({ request, connection }, limit);
        for (const chunk of chunks) request.push(Buffer.from(chunk));
        request.push(null);
        expect(await reading).toEqual(whole.length > limit ? undefined : whole);
        expect(connections.incomingBytes).toBe(0);
      }),
    );
  });

  it('of a caller who has left already is none', async () => {
    const { request, connection } = sent();
    request.destroy();
    await expect(readBytes({ request, connection }, 10)).rejects.toThrow(CallerGone);
  });

  it('is counted as it comes in, until its sender leaves', async () => {
    const { request, connection, connections } = sent();
    const reading = readBytes({ request, connection }, 100);
    request.push(Buffer.alloc(40));
    await expect.poll(() => connections.incomingBytes).toBe(40);
    request.push(Buffer.alloc(1));
    // Where it grows, there is room for as much again.
    await expect.poll(() => connections.incomingBytes).toBe(82);
    request.destroy();
    await expect(reading).rejects.toThrow(CallerGone);
    expect(connections.incomingBytes).toBe(0);
  });
});
