#!/usr/bin/env node
import { createLog, parseConfig, startGateway } from './gateway.ts';
import { listening, run } from './run.ts';

/** The gateway alone, in front of the Lean that the environment names. */
await run(async () => {
  const config = parseConfig(process.env);
  const log = createLog(config);
  log.warn('AUTH=none: every caller who can reach this gateway may read payouts and move money');
  const gateway = await listening('PORT', startGateway(config, { log }));
  log.info({ url: gateway.url, lean: config.lean.baseUrl.origin }, 'gateway is up');
  return gateway;
});
