import { generateKeyPair, SignJWT, type JWTVerifyGetKey } from 'jose';
import { parse, type ExecutionArgs } from 'graphql';
import { AccessTokens } from '../src/access/access-tokens.ts';
import { Authenticator } from '../src/access/authenticator.ts';
import { rateLimit } from '../src/access/rate-limits.ts';
import { problemsOf } from '../src/adapters/graphql/operation-limits.ts';
import { operationPolicy } from '../src/adapters/graphql/operation-policy.ts';
import { Metrics } from '../src/adapters/observability/metrics.ts';
import { anybody } from '../src/access/caller.ts';
import { schema } from '../src/schema/index.ts';
import { printTable } from './figures.ts';

const document = `query Payouts($first: Int) {
  payouts(first: $first) {
    nodes { id amount { amount currency } status outcome recipient { displayName } intent { externalReference } history { status } }
    pageInfo { hasNextPage endCursor }
  }
}`;

/** What it costs a request to be let in, bounded and counted: each part alone, in CPU time of this process. */
export async function safetyTable({ times }: { readonly times: number }): Promise<void> {
  const { privateKey, publicKey } = await generateKeyPair('RS256');
  const find: JWTVerifyGetKey = () => Promise.resolve(publicKey);
  const tokens = new AccessTokens({ keys: { find, known: true }, issuer: 'bench', audience: 'bench' });
  const token = (index: number) =>
    new SignJWT({ iss: 'bench', aud: 'bench', sub: `caller-${String(index)}`, scope: 'payouts:read' })
      .setProtectedHeader({ alg: 'RS256' })
      .setExpirationTime('1h')
      .sign(privateKey);
  const authenticator = new Authenticator({ tokens, routerSecret: undefined, limit: undefined });
  const known = { authorization: `Bearer ${await token(0)}` };
  const fresh = await Promise.all(Array.from({ length: 2 * times }, (_, index) => token(index)));
  const limit = rateLimit('requests', 1_000_000_000, undefined);

  const ast = parse(document);
  const args: ExecutionArgs = {
    schema,
    document: ast,
    variableValues: { first: 50 },
    contextValue: { admission: { caller: anybody, router: false, asRouter: true } },
  };
  const metrics = new Metrics({
    load: () => ({ read: idle, write: idle }),
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
  const label = 'payouts';
  const policy = operationPolicy(250);

  const rows: [string, (index: number) => unknown][] = [
    ['access token, seen before', () => authenticator.authenticate(known)],
    [
      'access token, for the first time',
      index => authenticator.authenticate({ authorization: `Bearer ${fresh[index] ?? ''}` }),
    ],
    ['rate limit, in process', () => limit?.take('caller')],
    ['limits of a document, once for each document', () => problemsOf(ast, false)],
    ['scopes, and cost in Lean calls', () => policy(args)],
    [
      'numbers for operators',
      () => {
        metrics.request({ surface: 'graphql', label, outcome: 'ok', leanCalls: 1, seconds: 0.01 });
      },
    ],
  ];
  const figures: string[][] = [];
  for (const [name, work] of rows) figures.push([name, (await cpuMicros(work, times)).toFixed(1)]);
  printTable('What a request pays for safety', ['', 'CPU µs'], figures);
}

const idle = { busy: 0, max: 64, waiting: 0, open: false };

async function cpuMicros(work: (index: number) => unknown, times: number): Promise<number> {
  for (let index = 0; index < times; index += 1) await work(times + index);
  const before = process.cpuUsage();
  for (let index = 0; index < times; index += 1) await work(index);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / times;
}
