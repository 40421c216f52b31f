import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startProcess, type ServerProcess } from '../bench/processes.ts';
import { startIssuer, signingKey, type Issuer } from './support/issuer.ts';

/*
 * The protected peers of the benchmark are protected. Otherwise they would be compared with our gateway on unequal
 * terms.
 */

const requestsPerMinute = 30;

/** Starts a peer that collects its log. */
const startPeer = (file: string, issuer: Issuer): Promise<ServerProcess> =>
  startProcess(`peers/${file}`, {
    env: {
      ...process.env,
      ...issuer.env,
      RATE_LIMIT_REQUESTS: String(requestsPerMinute),
      NODE_ENV: 'production',
    },
    output: 'collected',
  });

const aliases = Array.from({ length: 16 }, (_, index) => `a${String(index)}: payout(id: "po_1") { id }`).join(
  ' ',
);
/** Introspection, because the peers' own types are not recursive. */
const nested = `{ __type(name: "Query") { fields { type ${'{ ofType '.repeat(10)} { name } ${'}'.repeat(10)} } } }`;

const costly = `{ payouts { nodes { ${'...F '.repeat(200)} } } } fragment F on Payout { ${'id '.repeat(50)} }`;

describe.each([
  { peer: 'E', file: 'yoga-protected.ts', duration: 'graphql_yoga_http_duration' },
  { peer: 'Mercurius', file: 'mercurius-protected.ts', duration: 'http_request_duration_seconds' },
])('the protected $peer', ({ file, duration }) => {
  let issuer: Issuer;
  let peer: ServerProcess;
  beforeAll(async () => {
    issuer = await startIssuer();
    peer = await startPeer(file, issuer);
  });
  afterAll(async () => {
    await peer.stop();
    await issuer.close();
  });

  const post = (query: string, token: string | undefined): Promise<Response> =>
    fetch(`${peer.url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify({ query }),
    });
  const metrics = async (): Promise<string> => (await fetch(`${peer.url}/metrics`)).text();

  it('answers a request with a valid token', async () => {
    const response = await post('{ __typename }', await issuer.token());
    expect([response.status, await response.json()]).toEqual([200, { data: { __typename: 'Query' } }]);
  });

  it.each<[string, () => Promise<string | undefined>]>([
    ['without a token', () => Promise.resolve(undefined)],
    [
      'with a token of another key',
      async () => issuer.token({}, { key: await signingKey(issuer.key.publicJwk.kid) }),
    ],
    ['with a token for another audience', () => issuer.token({ aud: 'others' })],
    ['with a token of another issuer', () => issuer.token({ iss: 'https://other.example/' })],
    ['with an expired token', () => issuer.token({ exp: 1 }, { lifetime: null })],
  ])('refuses a request %s', async (_case, token) => {
    const response = await post('{ __typename }', await token());
    expect(response.status).toBe(401);
    expect(await response.text()).not.toContain('"data":{');
  });

  it.each([
    ['that is too long', `{ ${'__typename '.repeat(1000)} }`, /token/i],
    ['that is too deep', nested, /depth/i],
    ['with too many aliases', `{ ${aliases} }`, /alias/i],
    ['that costs too much', costly, /cost/i],
  ])('refuses a document %s', async (_case, query, message) => {
    const text = await (await post(query, await issuer.token())).text();
    expect(text).toMatch(message);
    expect(text).not.toContain('"data":{');
  });

  it('refuses the requests of a caller above the rate limit, but not those of others', async () => {
    const tokens = await Promise.all(['hasty', 'other'].map(sub => issuer.token({ sub })));
    const statusOf = async (token: string | undefined) => (await post('{ __typename }', token)).status;
    for (let count = 1; count <= requestsPerMinute; count += 1) expect(await statusOf(tokens[0])).toBe(200);
    expect([await statusOf(tokens[0]), await statusOf(tokens[1])]).toEqual([429, 200]);
  });

  it('measures the duration of a request', async () => {
    const count = async (): Promise<number> =>
      (await metrics())
        .split('\n')
        .filter(line => line.startsWith(`${duration}_count`))
        .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
    const before = await count();
    await (await post('{ __typename }', await issuer.token())).text();
    await expect.poll(count).toBe(before + 1);
  });

  it('logs a request with its caller', async () => {
    await (await post('{ __typename }', await issuer.token({ sub: 'logged' }))).text();
    const line = (): string | undefined => /^.*"caller":"logged".*\n/m.exec(peer.output)?.[0];
    await expect.poll(line).toBeDefined();
    expect(JSON.parse(line() ?? '')).toMatchObject({
      method: 'POST',
      path: '/graphql',
      status: 200,
      durationMs: expect.any(Number) as number,
      msg: 'request',
    });
  });
});
