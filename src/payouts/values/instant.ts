/**
 * An instant as RFC 3339 text in UTC, such as `2026-03-01T08:30:00.123456Z`, with up to nine fraction digits. It is
 * not a `Date`, because Lean's times have microseconds or more and a `Date` has only milliseconds.
 */
export type Instant = string & { readonly instant: unique symbol };

const pattern =
  /^(\d{4}-(0[1-9]|1[0-2])-(\d{2}))[Tt ]((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:\.(\d{1,9}))?([Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/** A fast check for the usual form: already in UTC, and on a day up to the 28th, which every month has. */
const usualPattern =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?Z$/;

const firstSecond = Date.parse('0000-01-01T00:00:00Z') / 1000;
const lastSecond = Date.parse('9999-12-31T23:59:59Z') / 1000;

/** The texts that `parseInstant` accepts, for error messages. */
export const instantForm = 'an RFC 3339 date and time with its offset, such as "2026-03-01T08:30:00Z"';

/**
 * Parses an RFC 3339 date and time, and converts it to UTC.
 * @returns undefined if the text is not such a time, or if its date does not exist
 * @see https://www.rfc-editor.org/rfc/rfc3339#section-5.6
 */
export function parseInstant(text: string): Instant | undefined {
  if (usualPattern.test(text)) return text as Instant;
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const [, date = '', month = '', day = '', time = '', fraction, zone = ''] = match;
  if (!dateExists(date, month, day)) return undefined;
  if (zone === 'Z' && text[10] === 'T') return text as Instant;
  const local = new Date(`${date}T${time}Z`);
  const seconds = local.getTime() / 1000 - offsetSeconds(zone);
  // The offset may move the time out of the years 0000 to 9999, which are all that RFC 3339 can express.
  if (seconds < firstSecond || seconds > lastSecond) return undefined;
  return formatInstant(seconds, fraction ?? '');
}

/**
 * Converts epoch milliseconds to an instant such as `2026-03-01T08:30:00.123Z`.
 * @throws RangeError after the year 9999
 */
export function instantAt(epochMs: number): Instant {
  const instant = parseInstant(new Date(epochMs).toISOString());
  if (instant === undefined) throw new RangeError(`the time ${String(epochMs)} ms is after the year 9999`);
  return instant;
}

/** -1, 0 or 1 if `a` is before, equal to or after `b`. */
export function compareInstants(a: Instant, b: Instant): number {
  // Texts of the same length sort by time.
  const [left, right] = a.length === b.length ? [a, b] : [sortable(a), sortable(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Compares instants like `compareInstants`. An unknown time comes before all others. */
export function compareTimes(a: Instant | null | undefined, b: Instant | null | undefined): number {
  return a == null || b == null ? Number(a != null) - Number(b != null) : compareInstants(a, b);
}

/** One microsecond later. */
export function justAfter(time: Instant): Instant {
  const [seconds, nanos] = parts(time);
  const later = nanos + 1000n;
  return formatInstant(seconds + Number(later / 1_000_000_000n), fractionOf(later % 1_000_000_000n));
}

/** The last microsecond of the second that contains `epochMs`. */
export function endOfSecond(epochMs: number): Instant {
  return formatInstant(Math.floor(epochMs / 1000), '999999');
}

/** Whether a date exists. From a date such as February 30th, `Date` makes a date in March or an invalid one. */
function dateExists(date: string, month: string, day: string): boolean {
  const parsed = new Date(`${date}T00:00:00Z`);
  return parsed.getUTCMonth() + 1 === Number(month) && parsed.getUTCDate() === Number(day);
}

/** @param seconds since the epoch */
function formatInstant(seconds: number, fraction: string): Instant {
  const whole = new Date(seconds * 1000).toISOString().slice(0, 19);
  return `${whole}${fraction === '' ? '' : `.${fraction}`}Z` as Instant;
}

/** The seconds since the epoch, and the nanoseconds after them. */
function parts(time: Instant): [seconds: number, nanos: bigint] {
  const fraction = time.slice(20, -1);
  return [Date.parse(`${time.slice(0, 19)}Z`) / 1000, BigInt(fraction.padEnd(9, '0'))];
}

/** The digits after the point for a number of nanoseconds, without trailing zeros. */
function fractionOf(nanos: bigint): string {
  return nanos.toString().padStart(9, '0').replace(/0+$/, '');
}

/** A text that sorts by time next to other such texts. */
function sortable(time: Instant): string {
  return time.slice(0, 19) + time.slice(20, -1).padEnd(9, '0');
}

function offsetSeconds(zone: string): number {
  if (zone === 'Z' || zone === 'z') return 0;
  const [hours = '0', minutes = '0'] = zone.slice(1).split(':');
  return (zone.startsWith('-') ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60);
}
