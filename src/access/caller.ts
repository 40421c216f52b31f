import type { Operation } from '../lean/operations.ts';
import { Forbidden, Unauthenticated } from '../errors/gateway-errors.ts';

/** The scopes that a caller may have, with their names in access tokens. */
export const scopes = {
  /** Allows every read. */
  read: 'payouts:read',
  /** Allows every operation that moves money. */
  create: 'payouts:create',
  /** Shows account numbers in full if `MASK_IBAN` masks them for other callers. */
  readSensitive: 'payouts:read_sensitive',
} as const;

export type Scope = (typeof scopes)[keyof typeof scopes];

/** An authenticated caller and its scopes. */
export interface Caller {
  /**
   * The name of the caller in logs and records. Every subject has its own idempotency keys. Empty if callers are not
   * authenticated (`AUTH=none`).
   */
  readonly subject: string;
  readonly scopes: ReadonlySet<string>;
  /** When the access token expires, in epoch milliseconds. */
  readonly expiresAt?: number;
  /** True for a request that needed an access token and had none. */
  readonly unauthenticated?: boolean;
}

/** The caller of every request with `AUTH=none`. It may read and pay. */
export const anonymousCaller: Caller = { subject: '', scopes: new Set([scopes.read, scopes.create]) };

/** The scope that an operation needs. It is the same on all surfaces. */
export function scopeOf({ hints }: Operation): Scope {
  return hints.readOnly ? scopes.read : scopes.create;
}

/**
 * Checks that a caller has all needed scopes.
 * @throws Forbidden with the missing scopes
 * @throws Unauthenticated if the request had no access token
 */
export function requireScopes(caller: Caller, ...needed: readonly string[]): void {
  const missing = needed.filter(scope => !caller.scopes.has(scope));
  if (missing.length === 0) return;
  throw caller.unauthenticated === true
    ? new Unauthenticated(missingTokenMessage, false)
    : new Forbidden(missing);
}

/** The error message for a request without an access token. */
export const missingTokenMessage = 'An access token is required: send it as authorization: Bearer <token>.';
