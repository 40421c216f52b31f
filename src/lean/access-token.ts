import { LeanAnswer } from './answer.ts';
import { beforeSending } from './deadline.ts';
import { LeanError, LeanTokenUnavailable } from '../errors/lean-errors.ts';
import type { Transport } from './transport.ts';

/** Where the bearer token for Lean's API comes from. */
export interface AccessTokenSource {
  /**
   * A token that is good for a while yet: at once where one is at hand.
   * @param deadline as in `SendOptions`
   * @throws LeanTokenUnavailable when none can be had: whatever needed it was not sent
   */
  token(deadline: number): string | Promise<string>;
  /** Drops a token that Lean has refused. Whether another one may be had in its place. */
  refused(token: string): boolean;
  /** Whether a token is at hand, or could be had when last tried; asks nobody. */
  readonly usable: boolean;
}

export function readyToken(token: string): AccessTokenSource {
  return { token: () => token, refused: () => false, usable: true };
}

export interface ClientCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly tokenPath: string;
  readonly scope: string;
}

/** From this part of its life on a token is renewed while it is still in use, so that nobody waits for the next. */
const renewAfter = 0.8;

/** After a failure the token endpoint is left alone for so long; calls meanwhile fail at once. */
const holdOffMs = 1000;

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
  let kept: { readonly token: string; readonly renewAt: number; readonly goodUntil: number } | undefined;
  let underWay: Promise<string> | undefined;
  let failure: { readonly error: unknown; readonly until: number } | undefined;

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
      kept = {
        token: access_token,
        renewAt: askedAt + Math.min(lifetimeMs * renewAfter, Math.max(lifetimeMs - marginMs, lifetimeMs / 2)),
        goodUntil: askedAt + Math.max(lifetimeMs - marginMs, lifetimeMs / 2),
      };
      failure = undefined;
      return access_token;
    } catch (error) {
      failure = { error: notSent(error), until: now() + holdOffMs };
      throw failure.error;
    }
  }

  const fetchOnce = (): Promise<string> => (underWay ??= fetchToken().finally(() => (underWay = undefined)));

  return {
    token(deadline) {
      const time = now();
      const heldOff = failure !== undefined && time < failure.until;
      if (kept !== undefined && time < kept.goodUntil) {
        // The token in use is good for a while yet; a failure is told when it no longer is.
        if (time >= kept.renewAt && !heldOff) void fetchOnce().catch(() => undefined);
        return kept.token;
      }
      if (heldOff) return Promise.reject(failure?.error as Error);
      return beforeSending(
        fetchOnce(),
        deadline,
        'No access token for Lean could be had in time; nothing was sent.',
      );
    },
    refused(token) {
      if (kept?.token === token) kept = undefined;
      return true;
    },
    // eslint-disable-next-line no-restricted-syntax -- there is one of these in a process
    get usable() {
      return (kept !== undefined && now() < kept.goodUntil) || failure === undefined;
    },
  };
}

function notSent(error: unknown): unknown {
  if (!(error instanceof LeanError)) return error;
  const { httpStatus } = error.details;
  const refused = httpStatus === 400 || httpStatus === 401 || httpStatus === 403;
  return new LeanTokenUnavailable(
    refused ? 'LEAN_UNAUTHORIZED' : error.code,
    refused
      ? "Lean's token endpoint refused the gateway's client credentials; nothing was sent."
      : "No access token could be had from Lean's token endpoint; nothing was sent.",
    error.details,
    error,
  );
}
