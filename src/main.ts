#!/usr/bin/env node
import { logWarnings } from './process/warnings.ts';
import { run, runCommand } from './process/run.ts';
import { setV8Flags } from './process/v8-flags.ts';

const usage = `Usage:
  lean-payouts-gateway                    the gateway, in front of the Lean that the environment names
  lean-payouts-gateway mcp --stdio        the tools alone, for one agent on this machine, by standard input and output
  lean-payouts-gateway payouts            recorded payouts and what became of them; --help says more
  lean-payouts-gateway payouts resolve    looks at Lean for one whose outcome is unknown
  lean-payouts-gateway payouts settle     ends one as a person has decided
`;

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(`Node ${process.versions.node} is too old; this program needs Node 22.19 or later.\n`);
  process.exit(1);
}

const [command, ...rest] = process.argv.slice(2);
if (command === undefined) await run(gateway);
else if (command === 'mcp' && rest.join(' ') === '--stdio') await run(mcp);
else if (command === 'payouts') await runCommand(() => payouts(rest));
else {
  const help = command === '--help' || command === '-h';
  (help ? process.stdout : process.stderr).write(usage);
  process.exitCode = help ? 0 : 2;
}

// A command does not wait for what only the gateway needs.

async function gateway() {
  setV8Flags();
  const startLogging = logWarnings();
  const { createLog, parseConfig, startGateway } = await import('./composition/gateway.ts');
  const { startTraceExport } = await import('./process/opentelemetry.ts');
  const config = parseConfig(process.env);
  const traces = await startTraceExport(process.env);
  const log = createLog(config);
  startLogging(log);
  if (config.auth.kind === 'none')
    log.warn('AUTH=none: every caller who can reach this gateway may read payouts and move money');
  const started = await startGateway(config, { log, traces: traces !== undefined });
  log.info(
    { url: started.url, rest: started.restUrl, mcp: started.mcpUrl, lean: config.lean.baseUrl.origin },
    'gateway is up',
  );
  return {
    log,
    async close() {
      await started.close();
      await traces?.stop();
    },
  };
}

async function mcp() {
  const { startStdioTools } = await import('./composition/mcp-stdio.ts');
  const { parseStdioConfig } = await import('./config/config.ts');
  return startStdioTools(parseStdioConfig(process.env));
}

async function payouts(args: readonly string[]) {
  const { payoutsCommand } = await import('./commands/payouts.ts');
  const { openCore, openPayoutRecords } = await import('./composition/core.ts');
  const { parseCoreConfig, parseStoreConfig } = await import('./config/config.ts');
  return payoutsCommand(args, {
    records: () => openPayoutRecords(parseStoreConfig(process.env)),
    core: () => openCore(parseCoreConfig(process.env)),
  });
}
