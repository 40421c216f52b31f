import { ConfigError } from '../errors/config-error.ts';

/**
 * Waits until a server listens.
 * @param variable the environment variable of its port, for the error
 * @throws ConfigError if the server cannot listen on its address
 */
export async function waitUntilListening<Server>(
  variable: string,
  starting: Promise<Server>,
): Promise<Server> {
  try {
    return await starting;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    const { code, address, hostname, port } = error as Error & {
      readonly code: unknown;
      readonly address?: string;
      readonly hostname?: string;
      readonly port?: number;
    };
    const where = `${String(address)}:${String(port)}`;
    if (code === 'EADDRINUSE')
      throw new ConfigError([`${variable}: ${where} is in use; accepted: a free port, or 0 for any.`]);
    if (code === 'EACCES')
      throw new ConfigError([`${variable}: ${where} is not allowed; accepted: a port above 1023.`]);
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN')
      throw new ConfigError([
        `HOST: ${JSON.stringify(hostname ?? address)} is not an address of this machine; accepted: an address of this machine, such as 127.0.0.1.`,
      ]);
    throw error;
  }
}
