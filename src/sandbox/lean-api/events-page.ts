import type { EventLog } from '../webhooks/event-log.ts';
import type { Instant } from '../instant.ts';
import { eventTypes } from '../webhooks/lean-event.ts';
import { moment, type Parameters, wholeNumber } from './parameters.ts';
import { invalidParameters } from './refusal.ts';

const maxPageSize = 100;

/** The answer of the events API, oldest first. Throws a Refusal on a parameter that is not what it should be. */
export function eventsPage(log: EventLog, parameters: Parameters, now: Instant): string {
  const number = required(parameters, 'page');
  const asked = required(parameters, 'size');
  if (asked === 0) throw invalidParameters('size must be at least 1');
  const type = parameters['type'];
  if (type !== undefined && !eventTypes.includes(type)) {
    throw invalidParameters(`type must be one of ${eventTypes.join(', ')}`);
  }
  const filter = { from: moment(parameters, 'from'), to: moment(parameters, 'to'), type };
  const size = Math.min(asked, maxPageSize);
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

function required(parameters: Parameters, name: string): number {
  const value = wholeNumber(parameters, name);
  if (value === undefined) throw invalidParameters(`${name} is missing`);
  return value;
}
