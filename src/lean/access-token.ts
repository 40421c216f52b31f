import { LeanAnswer } from './answer.ts';
import { LeanError, LeanNotSent } from './errors.ts';
import type { Transport } from './transport.ts';

/** Where the bearer token for Lean's API comes from. */
export interface AccessTokenSource {
  /**
   * A token that is good for a while yet.
   * @param deadline as in `SendOptions`
   * @throws LeanNotSent when none can be had: whatever needed it was not sent
   */
  token(deadline: number): Promise<string>;
  /** Whether a token is at hand, or could be had when last tried; asks nobody. */
  readonly usable: boolean;
}

export function readyToken(token: string): AccessTokenSource {
  return { token: () => Promise.resolve(token), usable: true };
}

export interface ClientCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly tokenPath: string;
  readonly scope: string;
}

/** A token this near to its end is not used any more: clocks differ, and a call takes a while to arrive. */
const marginMs = 60_000;

/** Bounds the token request itself, which all waiting calls share; each of them leaves by its own deadline. */
const tokenTimeoutMs = 10_000;

/**
 * Tokens by OAuth 2.0 client credentials: fetched once for all who wait, and kept until shortly before they end.
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.4
 */
export function clientCredentialsToken(
  transport: Transport,
  credentials: ClientCredentials,
  now: () => number = Date.now,
): AccessTokenSource {
  let kept: { readonly token: string; readonly goodUntil: number } | undefined;
  let underWay: Promise<string> | undefined;
  let failed = false;

  async function fetchToken(): Promise<string> {
    const body = new URLSearchParams({
      client_id: credentials.clientId,
      client_secret: credentials.clientSecret,
      grant_type: 'client_credentials',
      scope: credentials.scope,
    }).toString();
    const askedAt = now();
    try {
      const answer = new LeanAnswer(
        await transport.send(
          {
            method: 'POST',
            target: credentials.tokenPath,
            headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
            body,
          },
          { deadline: performance.now() + tokenTimeoutMs },
        ),
      );
      if (!answer.ok) throw answer.failure();
      const { access_token, expires_in } = answer.json() as { access_token?: unknown; expires_in?: unknown };
      if (typeof access_token !== 'string' || !/^[\x21-\x7e]+$/.test(access_token))
        throw answer.bad("The token endpoint's answer holds no access token.");
      const lifetimeMs = Number(expires_in ?? 3600) * 1000;
      // A token that lives shorter than the margin is used for half of its life.
      kept = { token: access_token, goodUntil: askedAt + Math.max(lifetimeMs - marginMs, lifetimeMs / 2) };
      failed = false;
      return access_token;
    } catch (error) {
      failed = true;
      throw notSent(error);
    }
  }

  return {
    async token(deadline) {
      if (kept !== undefined && now() < kept.goodUntil) return kept.token;
      underWay ??= fetchToken().finally(() => (underWay = undefined));
      return withDeadline(underWay, deadline);
    },
    get usable() {
      return (kept !== undefined && now() < kept.goodUntil) || !failed;
    },
  };
}

function withDeadline(token: Promise<string>, deadline: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => {
        reject(
          new LeanNotSent(
            'LEAN_TIMEOUT',
            'No access token for Lean could be had in time; nothing was sent.',
            {
              retryable: true,
            },
          ),
        );
      },
      Math.max(0, deadline - performance.now()),
    );
    token.then(resolve, reject).finally(() => {
      clearTimeout(timer);
    });
  });
}

function notSent(error: unknown): unknown {
  if (!(error instanceof LeanError)) return error;
  const { httpStatus } = error.details;
  const refused = httpStatus === 400 || httpStatus === 401 || httpStatus === 403;
  return new LeanNotSent(
    refused ? 'LEAN_UNAUTHORIZED' : error.code,
    refused
      ? "Lean's token endpoint refused the gateway's client credentials; nothing was sent."
      : "No access token could be had from Lean's token endpoint; nothing was sent.",
    error.details,
    error,
  );
}
