/** A point in time as nanoseconds since 1970, so that times with nine fractional digits compare exactly. */
export type Instant = bigint;

const nanosPerSecond = 1_000_000_000n;
const pattern = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;

/** Converts epoch milliseconds. Fractions of a millisecond are rounded to the microsecond. */
export function instantFromMs(ms: number): Instant {
  return BigInt(Math.round(ms * 1000)) * 1000n;
}

/** Converts seconds to nanoseconds. */
export function seconds(count: number): bigint {
  return BigInt(Math.round(count * 1e9));
}

/** Parses an RFC 3339 date-time. Undefined if the text is not one, or if its day does not exist. */
export function parseInstant(text: string): Instant | undefined {
  const [, local, fraction = '', zone] = pattern.exec(text) ?? [];
  if (local === undefined || zone === undefined) return undefined;
  const wallClock = Date.parse(`${local}Z`);
  const ms = Date.parse(local + zone);
  if (Number.isNaN(ms) || !new Date(wallClock).toISOString().startsWith(local)) return undefined;
  return BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
}

/** Formats an instant the way Lean does: in UTC, with a fraction without trailing zeros. */
export function formatInstant(instant: Instant): string {
  const nanos = ((instant % nanosPerSecond) + nanosPerSecond) % nanosPerSecond;
  const whole = new Date(Number((instant - nanos) / 1_000_000n)).toISOString().slice(0, 19);
  const fraction = nanos.toString().padStart(9, '0').replace(/0+$/, '');
  return fraction === '' ? `${whole}Z` : `${whole}.${fraction}Z`;
}
