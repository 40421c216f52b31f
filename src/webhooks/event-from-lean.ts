import { postInitiationStatusFromLean } from '../payouts/from-lean.ts';
import { id, leanId, instantFromLean, text } from '../payouts/lean-values.ts';
import { eventType } from '../payouts/history.ts';
import { isUuid } from '../payouts/values/ids.ts';
import type { ReceivedEvent } from '../payouts/payout-update.ts';

/** Ids that subscribers can be given as a line, and can send back in a header; Lean's own are UUIDs. */
const eventIds = /^[!-~]{1,200}$/;

/**
 * What Lean's envelope says of a payment; undefined for what is no event of a payment. Pay-ins have the same types:
 * only Lean can tell whether a payment is a payout.
 * @param envelope as its webhooks and its list of events have it
 * @see https://docs.leantech.me/docs/webhook-structure
 */
export function eventFromLean(envelope: unknown): ReceivedEvent | undefined {
  const { event_id, type, payload, timestamp } = record(envelope);
  const kind = eventType(text(type));
  const { id: paymentId, intent_id, status, post_initiation_status } = record(payload);
  const payment = id(paymentId);
  const eventId = id(event_id);
  const publishedAt = instantFromLean(timestamp);
  if (
    kind === 'UNKNOWN' ||
    eventId === null ||
    !eventIds.test(eventId) ||
    publishedAt === null ||
    !isUuid(payment)
  )
    return undefined;
  const intentId = id(intent_id);
  return {
    eventId,
    type: kind,
    paymentId: payment.toLowerCase(),
    intentId: isUuid(intentId) ? intentId.toLowerCase() : null,
    leanStatus: wordOf(status),
    // An absent value is not null: the event then says nothing of the tracking.
    postInitiationStatus:
      post_initiation_status === undefined ? undefined : postInitiationStatusFromLean(post_initiation_status),
    publishedAt,
  };
}

/** The fields of Lean's envelope about the payout itself; null where it has none. */
export interface AnnouncedPayout {
  /** Decimal text. */
  readonly amount: string | null;
  readonly destinationId: string | null;
  readonly intentId: string | null;
}

export function announcedPayout(envelope: unknown): AnnouncedPayout {
  const { amount, payment_destination_id, intent_id } = record(record(envelope)['payload']);
  const destinationId = id(payment_destination_id);
  return {
    amount: text(amount),
    destinationId: isUuid(destinationId) ? destinationId : null,
    intentId: leanId(intent_id),
  };
}

/** A status as Lean writes them; a store does not take every character that JSON can hold. */
function wordOf(value: unknown): string | null {
  const word = id(value);
  return word !== null && /^[\w -]{1,64}$/.test(word) ? word : null;
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
