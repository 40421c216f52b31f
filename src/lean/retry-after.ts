import type { HttpResponse } from './upstream-request.ts';

/** The delay that the header `retry-after` asks for, in ms; undefined if there is no header with a usable value. */
export function retryAfterMs(
  { headers }: Pick<HttpResponse, 'headers'>,
  now: () => number = Date.now,
): number | undefined {
  const value = headers['retry-after'];
  if (typeof value !== 'string') return undefined;
  if (/^\d{1,6}$/.test(value)) return Number(value) * 1000;
  // `Date.parse` would also accept other texts, such as `1.5`, which is a day in the year 2001.
  const date = value.endsWith('GMT') ? Date.parse(value) : NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now());
}
