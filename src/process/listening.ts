import { ConfigError } from '../errors/config-error.ts';

/**
 * Waits for something that listens.
 * @throws ConfigError naming `variable`, when its address cannot be had
 */
export async function listening<Listening>(variable: string, start: Promise<Listening>): Promise<Listening> {
  try {
    return await start;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    const { code, address, port } = error as Error & { code: unknown; address?: string; port?: number };
    const where = `${String(address)}:${String(port)}`;
    if (code === 'EADDRINUSE')
      throw new ConfigError([`${variable}: ${where} is in use; accepted: a free port, or 0 for any.`]);
    if (code === 'EACCES')
      throw new ConfigError([`${variable}: ${where} is not allowed; accepted: a port above 1023.`]);
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
      throw new ConfigError([
        'HOST: is no address of this machine; accepted: one that is, such as 127.0.0.1.',
      ]);
    throw error;
  }
}
