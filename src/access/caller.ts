import type { Operation } from '../lean/operations.ts';
import { Forbidden, Unauthenticated } from '../errors/gateway-errors.ts';

/** What a caller may be allowed, by the names that access tokens use. */
export const scopes = {
  /** Every read. */
  read: 'payouts:read',
  /** Everything that moves money. */
  create: 'payouts:create',
  /** Account numbers in full, where they are masked for everybody else. */
  readSensitive: 'payouts:read_sensitive',
} as const;

export type Scope = (typeof scopes)[keyof typeof scopes];

/** Who asks, and what they may do. */
export interface Caller {
  /** Their name in logs and records; idempotency keys are one caller's own. Empty where callers are not told apart. */
  readonly subject: string;
  readonly scopes: ReadonlySet<string>;
  /** When their access token is over, as epoch milliseconds. */
  readonly expiresAt?: number;
  /** Whether nobody has said who they are. */
  readonly unknown?: boolean;
}

/** Everybody, where callers are not told apart: they may read and pay. */
export const anybody: Caller = { subject: '', scopes: new Set([scopes.read, scopes.create]) };

/** The scope that a call of an operation needs, on whichever surface. */
export function scopeOf({ hints }: Operation): Scope {
  return hints.readOnly ? scopes.read : scopes.create;
}

/**
 * @throws Forbidden naming the scopes that the caller lacks
 * @throws Unauthenticated for a caller who has not said who they are
 */
export function demandScopes(caller: Caller, ...needed: readonly string[]): void {
  const missing = needed.filter(scope => !caller.scopes.has(scope));
  if (missing.length === 0) return;
  throw caller.unknown === true ? new Unauthenticated(noToken, false) : new Forbidden(missing);
}

/** What who brings no access token is told. */
export const noToken = 'An access token is needed: send authorization: Bearer and the token.';
