import { type Instant, parseInstant } from '../instant.ts';
import { invalidParameters } from './refusal.ts';

/** The query parameters of a request. */
export type QueryParameters = Readonly<Record<string, string>>;

/** Parses an unsigned whole number of up to nine digits. Undefined if absent. Throws a Refusal if invalid. */
export function wholeNumber(parameters: QueryParameters, name: string): number | undefined {
  const text = parameters[name];
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw invalidParameters(`${name} must be a whole number`);
  return Number(text);
}

/** Parses a date-time. Undefined if absent. Throws a Refusal if invalid. */
export function dateTime(parameters: QueryParameters, name: string): Instant | undefined {
  const text = parameters[name];
  if (text === undefined) return undefined;
  const value = parseInstant(text);
  if (value === undefined) throw invalidParameters(`${name} must be an ISO-8601 date-time`);
  return value;
}
