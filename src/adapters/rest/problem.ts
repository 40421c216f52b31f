import { STATUS_CODES } from 'node:http';
import type { Logger } from 'pino';
import { causeOf } from '../../errors/cause-of.ts';
import { describeCode } from '../../errors/error-codes.ts';
import { presentedError } from '../../errors/presented-error.ts';
import type { Operation } from '../../lean/operations.ts';
import type { OperationOutcome } from '../../operations/operation-calls.ts';
import type { PayoutRejected, PayoutRejectionCode } from '../../payouts/creation/creation-answer.ts';
import type { HttpRequestContext } from '../http/http-request-context.ts';

/** The gateway's own error response, as problem details. `code` is the same on every surface. */
export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  /** True if the same request may succeed after `retryAfterSeconds`. */
  readonly retryable?: boolean;
  readonly retryAfterSeconds?: number;
  readonly [member: string]: unknown;
}

/**
 * Sends a problem as the response. Its code is the outcome of the request in the log and the metrics.
 * @see https://www.rfc-editor.org/rfc/rfc9457
 */
export function sendProblem(
  { response, report }: HttpRequestContext,
  { status, code, detail, ...members }: Problem,
  headers: Readonly<Record<string, string>> = {},
): void {
  report.outcome ??= code;
  const title = STATUS_CODES[status] ?? 'Problem';
  response.writeHead(status, {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    ...headers,
  });
  response.end(JSON.stringify({ type: 'about:blank', title, status, code, detail, ...members }));
}

/** The problem details for an outcome that is not Lean's own response. */
export function problemOf(outcome: Exclude<OperationOutcome, { kind: 'lean' }>): Problem {
  switch (outcome.kind) {
    case 'invalid':
      return {
        status: 400,
        code: 'BAD_USER_INPUT',
        detail: outcome.problems.map(({ parameter, problem }) => `${parameter} ${problem}`).join(' '),
        problems: outcome.problems.map(({ parameter, problem }) => ({ parameter, problem })),
      };
    case 'conflict':
    case 'refused': {
      const { message, idempotencyKey, leanCode } = outcome.rejected;
      const code = codeOfRejection(outcome.rejected);
      const status = describeCode(code).httpStatus;
      return { status, code, detail: message, idempotencyKey, ...(leanCode !== null && { leanCode }) };
    }
    case 'unknown': {
      const { message, idempotencyKey, reason, retryAfterSeconds, resendAt } = outcome.unknown;
      const code = 'PAYOUT_OUTCOME_UNKNOWN';
      const status = describeCode(code).httpStatus;
      const again = reason === 'WAITING' ? { retryable: true } : {};
      return { status, code, detail: message, idempotencyKey, reason, ...again, retryAfterSeconds, resendAt };
    }
    case 'denied':
      return problemOfError(outcome.error);
    case 'similar':
    case 'failed': {
      const { error, idempotencyKey } = outcome;
      return { ...problemOfError(error), ...(idempotencyKey !== undefined && { idempotencyKey }) };
    }
  }
}

/** The code of a rejection. On REST and MCP, wrong input has the same code in a payout as in a read. */
function codeOfRejection({
  code,
}: PayoutRejected): Exclude<PayoutRejectionCode, 'INVALID_INPUT'> | 'BAD_USER_INPUT' {
  return code === 'INVALID_INPUT' ? 'BAD_USER_INPUT' : code;
}

/** Logs a call that failed because Lean or the store could not be used. Any other outcome is not logged. */
export function logFailure(log: Logger, operation: Operation, outcome: OperationOutcome): void {
  if (outcome.kind !== 'failed') return;
  const { code, detail, lean } = problemOf(outcome);
  const level = code === 'PAYOUT_STORE_UNAVAILABLE' ? 'error' : 'warn';
  log[level]({ operation: operation.name, code, lean, cause: causeOf(outcome.error) }, detail);
}

function problemOfError(error: Error): Problem {
  const presented = presentedError(error);
  if (presented === undefined) throw error;
  const { status, code, message: detail, details } = presented;
  return { status, code, detail, ...details };
}
