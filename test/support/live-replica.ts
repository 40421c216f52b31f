import { createLog, parseConfig, startGateway } from '../../src/composition/gateway.ts';
import { run } from '../../src/process/run.ts';

/** Runs a gateway that backfills missed webhooks every three seconds, and prints its address. */
await run(async () => {
  const config = parseConfig(process.env);
  const gateway = await startGateway(config, { log: createLog(config), backfillIntervalMs: 3000 });
  process.stdout.write(`listening at ${gateway.url}\n`);
  return gateway;
});
