import { controlRoutes } from './control/routes.ts';
import { accounts, destinations, sandboxCredentials } from './fixtures.ts';
import { type RunningSandbox, startSandbox } from './sandbox.ts';
import { isProblems, parseSettings, type SandboxSettings } from './settings.ts';

const settings = parseSettings(process.env);

if (isProblems(settings)) {
  fail(settings);
} else {
  try {
    const sandbox = await startSandbox(settings);
    console.log(welcome(sandbox, settings));
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void sandbox.close());
  } catch (error) {
    fail([listenProblem(error, settings)]);
  }
}

function fail(problems: readonly string[]): void {
  for (const problem of problems) console.error(problem);
  process.exitCode = 1;
}

/** Explains why the sandbox cannot listen. Rethrows an error that is not about the address, because it is a bug. */
function listenProblem(error: unknown, { host, port }: SandboxSettings): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') return `SANDBOX_PORT: port ${String(port)} is in use on ${host}`;
  if (code === 'EACCES') return `SANDBOX_PORT: no permission to listen on port ${String(port)}`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return `HOST: ${host} is not an address of this machine`;
  throw error;
}

function welcome({ url }: RunningSandbox, { profile, webhook }: SandboxSettings): string {
  return [
    `Lean sandbox (${String(profile)}) at ${url}. No money moves here.`,
    '',
    `  token    ${sandboxCredentials.token}`,
    `  client   ${sandboxCredentials.clientId} with secret ${sandboxCredentials.clientSecret}, at ${url}/oauth2/token`,
    `  webhooks ${webhook?.url ?? 'are off; set SANDBOX_WEBHOOK_URL or use PUT /sandbox/webhooks'}`,
    '',
    'Accounts',
    ...rows(accounts),
    '',
    'Destinations, named after what happens to a payout to them',
    ...rows(destinations),
    '',
    'Control routes (no credentials needed; Lean has no such routes)',
    ...rows(controlRoutes),
  ].join('\n');
}

function rows(table: Readonly<Record<string, string>>): string[] {
  const width = Math.max(...Object.keys(table).map(key => key.length));
  return Object.entries(table).map(([key, value]) => `  ${key.padEnd(width)}  ${value}`);
}
