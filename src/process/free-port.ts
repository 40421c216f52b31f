import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Returns the port if it is free, and otherwise 0, which selects any free port. Use it for a port that nobody
 * configured.
 */
export async function portOrAny(port: number, host: string): Promise<string> {
  const server = createServer();
  try {
    await once(server.listen(port, host), 'listening');
    return String(port);
  } catch {
    return '0';
  } finally {
    server.close();
  }
}
