import { sandboxCredentials } from '../fixtures.ts';
import type { Random } from '../random.ts';
import type { LeanResponse } from './response.ts';

const lifetimeSeconds = 3600;

/** The parts of a request that the token endpoint reads. */
export interface TokenRequest {
  readonly authorization: string | undefined;
  readonly contentType: string | undefined;
  readonly body: string;
}

/** The token endpoint (RFC 6749, client credentials grant) and the tokens that it has issued. */
export class AccessTokens {
  /** Expiry in epoch ms by token. */
  readonly #expiries = new Map<string, number>();
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /**
   * Whether an `authorization` header holds the fixed token, or an issued token that is valid at `nowMs` (epoch ms).
   */
  accepts(authorization: string | undefined, nowMs: number): boolean {
    const [, token = ''] = /^bearer +(\S+)$/i.exec(authorization ?? '') ?? [];
    return token === sandboxCredentials.token || nowMs < (this.#expiries.get(token) ?? -Infinity);
  }

  respond({ authorization, contentType, body }: TokenRequest, nowMs: number): LeanResponse {
    if (!contentType?.startsWith('application/x-www-form-urlencoded')) {
      return tokenError(400, 'invalid_request', 'the request must be form-encoded');
    }
    const form = new URLSearchParams(body);
    const basic = basicCredentials(authorization);
    const clientId = basic?.id ?? form.get('client_id');
    const secret = basic?.secret ?? form.get('client_secret');
    if (clientId !== sandboxCredentials.clientId || secret !== sandboxCredentials.clientSecret) {
      return tokenError(401, 'invalid_client', 'client authentication failed');
    }
    const grantType = form.get('grant_type');
    if (grantType === null) return tokenError(400, 'invalid_request', 'grant_type is missing');
    if (grantType !== 'client_credentials') {
      return tokenError(400, 'unsupported_grant_type', 'grant_type must be client_credentials');
    }
    const scope = form.get('scope') ?? 'api';
    if (scope !== 'api') return tokenError(400, 'invalid_scope', 'scope must be api');
    return {
      status: 200,
      body: JSON.stringify({
        access_token: this.#issue(nowMs),
        scope,
        token_type: 'Bearer',
        expires_in: lifetimeSeconds - 1,
      }),
    };
  }

  #issue(nowMs: number): string {
    for (const [token, expiry] of this.#expiries) if (expiry <= nowMs) this.#expiries.delete(token);
    const issuedAt = Math.floor(nowMs / 1000);
    const claims = {
      sub: sandboxCredentials.clientId,
      scope: ['payout.read', 'payout.write', 'destination.read'],
      nbf: issuedAt,
      iat: issuedAt,
      exp: issuedAt + lifetimeSeconds,
      jti: this.#random.uuid(),
    };
    const signature = Buffer.from(this.#random.hex(64), 'hex').toString('base64url');
    const token = `${base64Json({ alg: 'RS256', typ: 'JWT' })}.${base64Json(claims)}.${signature}`;
    this.#expiries.set(token, nowMs + lifetimeSeconds * 1000);
    return token;
  }
}

function basicCredentials(authorization: string | undefined): { id: string; secret: string } | undefined {
  const [, encoded] = /^basic +(\S+)$/i.exec(authorization ?? '') ?? [];
  if (encoded === undefined) return undefined;
  const [id = '', ...secret] = Buffer.from(encoded, 'base64').toString().split(':');
  return { id, secret: secret.join(':') };
}

function tokenError(status: number, error: string, description: string): LeanResponse {
  const challenge = status === 401 ? { headers: { 'www-authenticate': 'Basic realm="sandbox"' } } : {};
  return { status, body: JSON.stringify({ error, error_description: description }), ...challenge };
}

function base64Json(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
