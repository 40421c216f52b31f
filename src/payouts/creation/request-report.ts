import type { Instant } from '../values/instant.ts';
import { instantAt } from '../values/lean-time.ts';
import type { CreatePayoutAnswer } from './creation-answer.ts';
import type { PayoutRequest } from './payout-record.ts';
import type { ResendRule } from './resend-rule.ts';
import { unknownAnswer } from './unknown-answer.ts';

/** A request and its results, as its record has them. */
export interface RequestReport {
  readonly idempotencyKey: string;
  readonly requestedAt: Instant;
  /** One for each transfer, in their order. */
  readonly results: readonly CreatePayoutAnswer[];
}

/**
 * Reports on a request by its record alone. A transfer without an answer is reported as unknown, with the reason that a
 * repetition of the key would get if it read and sent nothing.
 * @param application the Lean application that the gateway speaks for
 */
export function reportOf(request: PayoutRequest, rule: ResendRule, application: string): RequestReport {
  const isForeign = request.application !== null && request.application !== application;
  const open = unknownAnswer(isForeign ? { ...request, finding: 'other_application' } : request, rule);
  return {
    idempotencyKey: request.idempotencyKey,
    requestedAt: instantAt(request.createdAt),
    results: request.records.map(({ answer }) => answer ?? open),
  };
}
