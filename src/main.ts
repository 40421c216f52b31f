#!/usr/bin/env node
import { createRequire } from 'node:module';
import { logWarnings } from './process/warnings.ts';
import { run, runCommand } from './process/run.ts';
import { setV8Flags } from './process/v8-flags.ts';

const usage = `Usage:
  lean-payouts-gateway                    starts the gateway with the settings of the environment
  lean-payouts-gateway mcp --stdio        serves only the MCP tools, on standard input and output, for one local agent
  lean-payouts-gateway payouts            lists recorded payouts and their outcomes; see --help
  lean-payouts-gateway payouts resolve    looks up a payout of unknown outcome at Lean
  lean-payouts-gateway payouts settle     settles a payout by the decision of an operator
  lean-payouts-gateway payouts accept-list
                                          accepts proofs of absence from Lean's list again
  lean-payouts-gateway payouts accept-application
                                          moves open payouts to the Lean application of the current credentials
  lean-payouts-gateway --version          prints the version
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
else if (command === '--help' || command === '-h') await runCommand(() => print(usage));
else if (command === '--version' || command === '-v') await runCommand(() => print(`${version()}\n`));
else {
  const given = JSON.stringify(process.argv.slice(2).join(' '));
  process.stderr.write(
    `Unknown command ${given}; accepted: mcp --stdio, payouts, --version, --help, or no command.\n${usage}`,
  );
  process.exitCode = 2;
}

function print(text: string) {
  return Promise.resolve({ text, exitCode: 0 });
}

function version(): string {
  return (createRequire(import.meta.url)('../package.json') as { readonly version: string }).version;
}

// Each command imports its modules dynamically, so that it does not load what only the gateway needs.

async function gateway() {
  const startLogging = logWarnings();
  const { createLog, parseConfig, settingWarnings, startGateway } = await import('./composition/gateway.ts');
  const { startTraceExport } = await import('./process/opentelemetry.ts');
  const config = parseConfig(process.env);
  const log = createLog(config);
  const traces = await startTraceExport(process.env, log);
  startLogging(log);
  for (const warning of settingWarnings(process.env)) log.warn(warning);
  if (config.auth.kind === 'none')
    log.warn('AUTH=none: every caller who can reach this gateway may read payouts and move money');
  if (config.webhookSecrets.length === 0)
    log.info(
      'LEAN_WEBHOOK_SECRET is not set: POST /webhooks/lean answers 404, and there are no payout updates',
    );
  const running = await startGateway(config, { log, traces: traces !== undefined });
  // Only now: while the program starts, these flags cost a quarter more CPU time.
  setV8Flags();
  log.info(
    { url: running.url, rest: running.restUrl, mcp: running.mcpUrl, lean: config.lean.baseUrl.origin },
    'gateway is up',
  );
  return {
    log,
    async close() {
      await running.close();
      await traces?.stop();
    },
  };
}

async function mcp() {
  const { startStdioTools } = await import('./composition/mcp-stdio.ts');
  const { createLog } = await import('./composition/log.ts');
  const { parseStdioConfig, stdioSettingWarnings } = await import('./config/config.ts');
  const config = parseStdioConfig(process.env);
  // Standard output belongs to the protocol.
  const log = createLog(config, 2);
  for (const warning of stdioSettingWarnings(process.env)) log.warn(warning);
  return startStdioTools(config, log);
}

async function payouts(args: readonly string[]) {
  const { payoutsCommand } = await import('./commands/payouts.ts');
  const { openCore } = await import('./composition/core.ts');
  const { openPayoutRecords } = await import('./composition/store.ts');
  const { parseCoreConfig, parseStoreConfig } = await import('./config/config.ts');
  return payoutsCommand(args, {
    openStore: () => openPayoutRecords(parseStoreConfig(process.env)),
    openCore: () => openCore(parseCoreConfig(process.env)),
  });
}
