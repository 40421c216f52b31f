import { BadInput } from './errors.ts';

/** In front of an intent's id, where Lean has made no payment of the intent yet. */
const intentPrefix = 'intent:';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export type PayoutKey = { readonly paymentId: string } | { readonly intentId: string };

/** The id of a payout in the graph: Lean's payment id, or the intent's with a prefix while there is no payment. */
export function payoutId(paymentId: string | null, intentId: string | null): string | null {
  if (paymentId !== null) return paymentId;
  return intentId === null ? null : `${intentPrefix}${intentId}`;
}

/** `Payout.id`: ours and opaque to callers, stable from the moment of creation because it comes from the intent's id alone. */
export function payoutIdOf(intentId: string): string {
  return `po_${intentId}`;
}

/**
 * Reads a payout's id.
 * @throws BadInput naming `argument`
 */
export function parsePayoutId(id: unknown, argument: string): PayoutKey {
  if (typeof id === 'string' && id.startsWith(intentPrefix)) {
    const intentId = id.slice(intentPrefix.length);
    if (uuid.test(intentId)) return { intentId: intentId.toLowerCase() };
  } else if (isUuid(id)) return { paymentId: id.toLowerCase() };
  throw new BadInput(
    argument,
    'is not the id of a payout. Accepted are a payment id, such as ' +
      '"3fa85f64-5717-4562-b3fc-2c963f66afa6", or "intent:" and the id of a payment intent.',
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
