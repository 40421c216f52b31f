import { rawNumber } from '../exact-json.ts';
import type { Instant } from '../instant.ts';
import { LeanEvent, type EventData } from './lean-event.ts';
import type { Random } from '../random.ts';
import { customerId } from '../seed.ts';

type Story = Pick<EventData, 'type' | 'message' | 'payload'>;

/** Events that have nothing to do with payouts, as an application that uses more of Lean gets them. */
const stories = {
  /** A customer paid in: the very type of a payout's event, about an intent that is no payout's. */
  pay_in: (id: string, random: Random): Story => {
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
  /** A type that no document knows. */
  unknown_type: (id: string): Story => ({
    type: 'sandbox.novelty.updated',
    message: 'Something new was updated.',
    payload: () => ({ id }),
  }),
} as const;

export type UnrelatedEvent = keyof typeof stories;

export const unrelatedEvents = Object.keys(stories) as UnrelatedEvent[];

/** An event to be ignored. */
export function unrelatedEvent(noise: UnrelatedEvent, at: Instant, random: Random, seed: number): LeanEvent {
  const id = random.uuid();
  return new LeanEvent({ ...stories[noise](id, random), at, subject: id, ordinal: 0 }, seed);
}
