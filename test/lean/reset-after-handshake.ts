import { readFileSync } from 'node:fs';
import type { TransportOptions } from '../../src/lean/transport.ts';
import { createTransport } from '../../src/lean/transport.ts';

/*
 * A program for connection-reset.test.ts, because it has crashed Node. It closes its transports at the moment at which
 * they send a write, right after the TLS handshake. Arguments: the server's address, and the file of its authority.
 */

const [, , origin = '', authority = ''] = process.argv;
const certificate = { ca: readFileSync(authority, 'utf8') } as TransportOptions['certificate'];
for (let count = 0; count < 20; count += 1) {
  const transport = createTransport({ origin, maxConcurrency: 1, certificate });
  const request = transport.createRequest(
    { method: 'POST', target: '/', headers: {}, body: '{}' },
    { deadline: performance.now() + 20_000 },
  );
  Object.defineProperty(request, 'sent', {
    set: () => {
      queueMicrotask(() => void transport.close());
    },
    get: () => true,
  });
  request.start();
  await request.outcome.catch(() => undefined);
}
