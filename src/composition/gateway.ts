import type { ExampleIds } from '../adapters/graphiql/page.ts';
import type { Config } from '../config/config.ts';
import { StoreUnavailable } from '../errors/gateway-errors.ts';
import { Listeners, type ListenerUrls } from './listeners.ts';
import { createLog } from './log.ts';
import { createGateway, type Gateway, type GatewayOptions } from './wired-gateway.ts';

export { parseConfig, settingWarnings, type Config } from '../config/config.ts';
export { ConfigError } from '../errors/config-error.ts';
export { createLog } from './log.ts';
export { createGateway, type Gateway, type GatewayOptions } from './wired-gateway.ts';

export interface RunningGateway extends Gateway, ListenerUrls {}

/**
 * Starts a gateway: its listeners, and the reconciliation of payouts of unknown outcome in the background. A store or
 * signing keys that are unavailable do not prevent the start; the gateway tries again.
 * @throws ConfigError when the store, the manifest of persisted operations, or a port cannot be used
 */
export async function startGateway(
  config: Config,
  options: GatewayOptions & { readonly examples?: ExampleIds } = {},
): Promise<RunningGateway> {
  const log = options.log ?? createLog(config);
  const gateway = createGateway(config, { ...options, log });
  const { graphql, core, access, updatePipeline } = gateway;
  try {
    await core.prepareStore();
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) {
      await gateway.close();
      throw error;
    }
  }
  await access.start();
  // The first caller need not wait for the access token for Lean.
  core.client.warmUp();
  const listeners = new Listeners(gateway, { config, log, examples: options.examples });
  const close = async (): Promise<void> => {
    await listeners.close();
    await gateway.close();
  };
  try {
    const urls = await listeners.start();
    core.loop.start();
    await updatePipeline?.start();
    return { graphql, ...urls, close };
  } catch (error) {
    await close();
    throw error;
  }
}
