import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';
import type { Environment } from '../../src/config/config.ts';

export interface SigningKey {
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK & { readonly kid: string; readonly alg: string };
}

export interface Issuer {
  /** Environment variables for a gateway that accepts its tokens. */
  readonly env: Environment;
  readonly issuer: string;
  readonly audience: string;
  readonly key: SigningKey;
  /** The keys that its endpoint returns. Undefined makes the endpoint respond 503. */
  keys: readonly SigningKey[] | undefined;
  /** The number of requests to its endpoint so far. */
  readonly keyRequests: number;
  /** A valid token. @default `sub` is "anna", and the token expires in five minutes */
  token(
    claims?: JWTPayload,
    options?: { readonly key?: SigningKey; readonly lifetime?: string | null },
  ): Promise<string>;
  close(): Promise<void>;
}

export async function signingKey(kid: string, alg = 'RS256'): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg } };
}

/** Starts an issuer of access tokens with an endpoint for its public keys (JWKS). */
export async function startIssuer(): Promise<Issuer> {
  const key = await signingKey('first');
  let keyRequests = 0;
  const server = createServer((_request, response) => {
    keyRequests += 1;
    if (issuer.keys === undefined) response.writeHead(503).end('out of order');
    else
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ keys: issuer.keys.map(({ publicJwk }) => publicJwk) }));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const issuer: Issuer = {
    issuer: 'https://id.example/',
    audience: 'payouts',
    env: {
      AUTH: 'jwt',
      AUTH_JWKS_URL: `http://127.0.0.1:${String(port)}/keys`,
      AUTH_ISSUER: 'https://id.example/',
      AUTH_AUDIENCE: 'payouts',
    },
    key,
    keys: [key],
    get keyRequests() {
      return keyRequests;
    },
    token(claims = {}, { key: signedBy = key, lifetime = '5m' } = {}) {
      const token = new SignJWT({ iss: 'https://id.example/', aud: 'payouts', sub: 'anna', ...claims });
      if (lifetime !== null) token.setExpirationTime(lifetime);
      const { alg, kid } = signedBy.publicJwk;
      return token.setProtectedHeader({ alg, kid }).sign(signedBy.privateKey);
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  return issuer;
}
