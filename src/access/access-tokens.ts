import { errors, jwtVerify, type JWTPayload } from 'jose';
import type { Caller } from './caller.ts';
import { Unauthenticated } from '../errors/gateway-errors.ts';
import { AccessUnavailable } from '../errors/access-errors.ts';
import type { SigningKeys } from './signing-keys.ts';

export interface AccessTokenOptions {
  readonly keys: Pick<SigningKeys, 'find' | 'known'>;
  readonly issuer: string;
  readonly audience: string;
}

/** Signatures that are made with a private key alone: a public key is never taken for a shared secret. */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];

/** Clocks differ by a little. */
const clockToleranceSeconds = 5;

const longestSubject = 255;

/** A signature costs far more to check than all the rest of a request: a token that was good is so for a while. */
const rememberedMs = 30_000;
const mostRemembered = 10_000;

/**
 * Tells by JWT access tokens who calls: signed by the issuer, for this audience, and not over.
 * @see https://www.rfc-editor.org/rfc/rfc9068
 */
export class AccessTokens {
  readonly #options: AccessTokenOptions;
  /** The oldest first. */
  readonly #good = new Map<string, { readonly caller: Caller; readonly until: number }>();

  constructor(options: AccessTokenOptions) {
    this.#options = options;
  }

  /**
   * @throws Unauthenticated for a token that is not good, naming what is wrong with it
   * @throws AccessUnavailable when there are no keys to check it with
   */
  async callerOf(token: string): Promise<Caller> {
    const known = this.#good.get(token);
    if (known !== undefined && Date.now() < known.until) return known.caller;
    const { caller, expiresAt } = await this.#checked(token);
    this.#good.delete(token);
    this.#good.set(token, { caller, until: Math.min(expiresAt, Date.now() + rememberedMs) });
    const [oldest] = this.#good.keys();
    if (this.#good.size > mostRemembered && oldest !== undefined) this.#good.delete(oldest);
    return caller;
  }

  async #checked(token: string): Promise<{ readonly caller: Caller; readonly expiresAt: number }> {
    const { keys, issuer, audience } = this.#options;
    try {
      const { payload } = await jwtVerify(token, keys.find, {
        issuer,
        audience,
        algorithms,
        clockTolerance: clockToleranceSeconds,
        requiredClaims: ['iss', 'aud', 'exp', 'sub'],
      });
      const expiresAt = (payload.exp ?? 0) * 1000;
      return { caller: { ...callerFrom(payload), expiresAt }, expiresAt };
    } catch (error) {
      if (error instanceof Unauthenticated) throw error;
      if (!keys.known || isOutage(error)) throw new AccessUnavailable(error);
      throw new Unauthenticated(`The access token ${problemOf(error)}.`, true, error);
    }
  }
}

function callerFrom(payload: JWTPayload): Caller {
  const { sub, scope, scp, permissions } = payload;
  if (typeof sub !== 'string' || sub === '' || sub.length > longestSubject)
    throw new Unauthenticated(
      `The access token names nobody: its sub must be a text of 1 to ${String(longestSubject)} characters.`,
      true,
    );
  return { subject: sub, scopes: new Set([...words(scope), ...words(scp), ...words(permissions)]) };
}

/** Scopes as issuers write them: a text with blanks between, or an array. */
function words(claim: unknown): string[] {
  if (typeof claim === 'string') return claim.split(' ').filter(word => word !== '');
  return Array.isArray(claim) ? claim.filter(word => typeof word === 'string') : [];
}

/** Whether the issuer's keys could not be read when they were needed: that is not the token's fault. */
function isOutage(error: unknown): boolean {
  if (!(error instanceof errors.JOSEError) || error instanceof errors.JWKSTimeout) return true;
  return error instanceof errors.JWKSInvalid || error.code === errors.JOSEError.code;
}

/** For the caller, who may be anybody: which check failed, and nothing of what the token holds. */
function problemOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'is over';
  if (error instanceof errors.JWTClaimValidationFailed)
    return error.reason === 'missing'
      ? `has no ${error.claim}`
      : `is not accepted: its ${error.claim} does not fit`;
  if (error instanceof errors.JOSEAlgNotAllowed) return 'is signed by an algorithm that is not accepted';
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWSSignatureVerificationFailed)
    return 'is not signed by the issuer';
  if (error instanceof errors.JWKSMultipleMatchingKeys)
    return 'does not say which key it is signed with (kid)';
  return 'cannot be read: a JWT is accepted';
}
