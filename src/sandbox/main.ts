import { controlRoutes } from './control/routes.ts';
import { accounts, destinations, sandboxCredentials } from './named.ts';
import { type RunningSandbox, startSandbox } from './sandbox.ts';
import { parseSettings, type SandboxSettings } from './settings.ts';

const settings = parseSettings(process.env);

if (isProblems(settings)) {
  stop(settings);
} else {
  try {
    const sandbox = await startSandbox(settings);
    console.log(welcome(sandbox, settings));
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void sandbox.close());
  } catch (error) {
    stop([reason(error, settings)]);
  }
}

function isProblems(parsed: SandboxSettings | readonly string[]): parsed is readonly string[] {
  return Array.isArray(parsed);
}

function stop(problems: readonly string[]): void {
  for (const problem of problems) console.error(problem);
  process.exitCode = 1;
}

/** What kept the sandbox from listening; anything but the address is a bug and is thrown on. */
function reason(error: unknown, { host, port }: SandboxSettings): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') return `SANDBOX_PORT: port ${String(port)} is in use on ${host}`;
  if (code === 'EACCES') return `SANDBOX_PORT: port ${String(port)} may not be used`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return `HOST: ${host} is no address of this machine`;
  throw error;
}

function welcome({ url }: RunningSandbox, { profile, webhook }: SandboxSettings): string {
  return [
    `Lean sandbox (${String(profile)}) at ${url}; no money moves here.`,
    '',
    `  token    ${sandboxCredentials.token}`,
    `  client   ${sandboxCredentials.clientId} with secret ${sandboxCredentials.clientSecret}, at ${url}/oauth2/token`,
    `  webhooks go to ${webhook?.url ?? 'nobody, until SANDBOX_WEBHOOK_URL or PUT /sandbox/webhooks says where'}`,
    '',
    'Accounts',
    ...rows(accounts),
    '',
    'Destinations, by what becomes of a payout to them',
    ...rows(destinations),
    '',
    'Control routes (no credentials; they are there because this is your own machine)',
    ...rows(controlRoutes),
  ].join('\n');
}

function rows(table: Readonly<Record<string, string>>): string[] {
  const width = Math.max(...Object.keys(table).map(key => key.length));
  return Object.entries(table).map(([key, value]) => `  ${key.padEnd(width)}  ${value}`);
}
