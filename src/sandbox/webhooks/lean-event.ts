import { createHash } from 'node:crypto';
import { type Instant, printInstant } from '../instant.ts';

/** The types that Lean's events API can be asked for. Webhooks may be of others. */
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

/** What an event says. */
export interface EventData {
  readonly type: string;
  readonly at: Instant;
  readonly message: string;
  /** What it is about. Events of one subject are sent one after another. */
  readonly subject: string;
  /** How many events of its subject came before it. */
  readonly ordinal: number;
  /** Called when the event is written: most events never are. */
  readonly payload: () => object;
}

/** Something that Lean tells by webhook, and again in its events API. */
export class LeanEvent {
  readonly type: string;
  readonly at: Instant;
  readonly subject: string;
  readonly #tidings: EventData;
  readonly #seed: number;

  constructor(tidings: EventData, seed: number) {
    this.type = tidings.type;
    this.at = tidings.at;
    this.subject = tidings.subject;
    this.#tidings = tidings;
    this.#seed = seed;
  }

  /** The event's UUID. It depends on nothing but the seed and the event, whatever else was told before. */
  get id(): string {
    const { subject, ordinal, at, type } = this.#tidings;
    const name = [this.#seed, subject, ordinal, at, type].join(' ');
    const hex = createHash('sha256').update(name).digest('hex');
    return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`]
      .concat(hex.slice(20, 32))
      .join('-');
  }

  /** The event as JSON. */
  get text(): string {
    const { type, at, message, payload } = this.#tidings;
    return JSON.stringify({
      type,
      payload: payload(),
      message,
      timestamp: printInstant(at),
      event_id: this.id,
    });
  }
}
