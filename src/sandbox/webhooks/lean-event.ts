import { hash } from 'node:crypto';
import { type Instant, formatInstant } from '../instant.ts';

/** The event types that Lean's events API accepts as a filter. Webhooks may have other types. */
export const eventTypes: readonly string[] = [
  'results.ready',
  'entity.created',
  'entity.updated',
  'entity.reconnected',
  'payment.created',
  'payment.updated',
  'payment_intent.created',
  'payment_intent.expired',
  'payment_source.created',
  'payment_source.updated',
  'payment_source.beneficiary.created',
  'payment_source.beneficiary.updated',
  'bank.availability.updated',
  'payment.reconciliation.updated',
  'bulk_payment_intent.created',
  'bulk_payment_intent.updated',
];

/** The content of an event. */
export interface EventData {
  readonly type: string;
  readonly at: Instant;
  readonly message: string;
  /** The id of the object that the event is about. Events of one subject are sent one after another. */
  readonly subject: string;
  /** The number of earlier events of the same subject. */
  readonly ordinal: number;
  /** Creates the payload when the event is rendered. Most events never are. */
  readonly payload: () => object;
}

/** An event that Lean sends by webhook and returns in its events API. */
export class LeanEvent {
  readonly type: string;
  readonly at: Instant;
  readonly subject: string;
  readonly #data: EventData;
  readonly #seed: number;

  constructor(data: EventData, seed: number) {
    this.type = data.type;
    this.at = data.at;
    this.subject = data.subject;
    this.#data = data;
    this.#seed = seed;
  }

  /** The event's UUID. It depends only on the seed and this event, not on other events. */
  get id(): string {
    const { subject, ordinal, at, type } = this.#data;
    const name = [this.#seed, subject, ordinal, at, type].join(' ');
    const hex = hash('sha256', name);
    return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`]
      .concat(hex.slice(20, 32))
      .join('-');
  }

  /** The event as JSON. */
  get text(): string {
    const { type, at, message, payload } = this.#data;
    return JSON.stringify({
      type,
      payload: payload(),
      message,
      timestamp: formatInstant(at),
      event_id: this.id,
    });
  }
}
