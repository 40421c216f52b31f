import { STATUS_CODES, type ServerResponse } from 'node:http';
import { LeanNotSent, type LeanError } from '../../errors/lean-errors.ts';
import type { OperationOutcome } from '../../operations/operation-calls.ts';
import { StoreUnavailable } from '../../errors/gateway-errors.ts';

/** What this gateway itself has to say, as problem details; `code` is the one that every surface has for it. */
export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly [member: string]: unknown;
}

/** @see https://www.rfc-editor.org/rfc/rfc9457 */
export function answerProblem(
  response: ServerResponse,
  { status, code, detail, ...members }: Problem,
  headers: Readonly<Record<string, string>> = {},
): void {
  const title = STATUS_CODES[status] ?? 'Problem';
  response.writeHead(status, {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    ...headers,
  });
  response.end(JSON.stringify({ type: 'about:blank', title, status, code, detail, ...members }));
}

/** The problem that an outcome is, where it is not Lean's own word. */
export function problemOf(outcome: Exclude<OperationOutcome, { kind: 'lean' }>): Problem {
  switch (outcome.kind) {
    case 'invalid':
      return {
        status: 400,
        code: 'BAD_USER_INPUT',
        detail: outcome.problems.map(({ parameter, problem }) => `${parameter} ${problem}`).join(' '),
        problems: outcome.problems,
      };
    case 'conflict':
    case 'refused': {
      const { code, message, idempotencyKey, leanCode } = outcome.rejected;
      const status = outcome.kind === 'conflict' ? 409 : 422;
      return { status, code, detail: message, idempotencyKey, ...(leanCode !== null && { leanCode }) };
    }
    case 'similar': {
      const { code, message, similarUnknownKey } = outcome.error;
      return {
        status: 409,
        code,
        detail: message,
        idempotencyKey: outcome.idempotencyKey,
        similarUnknownKey,
      };
    }
    case 'denied': {
      const { code, message } = outcome.error;
      return { status: code === 'FORBIDDEN' ? 403 : 429, code, detail: message };
    }
    case 'unknown': {
      const { message, idempotencyKey, reason, retryAfterSeconds, resendAt } = outcome.unknown;
      return {
        status: 504,
        code: 'PAYOUT_OUTCOME_UNKNOWN',
        detail: message,
        idempotencyKey,
        reason,
        retryAfterSeconds,
        resendAt,
      };
    }
    case 'failed': {
      const { error, idempotencyKey } = outcome;
      return {
        status: statusOf(error),
        code: error.code,
        detail: error.message,
        ...(error instanceof StoreUnavailable ? {} : { lean: error.details }),
        ...(idempotencyKey !== undefined && { idempotencyKey }),
      };
    }
  }
}

function statusOf(error: LeanError | StoreUnavailable): number {
  if (error instanceof StoreUnavailable || error instanceof LeanNotSent) return 503;
  return error.code === 'LEAN_TIMEOUT' ? 504 : 502;
}
