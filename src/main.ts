#!/usr/bin/env node
import { payoutsCommand } from './commands/payouts.ts';
import { parseCoreConfig, parseStoreConfig } from './config.ts';
import { openCore, openRecords } from './core.ts';
import { createLog, parseConfig, startGateway } from './gateway.ts';
import { run, runCommand } from './run.ts';

const usage = `Usage:
  lean-payouts-gateway                    the gateway, in front of the Lean that the environment names
  lean-payouts-gateway payouts            recorded payouts and what became of them; --help says more
  lean-payouts-gateway payouts resolve    looks at Lean for one whose outcome is unknown
`;

const [command, ...rest] = process.argv.slice(2);
if (command === undefined) await run(gateway);
else if (command === 'payouts')
  await runCommand(() =>
    payoutsCommand(rest, {
      records: () => openRecords(parseStoreConfig(process.env)),
      core: () => openCore(parseCoreConfig(process.env)),
    }),
  );
else {
  const help = command === '--help' || command === '-h';
  (help ? process.stdout : process.stderr).write(usage);
  process.exitCode = help ? 0 : 2;
}

async function gateway() {
  const config = parseConfig(process.env);
  const log = createLog(config);
  log.warn('AUTH=none: every caller who can reach this gateway may read payouts and move money');
  const started = await startGateway(config, { log });
  log.info({ url: started.url, rest: started.restUrl, lean: config.lean.baseUrl.origin }, 'gateway is up');
  return started;
}
