import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readBytes } from '../../src/adapters/body.ts';
import { CallerGone } from '../../src/adapters/caller-gone.ts';

function requestOf(chunks: readonly Uint8Array[]): IncomingMessage {
  const request = new IncomingMessage(new Socket());
  for (const chunk of chunks) request.push(Buffer.from(chunk));
  request.push(null);
  return request;
}

describe('a body', () => {
  it('is what was sent, however it was cut into chunks, up to its limit', async () => {
    const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(chunks, fc.integer({ min: 1, max: 600 }), async (sent, limit) => {
        const whole = Buffer.concat(sent);
        const read = await readBytes(requestOf(sent), limit);
        expect(read).toEqual(whole.length > limit ? undefined : whole);
      }),
    );
  });

  it('of a caller who has left already is none', async () => {
    const request = new IncomingMessage(new Socket());
    request.destroy();
    await expect(readBytes(request, 10)).rejects.toThrow(CallerGone);
  });
});
