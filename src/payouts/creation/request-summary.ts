import { instantAt, type Instant } from '../values/instant.ts';
import type { CreatePayoutAnswer } from './creation-answer.ts';
import type { PayoutRequest } from './payout-record.ts';
import type { ResendRule } from './resend-rule.ts';
import { unknownAnswer } from './unknown-answer.ts';

/** A request and its recorded results. */
export interface RequestSummary {
  readonly idempotencyKey: string;
  readonly requestedAt: Instant;
  /** One per transfer, in their order. */
  readonly results: readonly CreatePayoutAnswer[];
}

/**
 * Summarizes a request from its record alone. A transfer without an answer is `unknown`, with the reason that is
 * recorded now.
 * @param application the Lean application of the gateway's credentials
 */
export function summarizeRequest(
  request: PayoutRequest,
  rule: ResendRule,
  application: string,
): RequestSummary {
  const isOtherApplication = request.application !== application;
  const unknown = unknownAnswer(
    isOtherApplication ? { ...request, finding: 'other_application' } : request,
    rule,
  );
  return {
    idempotencyKey: request.idempotencyKey,
    requestedAt: instantAt(request.createdAt),
    results: request.records.map(({ answer, position }) => {
      // A refusal of the whole batch is the answer to each of its transfers.
      const isOfBatch = request.records.length > 1 && answer?.kind === 'rejected';
      return isOfBatch ? { ...answer, transferIndex: position } : (answer ?? unknown);
    }),
  };
}
