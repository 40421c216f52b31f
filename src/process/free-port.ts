import { once } from 'node:events';
import { createServer } from 'node:net';

/** The port, or 0 for any when something else has it: for those that nobody has asked for by number. */
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
