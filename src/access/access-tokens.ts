import { errors, jwtVerify, type JWTPayload } from 'jose';
import { LRUCache } from 'lru-cache';
import type { Caller } from './caller.ts';
import { Unauthenticated } from '../errors/gateway-errors.ts';
import { AccessUnavailable } from '../errors/access-errors.ts';
import type { SigningKeys } from './signing-keys.ts';

export interface AccessTokenOptions {
  readonly keys: Pick<SigningKeys, 'findKey' | 'available'>;
  /** The issuers that are accepted. All sign with the same keys. */
  readonly issuers: readonly string[];
  /** A token must be for one of these audiences. */
  readonly audiences: readonly string[];
}

/** Only asymmetric algorithms, so that a public key cannot be used as an HMAC secret (algorithm confusion). */
const algorithms = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'],
  // Two names of one algorithm: RFC 9864 replaces `EdDSA` by `Ed25519`.
  ...['EdDSA', 'Ed25519'],
];

/** The issuer's clock may differ a little from this machine's. */
const clockToleranceSeconds = 5;

const maxSubjectLength = 255;

/** How long a verified token is cached, in ms. */
const cacheMs = 30_000;
const maxCached = 10_000;

/** `expiresAt` is epoch ms, as the issuer's clock counts. */
type ExpiringCaller = Caller & { readonly expiresAt: number };

/**
 * Verifies JWT access tokens: they must be signed by an accepted issuer, for an accepted audience, and not expired.
 * @see https://www.rfc-editor.org/rfc/rfc9068
 */
export class AccessTokens {
  readonly #options: AccessTokenOptions;
  /** By token. `until` is on the clock of `performance.now()`, so a wall clock that is set back does not extend it. */
  readonly #verified = new LRUCache<string, { readonly caller: ExpiringCaller; readonly until: number }>({
    max: maxCached,
  });

  constructor(options: AccessTokenOptions) {
    this.#options = options;
  }

  /**
   * Verifies a token and returns its caller.
   * @throws Unauthenticated if the token is not valid; the message says why
   * @throws AccessUnavailable if the keys to verify it could not be read
   */
  async callerOf(token: string): Promise<Caller> {
    const cached = this.#verified.get(token);
    if (cached !== undefined && performance.now() < cached.until && Date.now() < cached.caller.expiresAt)
      return cached.caller;
    const caller = await this.#verify(token);
    this.#verified.set(token, { caller, until: performance.now() + cacheMs });
    return caller;
  }

  async #verify(token: string): Promise<ExpiringCaller> {
    const { keys, issuers, audiences } = this.#options;
    try {
      const { payload } = await jwtVerify(token, keys.findKey, {
        issuer: [...issuers],
        audience: [...audiences],
        algorithms,
        clockTolerance: clockToleranceSeconds,
        requiredClaims: ['iss', 'aud', 'exp', 'sub'],
      });
      return { ...callerFrom(payload), expiresAt: (payload.exp ?? 0) * 1000 };
    } catch (error) {
      if (error instanceof Unauthenticated) throw error;
      if (!keys.available || isOutage(error)) throw new AccessUnavailable(error);
      throw new Unauthenticated(`The access token ${problemOf(error)}.`, true, error);
    }
  }
}

function callerFrom(payload: JWTPayload): Caller {
  const { sub, scope, scp, permissions } = payload;
  // PostgreSQL cannot store a NUL character, and a subject stands in logs.
  if (typeof sub !== 'string' || sub === '' || sub.length > maxSubjectLength || /\p{Cc}/u.test(sub))
    throw new Unauthenticated(
      `The access token has no valid subject: its sub claim must be a string of 1 to ${String(maxSubjectLength)} characters, without control characters.`,
      true,
    );
  return { subject: sub, scopes: new Set([...scopesIn(scope), ...scopesIn(scp), ...scopesIn(permissions)]) };
}

/** Reads scopes. Issuers write them as a space-separated string or as an array. */
function scopesIn(claim: unknown): string[] {
  if (typeof claim === 'string') return claim.split(' ').filter(word => word !== '');
  return Array.isArray(claim) ? claim.filter(word => typeof word === 'string') : [];
}

/** Whether an error means that the issuer's keys could not be read. Such an error says nothing about the token. */
function isOutage(error: unknown): boolean {
  if (!(error instanceof errors.JOSEError) || error instanceof errors.JWKSTimeout) return true;
  return error instanceof errors.JWKSInvalid || error.code === errors.JOSEError.code;
}

/** The check that failed. The message contains nothing of the token, because the caller may be anybody. */
function problemOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'has expired';
  if (
    error instanceof errors.JWTClaimValidationFailed &&
    error.claim === 'nbf' &&
    error.reason === 'check_failed'
  )
    return 'is not valid yet: its nbf claim is in the future';
  if (error instanceof errors.JWTClaimValidationFailed)
    return error.reason === 'missing'
      ? `has no ${error.claim} claim`
      : `is not accepted: its ${error.claim} claim is not valid here`;
  if (error instanceof errors.JOSEAlgNotAllowed) return 'is signed with an algorithm that is not accepted';
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWSSignatureVerificationFailed)
    return 'is not signed by the issuer';
  if (error instanceof errors.JWKSMultipleMatchingKeys)
    return 'does not name the key that it is signed with (kid)';
  return 'is malformed; accepted: a JWT';
}
