import { rawNumber } from '../exact-json.ts';
import type { Instant } from '../instant.ts';
import type { Random } from '../random.ts';
import { customerId } from '../seed.ts';
import { LeanEvent, type EventData } from './lean-event.ts';

type EventTemplate = Pick<EventData, 'type' | 'message' | 'payload'>;

/** Events that are not about payouts, as an application gets them that also uses other products of Lean. */
const templates = {
  /** A customer paid in. The event has the same type as a payout's event, but its intent belongs to no payout. */
  pay_in: (id: string, random: Random): EventTemplate => {
    const [intentId, destinationId, amount] = [random.uuid(), random.uuid(), `${random.digits(3)}.5`];
    return {
      type: 'payment.updated',
      message: 'A payment object was updated.',
      payload: () => ({
        id,
        intent_id: intentId,
        customer_id: customerId,
        status: 'ACCEPTED_BY_BANK',
        amount: rawNumber(amount),
        currency: 'AED',
        payment_destination_id: destinationId,
        metadata: {},
      }),
    };
  },
  /** An undocumented event type. */
  unknown_type: (id: string): EventTemplate => ({
    type: 'sandbox.unknown.updated',
    message: 'Something new was updated.',
    payload: () => ({ id }),
  }),
} as const;

/** The kind of an event that is not about a payout. */
export type UnrelatedEvent = keyof typeof templates;

export const unrelatedEvents = Object.keys(templates) as UnrelatedEvent[];

export function createUnrelatedEvent(
  kind: UnrelatedEvent,
  at: Instant,
  random: Random,
  seed: number,
): LeanEvent {
  const id = random.uuid();
  return new LeanEvent({ ...templates[kind](id, random), at, subject: id, ordinal: 0 }, seed);
}
