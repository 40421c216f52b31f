import { createHmac } from 'node:crypto';
import { importJWK, exportSPKI, UnsecuredJWT, type CryptoKey } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { operations, restPathOf, targetOf, toolNameOf, type Operation } from '../../src/lean/operations.ts';
import { exampleIntentId, examplePayoutId } from '../../src/sandbox/fixtures.ts';
import { signingKey, startIssuer, type Issuer, type SigningKey } from '../support/issuer.ts';
import { createPayoutDocument, leanCreation, payoutInput } from '../support/payout-input.ts';
import { startListeningGateway, type ListeningGateway } from '../support/running-gateway.ts';

/*
 * Access control: each operation, on each surface, with each kind of credentials. A refused request never reaches Lean.
 */
let issuer: Issuer;
let edKey: SigningKey;
let gateway: ListeningGateway;

beforeAll(async () => {
  issuer = await startIssuer();
  edKey = await signingKey('ed', 'Ed25519');
  issuer.keys = [issuer.key, edKey];
  gateway = await startListeningGateway({
    env: { ...issuer.env, REST_PORT: '0', MCP_PORT: '0', LEAN_HISTORY_KEY: 'payment_intent_id' },
  });
});

afterAll(async () => {
  await gateway.close();
  await issuer.close();
});

interface Result {
  readonly status: number;
  readonly code: string | undefined;
  readonly challenge: string | null;
}

let keys = 0;
const freshKey = (): string => `access-${String((keys += 1))}`;

const documents: Readonly<Record<string, string>> = {
  listPayouts: '{ payouts(first: 1) { nodes { id } } }',
  getPayoutPaymentHistory: `{ payoutByPayment(paymentId: "${examplePayoutId}") { history { status } } }`,
  getPayout: `{ payoutByPayment(paymentId: "${examplePayoutId}") { id } }`,
  getPayoutIntent: `{ payoutIntent(id: "${exampleIntentId}") { id } }`,
};

/** With LEAN_HISTORY_KEY=payment_intent_id, Lean expects the intent's id for histories. */
function idFor({ name }: Operation): string {
  return name === 'getPayoutPaymentHistory' ? exampleIntentId : examplePayoutId;
}

const surfaces: Readonly<
  Record<string, (operation: Operation, headers: Record<string, string>) => Promise<Result>>
> = {
  async graphql({ name }, headers) {
    const query = documents[name] ?? createPayoutDocument;
    const response = await fetch(gateway.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query, variables: { input: payoutInput(freshKey()) } }),
    });
    const { errors = [] } = (await response.json()) as {
      errors?: { extensions: { code: string } }[];
    };
    return resultOf(response, errors[0]?.extensions.code);
  },
  async rest(operation, headers) {
    const path = { payment_id: idFor(operation), payment_intent_id: exampleIntentId };
    const target = targetOf({ ...operation, path: restPathOf(operation) }, { path });
    const isCreation = operation.method === 'POST';
    const response = await fetch(`${gateway.restUrl ?? ''}${target}`, {
      method: operation.method,
      headers: {
        ...headers,
        ...(isCreation && { 'content-type': 'application/json', 'idempotency-key': freshKey() }),
      },
      ...(isCreation && { body: JSON.stringify(leanCreation()) }),
    });
    const { code } = (await response.json()) as { code?: string };
    return resultOf(response, response.ok ? undefined : code);
  },
  async mcp(operation, headers) {
    const args = Object.fromEntries(
      operation.parameters
        .filter(({ required, type }) => required || type === 'key')
        .map(({ name, type }) => [
          name.replaceAll('-', '_'),
          type === 'key'
            ? freshKey()
            : type === 'object'
              ? leanCreation()
              : name === 'payment_id'
                ? idFor(operation)
                : exampleIntentId,
        ]),
    );
    const response = await fetch(gateway.mcpUrl ?? '', {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...headers,
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: toolNameOf(operation), arguments: args },
      }),
    });
    const text = await response.text();
    const { error, result } = JSON.parse(/^data: (\{.*)$/m.exec(text)?.[1] ?? text) as {
      error?: { data?: { code?: string } };
      result?: { isError?: boolean };
    };
    return resultOf(response, error?.data?.code ?? (result?.isError === true ? 'isError' : undefined));
  },
};

function resultOf({ status, headers }: Response, code: string | undefined): Result {
  return { status, code, challenge: headers.get('www-authenticate') };
}

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
const read = { scope: 'payouts:read' };
const both = { scope: 'payouts:read payouts:create' };

/** A token signed by HMAC with the public key as the secret (algorithm confusion). */
async function hmacToken(): Promise<string> {
  const publicKey = (await importJWK(issuer.key.publicJwk)) as CryptoKey;
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'HS256', kid: issuer.key.publicJwk.kid })}.${part({
    iss: issuer.issuer,
    aud: issuer.audience,
    sub: 'anna',
    exp: Math.floor(Date.now() / 1000) + 300,
    ...both,
  })}`;
  const secret = await exportSPKI(publicKey);
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

const refusedCredentials: readonly (readonly [string, () => Promise<Record<string, string>>])[] = [
  ['no token', () => Promise.resolve({})],
  ['an empty header', () => Promise.resolve({ authorization: '' })],
  ['garbage', () => Promise.resolve(bearer('garbage'))],
  ['three parts of garbage', () => Promise.resolve(bearer('a.b.c'))],
  ['two tokens in one header', async () => bearer(`${await issuer.token(both)} ${await issuer.token(both)}`)],
  ['a valid token in another scheme', async () => ({ authorization: `Basic ${await issuer.token(both)}` })],
  [
    'alg none',
    () =>
      Promise.resolve(
        bearer(
          new UnsecuredJWT({ ...both, sub: 'anna' })
            .setIssuer(issuer.issuer)
            .setAudience(issuer.audience)
            .setExpirationTime('5m')
            .encode(),
        ),
      ),
  ],
  ['HS256 signed with the public key', async () => bearer(await hmacToken())],
  ['another issuer', async () => bearer(await issuer.token({ ...both, iss: 'https://other.example/' }))],
  ['another audience', async () => bearer(await issuer.token({ ...both, aud: 'orders' }))],
  ['an expired token', async () => bearer(await issuer.token(both, { lifetime: '-10s' }))],
  ['a token without exp', async () => bearer(await issuer.token(both, { lifetime: null }))],
  ['a token whose nbf is in the future', async () => bearer(await issuer.token({ ...both, nbf: 2 ** 32 }))],
  [
    'a token with a NUL character in its sub',
    async () => bearer(await issuer.token({ ...both, sub: 'a\u0000b' })),
  ],
  ['a token with an empty sub', async () => bearer(await issuer.token({ ...both, sub: '' }))],
  [
    'a key that is not the issuer’s, under the kid of one that is',
    async () => bearer(await issuer.token(both, { key: await signingKey('first') })),
  ],
  ['a changed payload', async () => bearer(withClaims(await issuer.token(read), both))],
];

/** Changes the claims of a token and keeps its signature. */
function withClaims(token: string, claims: object): string {
  const [head = '', payload = '', signature = ''] = token.split('.');
  const original = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
  const changed = Buffer.from(JSON.stringify({ ...original, ...claims })).toString('base64url');
  return `${head}.${changed}.${signature}`;
}

async function request(surface: string, operation: Operation, headers: Record<string, string>) {
  const requestsBefore = gateway.lean.requests.length;
  const result = await surfaces[surface]?.(operation, headers);
  if (result === undefined) throw new Error(`no ${surface}`);
  const leanOperations = gateway.lean.requests.slice(requestsBefore).map(each => each.operation);
  return { ...result, leanOperations };
}

describe.each(Object.keys(surfaces))('over %s', surface => {
  describe.each(Object.values(operations))('$name', (operation: Operation) => {
    it.each(refusedCredentials)('is refused with %s', async (_, credentials) => {
      expect(await request(surface, operation, await credentials())).toEqual({
        status: 401,
        code: 'UNAUTHENTICATED',
        challenge: expect.stringMatching(/^Bearer/),
        leanOperations: [],
      });
    });

    const isCreation = operation.method === 'POST';
    it.each([
      ['the scope to read', 'payouts:read', !isCreation],
      ['the scope to pay', 'payouts:create', isCreation],
      ['both scopes', 'payouts:create payouts:read', true],
      ['another scope', 'payouts:reads orders:read', false],
      ['no scope', '', false],
    ])('with %s (%s) is allowed: %s', async (_name, scope, allowed) => {
      const result = await request(surface, operation, bearer(await issuer.token({ scope })));
      if (allowed) {
        expect(result).toMatchObject({ status: 200, code: undefined });
        expect(result.leanOperations).toContain(operation.name);
      } else
        expect(result).toMatchObject({
          status: 403,
          code: 'FORBIDDEN',
          leanOperations: [],
          challenge: expect.stringContaining(
            `error="insufficient_scope", scope="payouts:${isCreation ? 'create' : 'read'}"`,
          ),
        });
    });

    it('is allowed with a token signed with alg Ed25519', async () => {
      const token = await issuer.token(both, { key: edKey });
      const result = await request(surface, operation, bearer(token));
      expect(result).toMatchObject({ status: 200, code: undefined });
      expect(result.leanOperations).toContain(operation.name);
    });

    it.each([
      ['scp', ['payouts:read', 'payouts:create']],
      ['scp', 'payouts:read payouts:create'],
      ['permissions', ['payouts:read', 'payouts:create']],
    ])('is allowed by scopes in the claim %s', async (claim, value) => {
      const result = await request(surface, operation, bearer(await issuer.token({ [claim]: value })));
      expect(result).toMatchObject({ status: 200, code: undefined });
    });
  });
});
