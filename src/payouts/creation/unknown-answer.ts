import { instantAt, type Instant } from '../values/instant.ts';
import type { PayoutOutcomeUnknown } from './creation-answer.ts';
import { findings, type PayoutUnknownReason } from './finding.ts';
import { minReadIntervalMs, type PayoutRequest } from './payout-record.ts';
import type { ResendRule } from './resend-rule.ts';

/** The largest `retryAfterSeconds` of an answer. */
const maxRetrySeconds = 30;

/** The answer while the outcome is unknown: the reason, and when the client may repeat the request. */
export function unknownAnswer(request: PayoutRequest, rule: ResendRule): PayoutOutcomeUnknown {
  const { idempotencyKey, sends, readAt, finding, inFlight } = request;
  const reason = finding === null || inFlight ? 'WAITING' : findings[finding].reason;
  const end = sends.turnedAway ? readAt : rule.endOf(sends, readAt);
  const resendAt = reason === 'WAITING' && end !== null && rule.allows(request) ? instantAt(end) : null;
  const isPast = end !== null && end <= readAt;
  // If the delay has passed without a proof, the end of the delay says nothing about when to retry.
  const isUnproven = isPast && finding !== null && finding !== 'absent';
  const wait = end === null || isUnproven ? undefined : Math.max(end, nextReadAt(request)) - readAt;
  return {
    kind: 'unknown',
    message: messageOf(request, reason, { resendAt, isPast }),
    idempotencyKey,
    reason,
    retryAfterSeconds: retryAfter(reason, inFlight, wait),
    resendAt,
  };
}

/** From when on a repetition reads Lean's list. An earlier one only gets the recorded finding. */
function nextReadAt({ lastCheckAt, readAt }: PayoutRequest): number {
  // A time in the future was written by a wrong clock, and delays no read.
  return lastCheckAt === null || lastCheckAt > readAt ? readAt : lastCheckAt + minReadIntervalMs;
}

const sentences = {
  beginning: 'Lean may or may not have accepted the payout.',
  repeat: 'Send the same input with the same idempotency key again; never pay it under another key.',
  UNCLEAR:
    'Lean has a payout that may be this one, and the gateway cannot tell. An operator must decide: do not repeat it, and never pay it under another key.',
  OPERATOR: 'An operator must decide: do not repeat it, and never pay it under another key.',
} as const;

function messageOf(
  request: PayoutRequest,
  reason: PayoutUnknownReason,
  { resendAt, isPast }: { readonly resendAt: Instant | null; readonly isPast: boolean },
): string {
  const { refusal, records } = request;
  if (reason !== 'WAITING') return `${sentences.beginning} ${sentences[reason]}`;
  if (refusal !== null)
    return (
      `Lean refused the payout${refusal.leanCode === null ? '' : ` (${refusal.leanCode})`}, but may have accepted another ` +
      `copy of the request. This becomes a rejection once it is proven that Lean does not have it. ${sentences.repeat}`
    );
  if (records.length > 1)
    return `${sentences.beginning} The gateway searches for each transfer. ${sentences.repeat}`;
  if (resendAt === null) return `${sentences.beginning} ${sentences.repeat}`;
  const again = isPast
    ? 'A repetition sends it again if Lean still does not have it.'
    : `After ${resendAt}, a repetition sends it again if Lean still does not have it.`;
  return `${sentences.beginning} ${sentences.repeat} ${again}`;
}

function retryAfter(reason: PayoutUnknownReason, inFlight: boolean, waitMs: number | undefined): number {
  if (inFlight) return 1;
  if (reason !== 'WAITING' || waitMs === undefined) return maxRetrySeconds;
  return Math.min(maxRetrySeconds, Math.max(1, Math.ceil(waitMs / 1000)));
}
