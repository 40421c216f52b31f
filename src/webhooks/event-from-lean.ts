import { postInitiationStatusFromLean } from '../payouts/from-lean.ts';
import { shortText, leanId, instantFromLean, text } from '../payouts/lean-values.ts';
import { eventType } from '../payouts/history.ts';
import { isUuid } from '../payouts/values/ids.ts';
import type { ReceivedEvent } from '../payouts/payout-update.ts';
import type { AnnouncedPayout } from '../payouts/creation/payout-records.ts';

/** An event id must fit into one line of SSE and into a request header. Lean's own ids are UUIDs. */
const eventIdPattern = /^[!-~]{1,200}$/;

/**
 * Reads an event of a payment from Lean's envelope; undefined if the envelope holds none. Pay-ins have the same event
 * types, so only a read from Lean shows whether the payment is a payout.
 * @param envelope the body of a webhook, or an entry of Lean's list of events
 * @see https://docs.leantech.me/docs/webhook-structure
 */
export function eventFromLean(envelope: unknown): ReceivedEvent | undefined {
  const { event_id, type, payload, timestamp } = asRecord(envelope);
  const kind = eventType(text(type));
  const { id: paymentId, intent_id, status, post_initiation_status } = asRecord(payload);
  const payment = shortText(paymentId);
  const eventId = shortText(event_id);
  const publishedAt = instantFromLean(timestamp);
  if (
    kind === 'UNKNOWN' ||
    eventId === null ||
    !eventIdPattern.test(eventId) ||
    publishedAt === null ||
    !isUuid(payment)
  )
    return undefined;
  const intentId = shortText(intent_id);
  return {
    eventId,
    type: kind,
    paymentId: payment.toLowerCase(),
    intentId: isUuid(intentId) ? intentId.toLowerCase() : null,
    leanStatus: statusText(status),
    // Null means that the tracking has not ended. An absent field says nothing about the tracking.
    postInitiationStatus:
      post_initiation_status === undefined ? undefined : postInitiationStatusFromLean(post_initiation_status),
    publishedAt,
  };
}

/**
 * Reads the fields that identify a payout from Lean's envelope.
 * @param envelope the body of a webhook
 */
export function announcedPayoutFromLean(envelope: unknown): AnnouncedPayout {
  const { amount, payment_destination_id, intent_id } = asRecord(asRecord(envelope)['payload']);
  const destinationId = shortText(payment_destination_id);
  return {
    amount: text(amount),
    destinationId: isUuid(destinationId) ? destinationId : null,
    intentId: leanId(intent_id),
  };
}

/** A status with the characters that Lean uses; null for others, because PostgreSQL does not store all of JSON's. */
function statusText(value: unknown): string | null {
  const status = shortText(value);
  return status !== null && /^[\w -]{1,64}$/.test(status) ? status : null;
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
