import { generateKeyPair, SignJWT, type JWTVerifyGetKey } from 'jose';
import { parse, type ExecutionArgs } from 'graphql';
import { AccessTokens } from '../src/access/access-tokens.ts';
import { Authenticator } from '../src/access/authenticator.ts';
import { createRateLimit } from '../src/access/rate-limits.ts';
import { limitErrors } from '../src/adapters/graphql/documents/operation-limits.ts';
import { operationPolicy } from '../src/adapters/graphql/checks/operation-policy.ts';
import { Metrics } from '../src/adapters/observability/metrics.ts';
import { anonymousCaller } from '../src/access/caller.ts';
import { schema } from '../src/schema/index.ts';
import { printTable } from './figures.ts';

const document = `query Payouts($first: Int) {
  payouts(first: $first) {
    nodes { id amount { amount currency } status outcome recipient { displayName } intent { externalReference } history { status } }
    pageInfo { hasNextPage endCursor }
  }
}`;

/** Measures the CPU time of each part of authentication, limits and metrics, in this process. */
export async function safetyTable({ times }: { readonly times: number }): Promise<void> {
  const { privateKey, publicKey } = await generateKeyPair('RS256');
  const findKey: JWTVerifyGetKey = () => Promise.resolve(publicKey);
  const tokens = new AccessTokens({
    keys: { findKey, available: true },
    issuers: ['bench'],
    audiences: ['bench'],
  });
  const createToken = (index: number) =>
    new SignJWT({ iss: 'bench', aud: 'bench', sub: `caller-${String(index)}`, scope: 'payouts:read' })
      .setProtectedHeader({ alg: 'RS256' })
      .setExpirationTime('1h')
      .sign(privateKey);
  const authenticator = new Authenticator({ tokens, routerSecrets: [], limit: undefined });
  const knownHeaders = { authorization: `Bearer ${await createToken(0)}` };
  const newTokens = await Promise.all(Array.from({ length: 2 * times }, (_, index) => createToken(index)));
  const limit = createRateLimit('requests', 1_000_000_000, undefined);

  const ast = parse(document);
  const args: ExecutionArgs = {
    schema,
    document: ast,
    variableValues: { first: 50 },
    contextValue: { auth: { caller: anonymousCaller, isRouter: false, mayActAsRouter: true } },
  };
  const metrics = new Metrics({
    load: () => ({ read: idle, write: idle }),
    detailCache: () => ({ hits: 0, misses: 0, bytes: 0 }),
    attention: () =>
      Promise.resolve({
        open: { WAITING: 0, UNCLEAR: 0, OPERATOR: 0 },
        oldestSeconds: { WAITING: 0, UNCLEAR: 0, OPERATOR: 0 },
        duplicates: 0,
        doubts: 0,
      }),
    clocks: () => undefined,
    ready: () => true,
    subscriptions: () => 0,
    connections: () => ({ count: 0, unreadBytes: 0, incomingBytes: 0 }),
  });
  const operationLabel = 'payouts';
  const policy = operationPolicy({ maxUpstreamCalls: 250, routerMaxUpstreamCalls: 1000 });

  const parts: [name: string, run: (index: number) => unknown][] = [
    ['access token, seen before', () => authenticator.authenticate(knownHeaders)],
    [
      'access token, for the first time',
      index => authenticator.authenticate({ authorization: `Bearer ${newTokens[index] ?? ''}` }),
    ],
    ['rate limit, in process', () => limit?.take('caller')],
    ['limits of a document, once per document', () => limitErrors(ast, false)],
    ['scopes and cost limit', () => policy(args)],
    [
      'metrics',
      () => {
        metrics.recordRequest({
          surface: 'graphql',
          operationLabel,
          outcome: 'ok',
          leanCalls: 1,
          seconds: 0.01,
        });
      },
    ],
  ];
  const rows: string[][] = [];
  for (const [name, run] of parts) rows.push([name, (await cpuMicros(run, times)).toFixed(1)]);
  printTable('CPU time of authentication, limits and metrics per request', ['', 'CPU µs'], rows);
}

const idle = { busy: 0, max: 64, waiting: 0, open: false };

/** CPU time of one call in µs, after an equal number of calls as a warm-up. */
async function cpuMicros(run: (index: number) => unknown, times: number): Promise<number> {
  for (let index = 0; index < times; index += 1) await run(times + index);
  const before = process.cpuUsage();
  for (let index = 0; index < times; index += 1) await run(index);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / times;
}
