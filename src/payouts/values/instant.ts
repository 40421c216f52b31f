/**
 * An instant as RFC 3339 text in UTC, such as `2026-03-01T08:30:00.123456Z`, with whatever fraction of a second it
 * came with: Lean counts microseconds and more, which a `Date` would drop.
 */
export type Instant = string & { readonly instant: unique symbol };

const pattern =
  /^(\d{4}-(0[1-9]|1[0-2])-(\d{2}))[Tt ]((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:\.(\d{1,9}))?([Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/** As Lean writes them, and next to all callers: in UTC already, on a day that every month has. */
const usual =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?Z$/;

const firstSecond = Date.parse('0000-01-01T00:00:00Z') / 1000;
const lastSecond = Date.parse('9999-12-31T23:59:59Z') / 1000;

/** What `parseInstant` accepts, for messages. */
export const instantForm = 'an RFC 3339 date and time with its offset, such as "2026-03-01T08:30:00Z"';

/** The instant that an RFC 3339 text names, in UTC, or undefined when it names none. */
export function parseInstant(text: string): Instant | undefined {
  if (usual.test(text)) return text as Instant;
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const [, date = '', month = '', day = '', time = '', fraction, zone = ''] = match;
  if (!exists(date, month, day)) return undefined;
  if (zone === 'Z' && text[10] === 'T') return text as Instant;
  const local = new Date(`${date}T${time}Z`);
  const seconds = local.getTime() / 1000 - offsetSeconds(zone);
  // An offset at either end of time leads out of the years that RFC 3339 can write.
  if (seconds < firstSecond || seconds > lastSecond) return undefined;
  return instant(seconds, fraction ?? '');
}

/** Below, at or above zero as `a` is before, at or after `b`. */
export function compareInstants(a: Instant, b: Instant): number {
  // Of texts of one length the characters are in the order of time.
  const [left, right] = a.length === b.length ? [a, b] : [sortable(a), sortable(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The same for times that may not be known: those come first. */
export function compareTimes(a: Instant | null | undefined, b: Instant | null | undefined): number {
  return a == null || b == null ? Number(a != null) - Number(b != null) : compareInstants(a, b);
}

/** One microsecond later. */
export function justAfter(time: Instant): Instant {
  const [seconds, nanos] = parts(time);
  const later = nanos + 1000n;
  return instant(seconds + Number(later / 1_000_000_000n), digits(later % 1_000_000_000n));
}

/** The last microsecond of the second that `epochMs` falls into. */
export function endOfSecond(epochMs: number): Instant {
  return instant(Math.floor(epochMs / 1000), '999999');
}

/** Of a date that does not exist, such as February 30th, `Date` makes another one, or none. */
function exists(date: string, month: string, day: string): boolean {
  const made = new Date(`${date}T00:00:00Z`);
  return made.getUTCMonth() + 1 === Number(month) && made.getUTCDate() === Number(day);
}

function instant(seconds: number, fraction: string): Instant {
  const whole = new Date(seconds * 1000).toISOString().slice(0, 19);
  return `${whole}${fraction === '' ? '' : `.${fraction}`}Z` as Instant;
}

function parts(time: Instant): [seconds: number, nanos: bigint] {
  const fraction = time.slice(20, -1);
  return [Date.parse(`${time.slice(0, 19)}Z`) / 1000, BigInt(fraction.padEnd(9, '0'))];
}

function digits(nanos: bigint): string {
  return nanos.toString().padStart(9, '0').replace(/0+$/, '');
}

function sortable(time: Instant): string {
  return time.slice(0, 19) + time.slice(20, -1).padEnd(9, '0');
}

function offsetSeconds(zone: string): number {
  if (zone === 'Z' || zone === 'z') return 0;
  const [hours = '0', minutes = '0'] = zone.slice(1).split(':');
  return (zone.startsWith('-') ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60);
}
