import { type Instant, parseInstant } from '../instant.ts';
import { invalidParameters } from './refusal.ts';

/** The query of a request. */
export type Parameters = Readonly<Record<string, string>>;

/** A parameter that is a number without a sign; undefined when it is not there. Throws a Refusal on anything else. */
export function wholeNumber(parameters: Parameters, name: string): number | undefined {
  const text = parameters[name];
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw invalidParameters(`${name} must be a whole number`);
  return Number(text);
}

/** A parameter that is a date-time; undefined when it is not there. Throws a Refusal on anything else. */
export function moment(parameters: Parameters, name: string): Instant | undefined {
  const text = parameters[name];
  if (text === undefined) return undefined;
  const value = parseInstant(text);
  if (value === undefined) throw invalidParameters(`${name} must be an ISO-8601 date-time`);
  return value;
}
