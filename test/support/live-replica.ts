import { createLog, parseConfig, startGateway } from '../../src/composition/gateway.ts';
import { run } from '../../src/process/run.ts';

/** A gateway as a process of its own that compares with Lean every few seconds; it prints its address. */
await run(async () => {
  const config = parseConfig(process.env);
  const gateway = await startGateway(config, { log: createLog(config), compareEveryMs: 3000 });
  process.stdout.write(`listening at ${gateway.url}\n`);
  return gateway;
});
