import { createPublicKey, type JsonWebKey } from 'node:crypto';

/*
 * The protected peers check the same tokens as our gateway, limit each caller and each document, count requests in a
 * histogram, and log a line for each request. This module holds what they have in common.
 */

/* The variables are those of our gateway. */
export const issuer = process.env['AUTH_ISSUER'] ?? '';
export const audience = process.env['AUTH_AUDIENCE'] ?? '';

/** The number of requests that a caller may send in a minute. */
export const requestsPerMinute = Number(process.env['RATE_LIMIT_REQUESTS']);

/** The limits of a document that our gateway has too. */
export const maxTokens = 1000;
export const maxDepth = 10;
export const maxAliases = 15;
/** The default of GraphQL Armor. */
export const maxCost = 5000;

/**
 * The issuer's public key as PEM. A peer reads it once, at its start, because a fixed key is the fastest way that its
 * JWT plugin offers.
 */
export async function readPublicKey(): Promise<string> {
  const response = await fetch(process.env['AUTH_JWKS_URL'] ?? '');
  const { keys } = (await response.json()) as { readonly keys: readonly [JsonWebKey] };
  return createPublicKey({ key: keys[0], format: 'jwk' }).export({ type: 'spki', format: 'pem' }).toString();
}
