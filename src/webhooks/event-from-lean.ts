import { id, instantFromLean, postInitiationStatusFromLean, text } from '../payouts/from-lean.ts';
import { eventType } from '../payouts/history.ts';
import { isUuid } from '../payouts/ids.ts';
import type { ReceivedEvent } from '../payouts/payout-update.ts';

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
  if (kind === 'UNKNOWN' || eventId === null || publishedAt === null || !isUuid(payment)) return undefined;
  const intentId = id(intent_id);
  return {
    eventId,
    type: kind,
    paymentId: payment.toLowerCase(),
    intentId: isUuid(intentId) ? intentId.toLowerCase() : null,
    leanStatus: id(status),
    postInitiationStatus: postInitiationStatusFromLean(post_initiation_status),
    publishedAt,
  };
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
