import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from './errors/config-error.ts';
import { developmentDefaults, settingWarnings, withoutEffect } from './config/config.ts';
import { portOrAny } from './process/free-port.ts';
import { createLog, parseConfig, startGateway } from './composition/gateway.ts';
import { waitUntilListening } from './process/listening.ts';
import { isLoopback } from './config/loopback.ts';
import { run } from './process/run.ts';
import { payoutIdOf } from './payouts/values/ids.ts';
import { accounts, destinations, exampleIntentId, sandboxCredentials } from './sandbox/fixtures.ts';
import { startSandbox } from './sandbox/sandbox.ts';
import { isProblems, parseSettings } from './sandbox/settings.ts';
import { startTraceExport } from './process/opentelemetry.ts';

/** Settings that have no effect here, because the gateway uses its own sandbox and a temporary folder. */
const replacedSettings = [
  'LEAN_BASE_URL',
  'LEAN_API_TOKEN',
  'LEAN_CLIENT_ID',
  'LEAN_CLIENT_SECRET',
  'LEAN_TOKEN_URL',
  'LEAN_SCOPE',
  'LEAN_WEBHOOK_SECRET',
  'DATABASE_URL',
  'DATABASE_POOL_SIZE',
  'DATA_DIR',
];

/** Starts the sandbox and a gateway in front of it, on this machine and without credentials. */
await run(async () => {
  const settings = parseSettings(process.env);
  if (isProblems(settings)) throw new ConfigError(settings);
  const sandbox = await waitUntilListening('SANDBOX_PORT', startSandbox(settings));
  // The records are temporary, because the sandbox loses its payouts when it stops.
  const folder = await mkdtemp(join(tmpdir(), 'lean-payouts-'));
  process.once('exit', () => {
    rmSync(folder, { recursive: true, force: true });
  });
  const { HOST, REST_PORT, MCP_PORT } = process.env;
  const host = HOST || '127.0.0.1';
  const secret = randomBytes(24).toString('base64url');
  const config = parseConfig(
    {
      ...process.env,
      // Many programs use these two ports. A conflict should not stop a first try of GraphQL, so another port is taken.
      REST_PORT: REST_PORT || (await portOrAny(8080, host)),
      MCP_PORT: MCP_PORT || (await portOrAny(9090, host)),
      LEAN_BASE_URL: sandbox.url,
      LEAN_API_TOKEN: sandboxCredentials.token,
      LEAN_CLIENT_ID: '',
      LEAN_CLIENT_SECRET: '',
      LEAN_WEBHOOK_SECRET: secret,
      DATABASE_URL: '',
      DATA_DIR: folder,
    },
    {
      ...developmentDefaults,
      // The sandbox lists payouts at once. A short resend delay avoids a wait of ten minutes after a lost response.
      ...(isLoopback(new URL(sandbox.url).hostname) && { PAYOUT_RESEND_AFTER_MS: '20000' }),
    },
  );
  const log = createLog(config);
  const warnings = [
    ...withoutEffect(
      process.env,
      replacedSettings,
      'because npm run dev uses its own sandbox and a temporary folder; npm start uses it',
    ),
    ...settingWarnings(
      { ...process.env, LEAN_BASE_URL: sandbox.url, LEAN_TOKEN_URL: '' },
      developmentDefaults,
    ),
  ];
  for (const warning of warnings) log.warn(warning);
  const traces = await startTraceExport(process.env, log);
  const gateway = await startGateway(config, {
    log,
    traces: traces !== undefined,
    examples: {
      payoutId: payoutIdOf(exampleIntentId),
      accountId: accounts.operating,
      destinationId: destinations.pays,
      currency: settings.profile === 'ksa' ? 'SAR' : 'AED',
    },
  });
  // The sandbox sends its webhooks to the gateway, unless the environment sets another target.
  sandbox.webhooks.target ??= { url: new URL('/webhooks/lean', gateway.url).href, secret };
  const commandEnvironment = [
    `DATA_DIR=${folder}`,
    `LEAN_BASE_URL=${sandbox.url}`,
    `LEAN_API_TOKEN=${sandboxCredentials.token}`,
    `PAYOUT_RESEND_AFTER_MS=${String(config.resendAfter)}`,
  ].join(' ');
  console.log(`
  GraphiQL   ${gateway.url}      (open it in a browser)
  GraphQL    ${gateway.url}      (POST application/json)
  REST       ${gateway.restUrl === undefined ? 'off' : `${gateway.restUrl}/openapi.json      (describes the routes)`}
  MCP        ${gateway.mcpUrl ?? 'off'}      (Streamable HTTP)
  Sandbox    ${sandbox.url}/sandbox      (shows its data and its controls)
  Records    ${commandEnvironment} npm run payouts -- --unknown      (deleted when it stops)

  Everything runs on this machine; no money moves. Stop with Ctrl+C.
`);
  return {
    async close() {
      await gateway.close();
      await traces?.stop();
      await sandbox.close();
    },
  };
});
