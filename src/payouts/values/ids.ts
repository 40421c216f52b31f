import { BadInput } from '../../errors/gateway-errors.ts';

/** Distinguishes a `Payout.id` from the intent id that follows it. */
const prefix = 'po_';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The `Payout.id`, which is opaque to callers. It is derived from the intent id alone, so it never changes. */
export function payoutIdOf(intentId: string): string {
  return `${prefix}${intentId}`;
}

/**
 * Parses a `Payout.id`.
 * @returns the id of the payout's intent at Lean, in lower case
 * @throws BadInput naming `argument`. If the value is a UUID, and so probably Lean's own id, the message names the
 *   fields that accept one.
 */
export function intentIdOf(id: unknown, argument: string): string {
  if (typeof id === 'string' && id.startsWith(prefix)) {
    const intentId = id.slice(prefix.length);
    if (uuid.test(intentId)) return intentId.toLowerCase();
  }
  if (isUuid(id))
    throw new BadInput(
      argument,
      "is an id of Lean's own; accepted: a Payout.id. payoutByIntent takes Lean's payment_intent_id, and " +
        'payoutByPayment its payment_id.',
    );
  throw new BadInput(
    argument,
    'is not the id of a payout; accepted: a Payout.id, such as "po_3fa85f64-5717-4562-b3fc-2c963f66afa6".',
  );
}

/**
 * Parses a UUID, the form of Lean's ids of payments, intents and destinations.
 * @returns the UUID in lower case
 * @throws BadInput naming `argument`
 */
export function parseUuid(id: unknown, argument: string): string {
  if (isUuid(id)) return id.toLowerCase();
  throw new BadInput(argument, 'is not a UUID such as "3fa85f64-5717-4562-b3fc-2c963f66afa6".');
}

export function isUuid(id: unknown): id is string {
  return typeof id === 'string' && uuid.test(id);
}
