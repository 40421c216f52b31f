import { LeanAnswer } from './answer.ts';
import { withDeadline } from './deadline.ts';
import { LeanError, LeanTokenUnavailable } from '../errors/lean-errors.ts';
import { systemClocks, type Clocks } from './send-window.ts';
import type { Transport } from './transport.ts';

/** Supplies the bearer token for Lean's API. */
export interface AccessTokenSource {
  /**
   * A token that stays valid for a while: at once if one is cached.
   * @param deadline as in `SendOptions`
   * @throws LeanTokenUnavailable when there is no token; the request that needed it was not sent
   */
  token(deadline: number): string | Promise<string>;
  /** Reports a token that Lean has refused. Whether another token can replace it. */
  invalidate(token: string): boolean;
  /** Whether a token is cached, or the last attempt to fetch one did not fail. Sends no request. */
  readonly usable: boolean;
}

export function staticToken(token: string): AccessTokenSource {
  return { token: () => token, invalidate: () => false, usable: true };
}

export interface ClientCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly tokenPath: string;
  readonly scope: string;
}

/** A token is renewed after this share of its lifetime, while it is still used, so that no call waits for a new one. */
const renewAfterShare = 0.8;

/** For this long after a failure the gateway does not call the token endpoint, and calls to Lean fail at once. */
const backoffMs = 1000;

/**
 * A token is no longer used when less than this is left before it expires, because clocks differ and a call needs time
 * to arrive.
 */
const expiryMarginMs = 60_000;

/**
 * The shortest lifetime that is believed, in ms. A shorter one, or one that cannot be read, would make each call request
 * a token.
 */
const minLifetimeMs = 4000;

/**
 * A refused token is dropped at most this often, in ms. If Lean refuses the next one too, another token is no remedy,
 * and each call would request one.
 */
const minReplacementMs = 2000;

/** Timeout of the token request, which all waiting calls share. Each call also stops waiting at its own deadline. */
const tokenTimeoutMs = 10_000;

/** A token, with the times of both clocks when it was requested. */
interface CachedToken {
  readonly token: string;
  readonly wall: number;
  readonly monotonic: number;
  readonly renewAfterMs: number;
  readonly usableMs: number;
}

/**
 * Tokens by OAuth 2.0 client credentials: fetched once for all waiting calls, and cached until shortly before they
 * expire.
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.4
 */
export function clientCredentialsToken(
  transport: Transport,
  credentials: ClientCredentials,
  clocks: Clocks = systemClocks,
): AccessTokenSource {
  let cached: CachedToken | undefined;
  let fetching: Promise<string> | undefined;
  /** `backoffUntil` is a time of the monotonic clock. */
  let failure: { readonly error: unknown; readonly backoffUntil: number } | undefined;
  /** When a refused token was dropped last, on the monotonic clock. */
  let droppedAt = -Infinity;

  /**
   * The age of a token in ms, by the clock that has counted more: the wall clock may be set back, and the monotonic clock
   * stops while the machine is suspended.
   */
  const ageOf = ({ wall, monotonic }: CachedToken): number =>
    Math.max(clocks.wall() - wall, clocks.monotonic() - monotonic);
  const isUsable = (token: CachedToken): boolean => ageOf(token) < token.usableMs;

  async function fetchToken(): Promise<string> {
    const body = new URLSearchParams({
      client_id: credentials.clientId,
      client_secret: credentials.clientSecret,
      grant_type: 'client_credentials',
      scope: credentials.scope,
    }).toString();
    const requestedAt = { wall: clocks.wall(), monotonic: clocks.monotonic() };
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
        throw answer.badAnswer("The token endpoint's response has no usable access_token.");
      const statedMs = Number(expires_in ?? 3600) * 1000;
      const lifetimeMs = statedMs >= minLifetimeMs ? statedMs : minLifetimeMs;
      // A token with a lifetime shorter than twice the margin is used for half of its lifetime.
      const usableMs = Math.max(lifetimeMs - expiryMarginMs, lifetimeMs / 2);
      cached = {
        token: access_token,
        ...requestedAt,
        renewAfterMs: Math.min(lifetimeMs * renewAfterShare, usableMs),
        usableMs,
      };
      failure = undefined;
      return access_token;
    } catch (error) {
      failure = { error: asTokenUnavailable(error), backoffUntil: clocks.monotonic() + backoffMs };
      throw failure.error;
    }
  }

  const fetchOnce = (): Promise<string> => (fetching ??= fetchToken().finally(() => (fetching = undefined)));

  return {
    token(deadline) {
      const backingOff = failure !== undefined && clocks.monotonic() < failure.backoffUntil;
      if (cached !== undefined && isUsable(cached)) {
        // A failed renewal is ignored as long as the cached token is usable.
        if (ageOf(cached) >= cached.renewAfterMs && !backingOff) void fetchOnce().catch(() => undefined);
        return cached.token;
      }
      if (backingOff) return Promise.reject(failure?.error as Error);
      return withDeadline(
        fetchOnce(),
        deadline,
        'No access token for Lean was available before the deadline; nothing was sent.',
      );
    },
    invalidate(token) {
      if (cached?.token !== token) return true;
      if (clocks.monotonic() - droppedAt < minReplacementMs) return false;
      cached = undefined;
      droppedAt = clocks.monotonic();
      return true;
    },
    // eslint-disable-next-line no-restricted-syntax -- there is one of these in a process
    get usable() {
      return (cached !== undefined && isUsable(cached)) || failure === undefined;
    },
  };
}

/** A failed token request as an error which says that the request in need of the token was not sent. */
function asTokenUnavailable(error: unknown): unknown {
  if (!(error instanceof LeanError)) return error;
  const { httpStatus } = error.details;
  const refused = httpStatus === 400 || httpStatus === 401 || httpStatus === 403;
  return new LeanTokenUnavailable(
    refused ? 'LEAN_UNAUTHORIZED' : error.code,
    refused
      ? "Lean's token endpoint refused the gateway's client credentials; nothing was sent."
      : "Lean's token endpoint issued no access token; nothing was sent.",
    error.details,
    error,
  );
}
