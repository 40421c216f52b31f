import { createHmac } from 'node:crypto';
import { importJWK, exportSPKI, UnsecuredJWT, type CryptoKey } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { operations, restPathOf, targetOf, toolNameOf, type Operation } from '../../src/lean/operations.ts';
import { exampleIntentId, examplePayoutId } from '../../src/sandbox/named.ts';
import { signingKey, startIssuer, type Issuer } from '../support/issuer.ts';
import { createPayoutDocument, leanCreation, payoutInput } from '../support/payout-input.ts';
import { startListeningGateway, type ListeningGateway } from '../support/running-gateway.ts';

/*
 * Who may do what: each operation, on each surface, with each kind of credentials. What is refused never reaches Lean.
 */
let issuer: Issuer;
let gateway: ListeningGateway;

beforeAll(async () => {
  issuer = await startIssuer();
  gateway = await startListeningGateway({
    env: { ...issuer.env, REST_PORT: '0', MCP_PORT: '0', LEAN_HISTORY_KEY: 'payment_intent_id' },
  });
});

afterAll(async () => {
  await gateway.close();
  await issuer.close();
});

interface Answer {
  readonly status: number;
  readonly code: string | undefined;
  readonly challenge: string | null;
}

let keys = 0;
const freshKey = (): string => `callers-${String((keys += 1))}`;

const documents: Readonly<Record<string, string>> = {
  listPayouts: '{ payouts(first: 1) { nodes { id } } }',
  getPayoutPaymentHistory: `{ payoutByPayment(paymentId: "${examplePayoutId}") { history { status } } }`,
  getPayout: `{ payoutByPayment(paymentId: "${examplePayoutId}") { id } }`,
  getPayoutIntent: `{ payoutIntent(id: "${exampleIntentId}") { id } }`,
};

/** As recorded, Lean keys histories by the intent. */
function idFor({ name }: Operation): string {
  return name === 'getPayoutPaymentHistory' ? exampleIntentId : examplePayoutId;
}

const surfaces: Readonly<
  Record<string, (operation: Operation, headers: Record<string, string>) => Promise<Answer>>
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
    return answerOf(response, errors[0]?.extensions.code);
  },
  async rest(operation, headers) {
    const path = { payment_id: idFor(operation), payment_intent_id: exampleIntentId };
    const target = targetOf({ ...operation, path: restPathOf(operation) }, { path });
    const paying = operation.method === 'POST';
    const response = await fetch(`${gateway.restUrl ?? ''}${target}`, {
      method: operation.method,
      headers: {
        ...headers,
        ...(paying && { 'content-type': 'application/json', 'idempotency-key': freshKey() }),
      },
      ...(paying && { body: JSON.stringify(leanCreation()) }),
    });
    const { code } = (await response.json()) as { code?: string };
    return answerOf(response, response.ok ? undefined : code);
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
    return answerOf(response, error?.data?.code ?? (result?.isError === true ? 'isError' : undefined));
  },
};

function answerOf({ status, headers }: Response, code: string | undefined): Answer {
  return { status, code, challenge: headers.get('www-authenticate') };
}

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
const read = { scope: 'payouts:read' };
const both = { scope: 'payouts:read payouts:create' };

/** Signed as a shared secret would be, with what everybody knows: the public key. */
async function confused(): Promise<string> {
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
  ['two tokens', async () => bearer(`${await issuer.token(both)} ${await issuer.token(both)}`)],
  ['a good token by another scheme', async () => ({ authorization: `Basic ${await issuer.token(both)}` })],
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
  ['HS256 signed with the public key', async () => bearer(await confused())],
  ['another issuer', async () => bearer(await issuer.token({ ...both, iss: 'https://other.example/' }))],
  ['another audience', async () => bearer(await issuer.token({ ...both, aud: 'orders' }))],
  ['a token that is over', async () => bearer(await issuer.token(both, { lifetime: '-10s' }))],
  ['a token without an end', async () => bearer(await issuer.token(both, { lifetime: null }))],
  ['a token that is not good yet', async () => bearer(await issuer.token({ ...both, nbf: 2 ** 32 }))],
  ['a token of nobody', async () => bearer(await issuer.token({ ...both, sub: '' }))],
  [
    'a key that the issuer does not have, by the name of one that it has',
    async () => bearer(await issuer.token(both, { key: await signingKey('first') })),
  ],
  ['a changed payload', async () => bearer(changed(await issuer.token(read), both))],
];

/** The same signature under another payload. */
function changed(token: string, claims: object): string {
  const [head = '', payload = '', signature = ''] = token.split('.');
  const known = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
  const other = Buffer.from(JSON.stringify({ ...known, ...claims })).toString('base64url');
  return `${head}.${other}.${signature}`;
}

async function ask(surface: string, operation: Operation, headers: Record<string, string>) {
  const before = gateway.lean.requests.length;
  const answer = await surfaces[surface]?.(operation, headers);
  if (answer === undefined) throw new Error(`no ${surface}`);
  return { ...answer, heard: gateway.lean.requests.slice(before).map(request => request.operation) };
}

describe.each(Object.keys(surfaces))('by %s', surface => {
  describe.each(Object.values(operations))('$name', (operation: Operation) => {
    it.each(refusedCredentials)('is refused with %s', async (_, credentials) => {
      expect(await ask(surface, operation, await credentials())).toEqual({
        status: 401,
        code: 'UNAUTHENTICATED',
        challenge: expect.stringMatching(/^Bearer/),
        heard: [],
      });
    });

    const paying = operation.method === 'POST';
    it.each([
      ['the scope to read', 'payouts:read', !paying],
      ['the scope to pay', 'payouts:create', paying],
      ['both scopes', 'payouts:create payouts:read', true],
      ['another scope', 'payouts:reads orders:read', false],
      ['no scope', '', false],
    ])('with %s is %s: %s', async (_what, scope, allowed) => {
      const answer = await ask(surface, operation, bearer(await issuer.token({ scope })));
      if (allowed) {
        expect(answer).toMatchObject({ status: 200, code: undefined });
        expect(answer.heard).toContain(operation.name);
      } else
        expect(answer).toMatchObject({
          status: 403,
          code: 'FORBIDDEN',
          heard: [],
          challenge: expect.stringContaining(
            `error="insufficient_scope", scope="payouts:${paying ? 'create' : 'read'}"`,
          ),
        });
    });

    it.each([
      ['scp', ['payouts:read', 'payouts:create']],
      ['scp', 'payouts:read payouts:create'],
      ['permissions', ['payouts:read', 'payouts:create']],
    ])('is allowed by the scopes of %s, too', async (claim, value) => {
      const answer = await ask(surface, operation, bearer(await issuer.token({ [claim]: value })));
      expect(answer).toMatchObject({ status: 200, code: undefined });
    });
  });
});
