import type { HttpResponse } from './upstream-request.ts';

/** The longest delay that the gateway takes from Lean. Otherwise a wrong header could stop a caller for years. */
const maxRetryAfterMs = 3_600_000;

/**
 * The delay that the header `retry-after` asks for, in ms, at most an hour; undefined if there is no header with a
 * usable value.
 * @see https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
 */
export function retryAfterMs(
  { headers }: Pick<HttpResponse, 'headers'>,
  now: () => number = Date.now,
): number | undefined {
  const value = headers['retry-after'];
  if (typeof value !== 'string') return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : httpDateMs(value) - now();
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(0, ms), maxRetryAfterMs);
}

/** The same delay for callers, in whole seconds, at least 1. */
export function retryAfterSeconds(response: Pick<HttpResponse, 'headers'>): number | undefined {
  const ms = retryAfterMs(response);
  return ms === undefined ? undefined : Math.max(1, Math.ceil(ms / 1000));
}

/**
 * An HTTP date in epoch ms; NaN for any other text. `Date.parse` would also accept other texts, such as `1.5`, a day in
 * the year 2001.
 */
function httpDateMs(value: string): number {
  return /^[A-Z][a-z]+, .+ GMT$/.test(value) ? Date.parse(value) : NaN;
}
