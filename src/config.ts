import {
  ClientCertificateError,
  readClientCertificate,
  type ClientCertificateFiles,
} from './lean/client-certificate.ts';
import type { LeanConnection, LeanCredentials } from './lean/connect.ts';
import type { HistoryKey } from './payouts/history.ts';

/** Everything that can be set from outside, checked. */
export interface Config {
  readonly lean: LeanConnection & {
    /** Which id Lean's history path takes. */
    readonly historyKey: HistoryKey | 'auto';
  };
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly auth: 'none';
  readonly graphiql: boolean;
  readonly introspection: boolean;
  readonly logLevel: string;
}

/** One or more variables are wrong: a line for each. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** What counts where a variable is not set; empty is as good as not set. */
const defaults = {
  LEAN_BASE_URL: 'https://api2.leantech.me',
  LEAN_TOKEN_URL: 'https://auth.leantech.me/oauth2/token',
  LEAN_SCOPE: 'api',
  LEAN_HISTORY_KEY: 'auto',
  LEAN_TIMEOUT_MS: '10000',
  LEAN_MAX_CONCURRENCY: '64',
  HOST: '127.0.0.1',
  PORT: '4000',
  GRAPHIQL: 'off',
  INTROSPECTION: 'off',
  LOG_LEVEL: 'info',
};

/** What `npm run dev` takes where nothing is set: everything open, on this machine only. */
export const developmentDefaults: Environment = {
  AUTH: 'none',
  GRAPHIQL: 'on',
  INTROSPECTION: 'on',
  LOG_LEVEL: 'warn',
};

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

/**
 * Reads and checks the environment.
 * @throws ConfigError with a line for every problem: variable, what was wrong, what is accepted
 */
export function parseConfig(env: Environment, preset: Environment = {}): Config {
  const problems: string[] = [];
  const raw = (name: string): string | undefined =>
    [env[name], preset[name], (defaults as Environment)[name]].find(
      value => value !== undefined && value !== '',
    );
  const wrong = (name: string, accepted: string): undefined => {
    problems.push(
      env[name] === undefined || env[name] === ''
        ? `${name}: is not set; accepted: ${accepted}.`
        : `${name}: ${isSecret(name) ? 'its value' : JSON.stringify(env[name])} is not accepted; accepted: ${accepted}.`,
    );
    return undefined;
  };
  const choice = <Word extends string>(name: string, words: readonly Word[]): Word =>
    words.find(word => word === raw(name)) ?? wrong(name, words.join(', ')) ?? (words[0] as Word);
  const integer = (name: string, min: number, max: number): number => {
    const value = raw(name) ?? '';
    if (/^\d{1,9}$/.test(value) && Number(value) >= min && Number(value) <= max) return Number(value);
    return wrong(name, `a whole number from ${String(min)} to ${String(max)}`) ?? min;
  };
  const url = (name: string): URL => {
    const value = raw(name) ?? '';
    const parsed = URL.canParse(value) ? new URL(value) : undefined;
    const plain =
      parsed !== undefined &&
      /^https?:$/.test(parsed.protocol) &&
      parsed.username + parsed.password + parsed.search + parsed.hash === '';
    if (plain) return parsed;
    problems.push(
      `${name}: is not accepted; accepted: an http(s) URL with no credentials, query or fragment in it.`,
    );
    return new URL('http://invalid.invalid');
  };
  const secret = (name: string): string | undefined => {
    const value = raw(name);
    return value === undefined || /^[\x21-\x7e]+$/.test(value)
      ? value
      : wrong(name, 'printable characters with no blank among them');
  };

  const config: Config = {
    lean: {
      baseUrl: url('LEAN_BASE_URL'),
      credentials: credentials(),
      certificate: certificate(),
      historyKey: choice('LEAN_HISTORY_KEY', ['auto', 'payment_id', 'payment_intent_id']),
      timeoutMs: integer('LEAN_TIMEOUT_MS', 100, 300_000),
      maxConcurrency: integer('LEAN_MAX_CONCURRENCY', 2, 10_000),
    },
    host: raw('HOST') ?? '',
    port: integer('PORT', 0, 65_535),
    auth: choice('AUTH', ['none']),
    graphiql: choice('GRAPHIQL', ['on', 'off']) === 'on',
    introspection: choice('INTROSPECTION', ['on', 'off']) === 'on',
    logLevel: choice('LOG_LEVEL', logLevels),
  };
  if (problems.length > 0) throw new ConfigError(problems);
  return config;

  function certificate(): ClientCertificateFiles | undefined {
    const certFile = raw(certificateVariables.certFile);
    const keyFile = raw(certificateVariables.keyFile);
    const caFile = raw(certificateVariables.caFile);
    if (certFile === undefined && keyFile === undefined && caFile === undefined) return undefined;
    if (certFile === undefined || keyFile === undefined) {
      wrong(
        certFile === undefined ? certificateVariables.certFile : certificateVariables.keyFile,
        'a PEM file; LEAN_MTLS_CERT_FILE and LEAN_MTLS_KEY_FILE go together',
      );
      return undefined;
    }
    const files = { certFile, keyFile, caFile };
    try {
      readClientCertificate(files);
    } catch (error) {
      if (!(error instanceof ClientCertificateError)) throw error;
      problems.push(`${certificateVariables[error.file]}: ${error.message}; accepted: a readable PEM file.`);
    }
    return files;
  }

  function credentials(): LeanCredentials {
    const token = secret('LEAN_API_TOKEN');
    const clientId = secret('LEAN_CLIENT_ID');
    const clientSecret = secret('LEAN_CLIENT_SECRET');
    const tokenUrl = url('LEAN_TOKEN_URL');
    if (token !== undefined && (clientId !== undefined || clientSecret !== undefined))
      problems.push(
        'LEAN_API_TOKEN: is set together with LEAN_CLIENT_ID or LEAN_CLIENT_SECRET; accepted: one way or the other.',
      );
    if (token !== undefined) return { token };
    // A value that was given and is wrong has its line already.
    const given = (name: string): boolean => raw(name) !== undefined;
    if (!given('LEAN_API_TOKEN') && !given('LEAN_CLIENT_ID') && !given('LEAN_CLIENT_SECRET'))
      problems.push(
        'LEAN_API_TOKEN: is not set; accepted: a bearer token for Lean, or LEAN_CLIENT_ID and LEAN_CLIENT_SECRET instead.',
      );
    else if (!given('LEAN_CLIENT_ID') && given('LEAN_CLIENT_SECRET'))
      wrong('LEAN_CLIENT_ID', 'the id that belongs to LEAN_CLIENT_SECRET');
    else if (!given('LEAN_CLIENT_SECRET') && given('LEAN_CLIENT_ID'))
      wrong('LEAN_CLIENT_SECRET', 'the secret that belongs to LEAN_CLIENT_ID');
    return {
      clientId: clientId ?? '',
      clientSecret: clientSecret ?? '',
      tokenUrl,
      scope: raw('LEAN_SCOPE') ?? '',
    };
  }
}

const certificateVariables = {
  certFile: 'LEAN_MTLS_CERT_FILE',
  keyFile: 'LEAN_MTLS_KEY_FILE',
  caFile: 'LEAN_MTLS_CA_FILE',
} as const;

function isSecret(name: string): boolean {
  return /TOKEN$|SECRET$/.test(name);
}
