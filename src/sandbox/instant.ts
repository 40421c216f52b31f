/** A moment as nanoseconds since 1970, so that nine fractional digits compare exactly. */
export type Instant = bigint;

const nanosPerSecond = 1_000_000_000n;
const pattern = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;

/** The instant of epoch milliseconds; fractions of a millisecond are kept to the microsecond. */
export function instantFromMs(ms: number): Instant {
  return BigInt(Math.round(ms * 1000)) * 1000n;
}

/** The length of a number of seconds in nanoseconds. */
export function seconds(count: number): bigint {
  return BigInt(Math.round(count * 1e9));
}

/** Reads an RFC 3339 date-time; undefined when it is none, or names a day that does not exist. */
export function parseInstant(text: string): Instant | undefined {
  const [, local, fraction = '', zone] = pattern.exec(text) ?? [];
  if (local === undefined || zone === undefined) return undefined;
  const wallClock = Date.parse(`${local}Z`);
  const ms = Date.parse(local + zone);
  if (Number.isNaN(ms) || !new Date(wallClock).toISOString().startsWith(local)) return undefined;
  return BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
}

/** Prints an instant the way Lean does: UTC, a fraction without trailing zeros. */
export function printInstant(instant: Instant): string {
  const nanos = ((instant % nanosPerSecond) + nanosPerSecond) % nanosPerSecond;
  const whole = new Date(Number((instant - nanos) / 1_000_000n)).toISOString().slice(0, 19);
  const fraction = nanos.toString().padStart(9, '0').replace(/0+$/, '');
  return fraction === '' ? `${whole}Z` : `${whole}.${fraction}Z`;
}
