import { isIP } from 'node:net';
import { defaults } from './defaults.ts';
import { EnvironmentReader, type Environment } from './environment-reader.ts';
import { isLoopback } from './loopback.ts';

/**
 * A line for each setting that is accepted but has no effect, or that sends secrets in clear text. The environment must
 * have no problems.
 * @param preset values for variables that are not set, as in `parseConfig`
 */
export function settingWarnings(env: Environment, preset: Environment = {}): readonly string[] {
  const reader = new EnvironmentReader(env, preset, defaults);
  const warnings: string[] = [];
  if (reader.raw('PERSISTED_OPERATIONS') === 'off')
    warnings.push(
      ...withoutEffect(
        env,
        ['PERSISTED_OPERATIONS_FILE'],
        'because PERSISTED_OPERATIONS is off; set it to allow or only',
      ),
    );
  if (reader.raw('AUTH') === 'none')
    warnings.push(
      ...withoutEffect(
        env,
        ['AUTH_JWKS_URL', 'AUTH_ISSUER', 'AUTH_AUDIENCE'],
        'because AUTH is none; set AUTH to jwt',
      ),
    );
  return [...warnings, ...clearTextWarnings(reader)];
}

/** The same for the MCP tools on standard input and output, whose only caller is the agent that started them. */
export function stdioSettingWarnings(env: Environment): readonly string[] {
  return [
    ...withoutEffect(
      env,
      [...(env['AUTH'] === 'none' ? [] : ['AUTH']), 'RATE_LIMIT_REQUESTS'],
      'because mcp --stdio serves only the agent that has started it',
    ),
    ...clearTextWarnings(new EnvironmentReader(env, defaults)),
  ];
}

/** A line for each URL to which secrets are sent in clear text. */
function clearTextWarnings(reader: EnvironmentReader): readonly string[] {
  const names =
    reader.raw('LEAN_API_TOKEN') === undefined ? ['LEAN_BASE_URL', 'LEAN_TOKEN_URL'] : ['LEAN_BASE_URL'];
  return names
    .filter(name => isPublicWithoutTls(reader.url(name)))
    .map(
      name =>
        `${name}: begins with http:, so the credentials for Lean are sent in clear text to a public host; use https:.`,
    );
}

/**
 * A line for each of the variables that is set.
 * @param reason completes the sentence `NAME: has no effect, …`
 */
export function withoutEffect(env: Environment, names: readonly string[], reason: string): readonly string[] {
  return names
    .filter(name => env[name] !== undefined && env[name] !== '')
    .map(name => `${name}: has no effect, ${reason}.`);
}

/**
 * Whether a URL has no TLS and a host that is not known to be in a private network. A host name of one label, such as
 * that of a container, is private.
 */
function isPublicWithoutTls({ protocol, hostname }: URL): boolean {
  if (protocol !== 'http:' || isLoopback(hostname)) return false;
  const address = hostname.replace(/^\[|\]$/g, '');
  if (isIP(address) === 4) return !/^(?:10|127|169\.254|192\.168|172\.(?:1[6-9]|2\d|3[01]))\./.test(address);
  if (isIP(address) === 6) return !/^(?:f[cd]|fe[89ab])/.test(address);
  return hostname.includes('.') && !/\.(?:internal|local|localhost|svc)$/.test(hostname);
}
