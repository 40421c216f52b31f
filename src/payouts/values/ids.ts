import { BadInput } from '../../errors/gateway-errors.ts';

/** Precedes the intent's id in a `Payout.id`, so that the two are not confused. */
const prefix = 'po_';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Makes a `Payout.id`, which is opaque to callers. It comes from the intent's id alone, so it never changes. */
export function payoutIdOf(intentId: string): string {
  return `${prefix}${intentId}`;
}

/**
 * Reads a `Payout.id`.
 * @returns the id of the payout's intent at Lean
 * @throws BadInput naming `argument`; for an id of Lean's own, the message names the fields that accept it
 */
export function intentIdOf(id: unknown, argument: string): string {
  if (typeof id === 'string' && id.startsWith(prefix)) {
    const intentId = id.slice(prefix.length);
    if (uuid.test(intentId)) return intentId.toLowerCase();
  }
  if (isUuid(id))
    throw new BadInput(
      argument,
      "is an id of Lean's own. Accepted is a Payout.id; payoutByIntent takes Lean's payment_intent_id, and " +
        'payoutByPayment its payment_id.',
    );
  throw new BadInput(
    argument,
    'is not the id of a payout. Accepted is a Payout.id, such as "po_3fa85f64-5717-4562-b3fc-2c963f66afa6".',
  );
}

/**
 * Reads a UUID, as Lean's ids of payments, intents and destinations are.
 * @throws BadInput naming `argument`
 */
export function parseUuid(id: unknown, argument: string): string {
  if (isUuid(id)) return id.toLowerCase();
  throw new BadInput(argument, 'is not a UUID such as "3fa85f64-5717-4562-b3fc-2c963f66afa6".');
}

export function isUuid(id: unknown): id is string {
  return typeof id === 'string' && uuid.test(id);
}
