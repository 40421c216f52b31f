import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from './errors/config-error.ts';
import { developmentDefaults } from './config/config.ts';
import { portOrAny } from './process/free-port.ts';
import { createLog, parseConfig, startGateway } from './composition/gateway.ts';
import { listening } from './process/listening.ts';
import { isLoopback } from './config/loopback.ts';
import { run } from './process/run.ts';
import { payoutIdOf } from './payouts/values/ids.ts';
import { accounts, destinations, exampleIntentId, sandboxCredentials } from './sandbox/named.ts';
import { startSandbox } from './sandbox/sandbox.ts';
import { parseSettings } from './sandbox/settings.ts';
import { startTraceExport } from './process/opentelemetry.ts';

/** Everything on this machine, with no credentials: the sandbox, and the gateway in front of it. */
await run(async () => {
  const settings = parseSettings(process.env);
  if (!('port' in settings)) throw new ConfigError(settings);
  const sandbox = await listening('SANDBOX_PORT', startSandbox(settings));
  // The sandbox forgets everything when it stops, and records of what it has forgotten would be wrong.
  const folder = await mkdtemp(join(tmpdir(), 'lean-payouts-'));
  const { HOST: host = '127.0.0.1', REST_PORT, MCP_PORT } = process.env;
  const secret = randomBytes(24).toString('base64url');
  const config = parseConfig(
    {
      ...process.env,
      // Many things like these two ports, and who tries the gateway for the first time came for another one.
      REST_PORT: REST_PORT ?? (await portOrAny(8080, host)),
      MCP_PORT: MCP_PORT ?? (await portOrAny(9090, host)),
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
      // The sandbox lists at once what it takes: whoever tries a lost answer need not wait ten minutes.
      ...(isLoopback(new URL(sandbox.url).hostname) && { PAYOUT_RESEND_AFTER_MS: '20000' }),
    },
  );
  const traces = await startTraceExport(process.env);
  const gateway = await startGateway(config, {
    log: createLog(config),
    traces: traces !== undefined,
    examples: {
      payoutId: payoutIdOf(exampleIntentId),
      accountId: accounts.operating,
      destinationId: destinations.pays,
      currency: settings.profile === 'ksa' ? 'SAR' : 'AED',
    },
  }).catch(async (error: unknown) => {
    await rm(folder, { recursive: true });
    throw error;
  });
  // What becomes of payouts in the sandbox is told to the gateway, unless it is to be told to somebody else.
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
  REST       ${gateway.restUrl === undefined ? 'off' : `${gateway.restUrl}/openapi.json      (what its routes are)`}
  MCP        ${gateway.mcpUrl ?? 'off'}      (Streamable HTTP)
  Sandbox    ${sandbox.url}/sandbox      (what it holds, and how to steer it)
  Records    ${commandEnvironment} npm run payouts -- --unknown      (gone at the end)

  Everything runs on this machine; no money moves. Stop with Ctrl+C.
`);
  return {
    async close() {
      await gateway.close();
      await traces?.stop();
      await sandbox.close();
      await rm(folder, { recursive: true });
    },
  };
});
