import type { EventLog } from '../webhooks/event-log.ts';
import type { Instant } from '../instant.ts';
import { eventTypes } from '../webhooks/lean-event.ts';
import { dateTime, type QueryParameters, wholeNumber } from './parameters.ts';
import { invalidParameters } from './refusal.ts';

const maxPageSize = 100;

/** A page of the events API as JSON text, oldest first. Throws a Refusal if a parameter is invalid. */
export function eventsPage(log: EventLog, parameters: QueryParameters, now: Instant): string {
  const number = requireNumber(parameters, 'page');
  const requestedSize = requireNumber(parameters, 'size');
  if (requestedSize === 0) throw invalidParameters('size must be at least 1');
  const type = parameters['type'];
  if (type !== undefined && !eventTypes.includes(type)) {
    throw invalidParameters(`type must be one of ${eventTypes.join(', ')}`);
  }
  const filter = { from: dateTime(parameters, 'from'), to: dateTime(parameters, 'to'), type };
  const size = Math.min(requestedSize, maxPageSize);
  const events = log.find(filter, now);
  const data = events.slice(number * size, (number + 1) * size).map(event => event.text);
  const page = {
    number,
    size,
    total_elements: events.length,
    total_pages: Math.ceil(events.length / size),
  };
  return `{"data":[${data.join(',')}],"page":${JSON.stringify(page)}}`;
}

function requireNumber(parameters: QueryParameters, name: string): number {
  const value = wholeNumber(parameters, name);
  if (value === undefined) throw invalidParameters(`${name} is missing`);
  return value;
}
