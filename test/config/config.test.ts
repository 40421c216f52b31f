import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { parseEnv } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  developmentDefaults,
  parseConfig,
  settingWarnings,
  stdioSettingWarnings,
  type Environment,
} from '../../src/config/config.ts';
import { ConfigError } from '../../src/errors/config-error.ts';

const minimal: Environment = { LEAN_API_TOKEN: 'token', AUTH: 'none' };

function problems(env: Environment, preset?: Environment): readonly string[] {
  try {
    parseConfig(env, preset);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('a variable that is not set', () => {
  const defaults = {
    lean: {
      baseUrl: new URL('https://api2.leantech.me'),
      credentials: { token: 'token' },
      historyKey: 'auto',
      timeoutMs: 10_000,
      maxConcurrency: 64,
    },
    store: { folder: './data' },
    resendAfter: 600_000,
    readCacheBytes: 32 * 2 ** 20,
    retentionDays: 90,
    host: '127.0.0.1',
    port: 4000,
    keepAliveMs: 75_000,
    restPort: 8080,
    mcpPort: 9090,
    mcpWrites: true,
    requireIdempotencyKey: true,
    payoutsPerMinute: undefined,
    auth: { kind: 'none' },
    routerSecrets: [],
    authDirectives: false,
    maskIban: false,
    maxUpstreamCalls: 250,
    routerMaxUpstreamCalls: 1000,
    requestsPerMinute: undefined,
    persistedOperations: undefined,
    corsOrigins: [],
    webhookSecrets: [],
    traceContextToLean: false,
    mcpPublicUrl: undefined,
    fastPath: true,
    graphiql: false,
    introspection: false,
    logLevel: 'info',
  };

  it('a variable that is not set has its default, and nothing is open by default', () => {
    expect(parseConfig(minimal)).toEqual(defaults);
  });

  it('an empty variable counts as not set', () => {
    const empty = Object.fromEntries(Object.keys(everything).map(name => [name, '']));
    expect(parseConfig({ ...empty, ...minimal })).toEqual(defaults);
  });

  it('the development defaults replace the defaults, but not the variables that are set', () => {
    const { graphiql, introspection, logLevel } = parseConfig(
      { LEAN_API_TOKEN: 'token', GRAPHIQL: 'off' },
      developmentDefaults,
    );
    expect({ graphiql, introspection, logLevel }).toEqual({
      graphiql: false,
      introspection: true,
      logLevel: 'warn',
    });
  });

  it('a variable without a default is required', () => {
    expect(problems({})).toEqual([
      'LEAN_API_TOKEN: is not set; accepted: a bearer token for Lean, or LEAN_CLIENT_ID and LEAN_CLIENT_SECRET instead.',
      'AUTH: is not set; accepted: jwt, none.',
    ]);
  });
});

const everything = {
  LEAN_BASE_URL: 'http://lean.example:8080/root/',
  LEAN_API_TOKEN: '',
  LEAN_CLIENT_ID: 'me',
  LEAN_CLIENT_SECRET: 'my-secret',
  LEAN_TOKEN_URL: 'https://auth.example/token',
  LEAN_SCOPE: 'payouts',
  LEAN_MTLS_CERT_FILE: '',
  LEAN_MTLS_KEY_FILE: '',
  LEAN_MTLS_CA_FILE: '',
  LEAN_HISTORY_KEY: 'payment_intent_id',
  LEAN_TIMEOUT_MS: '100',
  PAYOUT_RESEND_AFTER_MS: 'never',
  LEAN_MAX_CONCURRENCY: '2',
  DATABASE_URL: 'postgres://me:my-secret@db.example/payouts',
  DATABASE_POOL_SIZE: '4',
  DATA_DIR: 'elsewhere',
  READ_CACHE_MB: '64',
  IDEMPOTENCY_RETENTION_DAYS: '7',
  HOST: '::1',
  PORT: '0',
  HTTP_KEEP_ALIVE_MS: '90000',
  REST_PORT: 'off',
  MCP_PORT: 'off',
  MCP_WRITES: 'off',
  REQUIRE_IDEMPOTENCY_KEY: 'off',
  AUTH: 'jwt',
  AUTH_JWKS_URL: 'https://id.example/keys',
  AUTH_ISSUER: 'https://id.example/, https://old-id.example/',
  AUTH_AUDIENCE: 'payouts,graph,',
  MASK_IBAN: 'on',
  FEDERATION_AUTH_DIRECTIVES: 'on',
  MCP_PUBLIC_URL: 'https://payouts.example/mcp',
  LEAN_TRACE_CONTEXT: 'on',
  LEAN_WEBHOOK_SECRET: 'old-secret,new-secret',
  ROUTER_SECRET: 'old-secret,new-secret',
  CORS_ORIGINS: 'https://app.example, http://localhost:3000',
  MAX_UPSTREAM_CALLS: '1',
  ROUTER_MAX_UPSTREAM_CALLS: '2',
  RATE_LIMIT_REQUESTS: '600',
  RATE_LIMIT_PAYOUTS: '10',
  PERSISTED_OPERATIONS: 'only',
  PERSISTED_OPERATIONS_FILE: 'operations.json',
  FAST_PATH: 'off',
  GRAPHIQL: 'on',
  INTROSPECTION: 'on',
  LOG_LEVEL: 'silent',
};

it.each(['127.0.0.1', 'localhost', '[::1]'])('a short resend delay is accepted if Lean is at %s', host => {
  const env = { ...minimal, LEAN_BASE_URL: `http://${host}:4010`, PAYOUT_RESEND_AFTER_MS: '1000' };
  expect(parseConfig(env).resendAfter).toBe(1000);
});

it.each(['0', '130000', '604800000', 'never'])('a resend delay of %s is accepted for any Lean', value => {
  expect(String(parseConfig({ ...minimal, PAYOUT_RESEND_AFTER_MS: value }).resendAfter)).toBe(value);
});

describe('a variable that is set', () => {
  it('each variable sets its own field', () => {
    expect(parseConfig(everything)).toEqual({
      lean: {
        baseUrl: new URL('http://lean.example:8080/root/'),
        credentials: {
          clientId: 'me',
          clientSecret: 'my-secret',
          tokenUrl: new URL('https://auth.example/token'),
          scope: 'payouts',
        },
        historyKey: 'payment_intent_id',
        timeoutMs: 100,
        maxConcurrency: 2,
      },
      store: { url: 'postgres://me:my-secret@db.example/payouts', poolSize: 4 },
      resendAfter: 'never',
      readCacheBytes: 64 * 2 ** 20,
      retentionDays: 7,
      host: '::1',
      port: 0,
      keepAliveMs: 90_000,
      restPort: undefined,
      mcpPort: undefined,
      mcpWrites: false,
      requireIdempotencyKey: false,
      payoutsPerMinute: 10,
      auth: {
        kind: 'jwt',
        jwksUrl: new URL('https://id.example/keys'),
        issuers: ['https://id.example/', 'https://old-id.example/'],
        audiences: ['payouts', 'graph'],
      },
      routerSecrets: ['old-secret', 'new-secret'],
      authDirectives: true,
      maskIban: true,
      maxUpstreamCalls: 1,
      routerMaxUpstreamCalls: 2,
      requestsPerMinute: 600,
      persistedOperations: { mode: 'only', file: 'operations.json' },
      corsOrigins: ['https://app.example', 'http://localhost:3000'],
      webhookSecrets: ['old-secret', 'new-secret'],
      traceContextToLean: true,
      mcpPublicUrl: new URL('https://payouts.example/mcp'),
      fastPath: false,
      graphiql: true,
      introspection: true,
      logLevel: 'silent',
    });
  });
});

describe('a problem', () => {
  const url = 'is not accepted; accepted: an http(s) URL with no credentials, query or fragment in it.';
  const secret = 'its value is not accepted; accepted: printable ASCII characters without whitespace.';
  const secrets =
    'its value is not accepted; accepted: printable ASCII characters without whitespace; several secrets are separated by commas.';
  const onOff = 'accepted: on, off.';
  const origins = 'is not accepted; accepted: comma-separated origins, such as https://app.example.com.';
  const integer = (from: string, to: string) => `accepted: a whole number from ${from} to ${to}.`;
  const resendAfter =
    "accepted: a whole number of ms from 130000 (LEAN_TIMEOUT_MS plus 120000) to 604800000, 0 to rely on Lean's idempotency keys, or never.";

  it.each([
    ['LEAN_BASE_URL', 'lean', url],
    ['LEAN_BASE_URL', 'ftp://lean.example', url],
    ['LEAN_BASE_URL', 'https://user:word@lean.example', url],
    ['LEAN_BASE_URL', 'https://lean.example?x=1', url],
    ['LEAN_BASE_URL', 'https://lean.example#x', url],
    ['LEAN_TOKEN_URL', 'https://auth.example/token?client_secret=x', url],
    ['LEAN_API_TOKEN', 'two words', secret],
    ['LEAN_API_TOKEN', 'line\nbreak', secret],
    ['LEAN_HISTORY_KEY', 'id', '"id" is not accepted; accepted: auto, payment_id, payment_intent_id.'],
    ['LEAN_TIMEOUT_MS', '99', `"99" is not accepted; ${integer('100', '300000')}`],
    ['LEAN_TIMEOUT_MS', '1e3', `"1e3" is not accepted; ${integer('100', '300000')}`],
    ['LEAN_MAX_CONCURRENCY', '1', `"1" is not accepted; ${integer('2', '10000')}`],
    ['DATABASE_POOL_SIZE', '1', `"1" is not accepted; ${integer('2', '1000')}`],
    ['DATABASE_POOL_SIZE', '1001', `"1001" is not accepted; ${integer('2', '1000')}`],
    ['DATABASE_POOL_SIZE', 'ten', `"ten" is not accepted; ${integer('2', '1000')}`],
    ['PORT', '65536', `"65536" is not accepted; ${integer('0', '65535')}`],
    ['PORT', '-1', `"-1" is not accepted; ${integer('0', '65535')}`],
    ['PORT', '80.5', `"80.5" is not accepted; ${integer('0', '65535')}`],
    ['AUTH', 'maybe', '"maybe" is not accepted; accepted: jwt, none.'],
    ['MCP_PUBLIC_URL', 'payouts', url],
    ['ROUTER_SECRET', 'with blanks', secrets],
    ['ROUTER_SECRET', ',', secrets],
    ['LEAN_WEBHOOK_SECRET', 'old, new', secrets],
    ['LEAN_WEBHOOK_SECRET', ',', secrets],
    ['MAX_UPSTREAM_CALLS', '0', `"0" is not accepted; ${integer('1', '1000000')}`],
    ['ROUTER_MAX_UPSTREAM_CALLS', 'no', `"no" is not accepted; ${integer('1', '1000000')}`],
    ['RATE_LIMIT_REQUESTS', '-1', `"-1" is not accepted; ${integer('1', '100000000')}`],
    ['RATE_LIMIT_PAYOUTS', 'many', `"many" is not accepted; ${integer('1', '100000000')}`],
    ['PERSISTED_OPERATIONS', 'on', '"on" is not accepted; accepted: off, allow, only.'],
    ['CORS_ORIGINS', '*', `"*" ${origins}`],
    ['CORS_ORIGINS', 'app.example', `"app.example" ${origins}`],
    ['CORS_ORIGINS', 'https://app.example/', `"https://app.example/" ${origins}`],
    ['CORS_ORIGINS', 'https://app.example/page', `"https://app.example/page" ${origins}`],
    ['CORS_ORIGINS', 'ftp://app.example', `"ftp://app.example" ${origins}`],
    ['FEDERATION_AUTH_DIRECTIVES', 'yes', `"yes" is not accepted; ${onOff}`],
    ['FAST_PATH', 'yes', `"yes" is not accepted; ${onOff}`],
    ['GRAPHIQL', 'true', `"true" is not accepted; ${onOff}`],
    ['INTROSPECTION', 'ON', `"ON" is not accepted; ${onOff}`],
    [
      'LOG_LEVEL',
      'loud',
      '"loud" is not accepted; accepted: trace, debug, info, warn, error, fatal, silent.',
    ],
  ])('a wrong value of %s, such as %j, is reported on its own line', (name, value, problem) => {
    expect(problems({ ...minimal, [name]: value })).toEqual([`${name}: ${problem}`]);
  });

  it.each(['soon', '-1', '1.5', '1e6', '129999', '604800001'])(
    'a wrong value of PAYOUT_RESEND_AFTER_MS, such as %j, is reported with the shortest delay',
    value => {
      expect(problems({ ...minimal, PAYOUT_RESEND_AFTER_MS: value })).toEqual([
        `PAYOUT_RESEND_AFTER_MS: ${JSON.stringify(value)} is not accepted; ${resendAfter}`,
      ]);
    },
  );

  it.each([
    ['LEAN_CLIENT_ID', 'the id that belongs to LEAN_CLIENT_SECRET', { LEAN_CLIENT_SECRET: 'x' }],
    ['LEAN_CLIENT_SECRET', 'the secret that belongs to LEAN_CLIENT_ID', { LEAN_CLIENT_ID: 'x' }],
  ])('client credentials without %s are reported', (name, accepted, env) => {
    expect(problems({ AUTH: 'none', ...env })).toEqual([`${name}: is not set; accepted: ${accepted}.`]);
  });

  it.each([
    ['LEAN_MTLS_KEY_FILE', 'LEAN_MTLS_CERT_FILE'],
    ['LEAN_MTLS_CERT_FILE', 'LEAN_MTLS_KEY_FILE'],
  ])('a client certificate without %s is reported', (missing, present) => {
    expect(problems({ ...minimal, [present]: '/nowhere/file.pem' })).toEqual([
      `${missing}: is not set; accepted: a PEM file; LEAN_MTLS_CERT_FILE and LEAN_MTLS_KEY_FILE go together.`,
    ]);
  });

  it('a certificate that cannot be read is reported', () => {
    const files = { LEAN_MTLS_CERT_FILE: '/nowhere/cert.pem', LEAN_MTLS_KEY_FILE: '/nowhere/key.pem' };
    expect(problems({ ...minimal, ...files })).toEqual([
      'LEAN_MTLS_CERT_FILE: "/nowhere/cert.pem" cannot be read; accepted: a readable PEM file.',
    ]);
  });

  it('an authority alone is accepted, and a missing file of it is named', () => {
    const folder = mkdtempSync(join(tmpdir(), 'lean-authority-'));
    onTestFinished(() => {
      rmSync(folder, { recursive: true });
    });
    const caFile = join(folder, 'ca.pem');
    expect(problems({ ...minimal, LEAN_MTLS_CA_FILE: caFile })).toEqual([
      `LEAN_MTLS_CA_FILE: ${JSON.stringify(caFile)} cannot be read; accepted: a readable PEM file.`,
    ]);
    writeFileSync(caFile, rootCertificates[0] ?? '');
    expect(parseConfig({ ...minimal, LEAN_MTLS_CA_FILE: caFile }).lean.certificate).toEqual({ caFile });
  });

  it('AUTH=jwt without the variables of the tokens is reported', () => {
    expect(problems({ LEAN_API_TOKEN: 'token', AUTH: 'jwt' })).toEqual([
      'AUTH_JWKS_URL: is not set; accepted: the http(s) URL of the keys that access tokens are signed with (JWKS).',
      'AUTH_ISSUER: is not set; accepted: the exact iss claim of access tokens; several are separated by commas.',
      'AUTH_AUDIENCE: is not set; accepted: the aud claim of access tokens for this gateway; several are separated by commas.',
    ]);
  });

  it('AUTH=jwt with lists that contain nothing is reported', () => {
    const env = { AUTH_JWKS_URL: 'https://id.example/keys', AUTH_ISSUER: ',', AUTH_AUDIENCE: ' , ' };
    expect(problems({ LEAN_API_TOKEN: 'token', AUTH: 'jwt', ...env })).toEqual([
      'AUTH_ISSUER: "," is not accepted; accepted: the exact iss claim of access tokens; several are separated by commas.',
      'AUTH_AUDIENCE: " , " is not accepted; accepted: the aud claim of access tokens for this gateway; several are separated by commas.',
    ]);
  });

  it('PERSISTED_OPERATIONS without a file is reported', () => {
    expect(problems({ ...minimal, PERSISTED_OPERATIONS: 'only' })).toEqual([
      'PERSISTED_OPERATIONS_FILE: is not set; accepted: a JSON file of documents by their sha256: hash.',
    ]);
  });

  it('a token together with client credentials is reported', () => {
    expect(problems({ ...minimal, LEAN_CLIENT_ID: 'x', LEAN_CLIENT_SECRET: 'x' })).toEqual([
      'LEAN_API_TOKEN: is set together with LEAN_CLIENT_ID or LEAN_CLIENT_SECRET; accepted: either LEAN_API_TOKEN or the client credentials, not both.',
    ]);
  });

  it('a problem does not contain the value of a secret', () => {
    const secret = 'very secret\u0000';
    const lines = [
      ...problems({ AUTH: 'none', LEAN_API_TOKEN: secret }),
      ...problems({ AUTH: 'none', LEAN_CLIENT_ID: 'x', LEAN_CLIENT_SECRET: secret }),
      ...problems({ ...minimal, LEAN_BASE_URL: `https://x:${secret}@lean.example` }),
    ];
    expect(lines).toHaveLength(3);
    expect(lines.join()).not.toContain('very');
  });

  it('all problems are reported together, in the order of the variables', () => {
    const names = ['LEAN_BASE_URL', 'LEAN_TIMEOUT_MS', 'PORT', 'AUTH', 'GRAPHIQL', 'LOG_LEVEL'];
    const wrong = Object.fromEntries(names.map(name => [name, 'x x']));
    expect(problems({ LEAN_API_TOKEN: 'token', ...wrong }).map(line => line.split(':')[0])).toEqual(names);
    expect(() => parseConfig(wrong)).toThrow(/\n/);
  });
});

describe('.env.example', () => {
  /** Values with which further variables are read. */
  const values: Environment = { AUTH: 'jwt', PERSISTED_OPERATIONS: 'only' };

  /** The names of all variables that are read. A variable is read even if others are missing. */
  function namesRead(): string[] {
    const read = new Set<string>();
    const env = new Proxy<Record<string, string | undefined>>(
      {},
      {
        get: (_target, name) => {
          read.add(String(name));
          return values[String(name)];
        },
      },
    );
    problems(env);
    return [...read].sort();
  }

  it('the file lists each variable that is read, with its default', async () => {
    const text = await readFile(new URL('../../.env.example', import.meta.url), 'utf8');
    const listed = parseEnv(text);
    expect(Object.keys(listed).sort()).toEqual(namesRead());
    expect(Object.keys(listed).sort()).toEqual(Object.keys(everything).sort());
    expect(parseConfig({ ...listed, ...minimal })).toEqual(parseConfig(minimal));
    const withoutDefault =
      /^(?:AUTH|AUTH_.*|LEAN_WEBHOOK_SECRET|CORS_ORIGINS|MCP_PUBLIC_URL|PERSISTED_OPERATIONS_FILE|RATE_LIMIT_.*|ROUTER_SECRET|DATABASE_URL|LEAN_API_TOKEN|LEAN_CLIENT_.*|LEAN_MTLS_.*)$/;
    for (const [name, value] of Object.entries(listed)) expect(value === '').toBe(withoutDefault.test(name));
  });
});

describe('a warning', () => {
  const noEffect = (name: string, reason: string): string => `${name}: has no effect, because ${reason}.`;

  it('names each setting that has no effect, and why', () => {
    const env = { ...minimal, PERSISTED_OPERATIONS_FILE: 'operations.json' };
    const persisted = noEffect(
      'PERSISTED_OPERATIONS_FILE',
      'PERSISTED_OPERATIONS is off; set it to allow or only',
    );
    expect(settingWarnings(env)).toEqual([persisted]);
    const jwt = { AUTH_JWKS_URL: 'https://id.example/keys', AUTH_ISSUER: 'me', AUTH_AUDIENCE: 'you' };
    expect(settingWarnings({ ...env, ...jwt })).toEqual([
      persisted,
      ...Object.keys(jwt).map(name => noEffect(name, 'AUTH is none; set AUTH to jwt')),
    ]);
    expect(settingWarnings({ LEAN_API_TOKEN: 'token', AUTH_ISSUER: 'me' }, developmentDefaults)).toHaveLength(
      1,
    );
  });

  it('is not given for settings that have an effect, or are empty', () => {
    expect(settingWarnings(everything)).toEqual([
      'LEAN_BASE_URL: begins with http:, so the credentials for Lean are sent in clear text to a public host; use https:.',
    ]);
    expect(settingWarnings({ ...minimal, PERSISTED_OPERATIONS_FILE: '', AUTH_ISSUER: '' })).toEqual([]);
  });

  it('of mcp --stdio names settings for several callers, and no ports', () => {
    const reason = 'mcp --stdio serves only the agent that has started it';
    expect(stdioSettingWarnings({ ...everything, RATE_LIMIT_REQUESTS: '60' })).toEqual([
      noEffect('AUTH', reason),
      noEffect('RATE_LIMIT_REQUESTS', reason),
      expect.stringMatching(/^LEAN_BASE_URL: .*clear text/),
    ]);
    expect(stdioSettingWarnings(minimal)).toEqual([]);
  });

  it.each(['http://api2.leantech.me', 'http://203.0.113.7:8080', 'http://[2001:db8::1]'])(
    'is given if the credentials for Lean are sent in clear text to %s',
    url => {
      expect(settingWarnings({ ...minimal, LEAN_BASE_URL: url })).toEqual([
        expect.stringMatching(/^LEAN_BASE_URL: .*clear text/),
      ]);
      const client = { LEAN_CLIENT_ID: 'me', LEAN_CLIENT_SECRET: 'secret', AUTH: 'none' };
      expect(settingWarnings({ ...client, LEAN_TOKEN_URL: url })).toEqual([
        expect.stringMatching(/^LEAN_TOKEN_URL: .*clear text/),
      ]);
    },
  );

  it.each([
    'https://api2.leantech.me',
    'http://127.0.0.1:4010',
    'http://sandbox:4010',
    'http://10.1.2.3',
    'http://[fd00::1]',
    'http://lean.payments.svc',
  ])('is not given for Lean at %s', url => {
    expect(settingWarnings({ ...minimal, LEAN_BASE_URL: url })).toEqual([]);
  });
});
