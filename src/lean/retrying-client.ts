import type { AccessTokenSource } from './access-token.ts';
import { dateOf, LeanAnswer, requestIdsOf } from './answer.ts';
import { pause } from './deadline.ts';
import type { BudgetSource } from './call-budget.ts';
import { LeanCallsUsedUp, LeanError } from '../errors/lean-errors.ts';
import type { CancellationSignal } from './cancellation.ts';
import type { Bulkhead } from './bulkhead.ts';
import type { LeanClock } from './lean-clock.ts';
import type { LeanCall, OperationArguments } from './operations.ts';
import type { Attempt, RequestClass, RetryPolicy } from './retry.ts';
import type { HttpRequest, HttpResponse } from './upstream-request.ts';
import type { Transport } from './transport.ts';
import {
  cancelledAttempt,
  type AttemptTrace,
  type UpstreamAttempt,
  type UpstreamCall,
} from './upstream-call.ts';

export interface RetryingClientOptions {
  readonly transport: Transport;
  readonly token: AccessTokenSource;
  /** One for reads and one for writes, so that many reads cannot delay a payout. */
  readonly bulkheads: Readonly<Record<RequestClass, Bulkhead>>;
  readonly retries: RetryPolicy;
  /** It observes the `Date` of each response. */
  readonly clock: LeanClock;
  readonly onCall?: ((call: UpstreamCall) => void) | undefined;
  readonly trace?: ((attempt: UpstreamAttempt) => AttemptTrace) | undefined;
}

/** A request to Lean, and the limits of its attempts. */
export interface RequestPlan {
  readonly operation: LeanCall;
  readonly kind: RequestClass;
  readonly target: string;
  readonly args: OperationArguments;
  readonly deadline: number;
  readonly signal?: CancellationSignal | undefined;
  readonly beforeSend?: (remainingMs: number) => Promise<void>;
  readonly minRemainingMs?: number;
  readonly budgetSource: BudgetSource;
}

/** Sends requests to Lean, and retries them by the rules in `retry.ts`. */
export class RetryingClient {
  readonly #options: RetryingClientOptions;

  constructor(options: RetryingClientOptions) {
    this.#options = options;
  }

  /** Resolves with the response to the last attempt. Rejects with its error, or the one that prevented an attempt. */
  async send(plan: RequestPlan): Promise<LeanAnswer> {
    const { retries, token: tokens } = this.#options;
    const { kind, deadline, signal, budgetSource } = plan;
    const { budget } = budgetSource;
    if (budget?.take() === false) throw new LeanCallsUsedUp(budget.max);
    retries.countRequest();
    /** Whether Lean has refused a token and an attempt was made with another one. */
    let tokenReplaced = false;
    let retryCount = 0;
    for (let number = 1; ; number += 1) {
      const token = await tokens.token(deadline);
      const attempt = await this.#attempt(plan, token, number);
      // The budget of a shared read changes with its subscribers. Without calls left there is no retry, so none is taken
      // from the retry budget, which all requests share.
      const mayRetry = budgetSource.budget?.hasCallsLeft !== false;
      if (
        'response' in attempt &&
        attempt.response.status === 401 &&
        tokens.invalidate(token) &&
        // Lean may have revoked the token, so a read is retried once with another one. A write's caller may repeat it.
        kind === 'read' &&
        !tokenReplaced &&
        mayRetry
      ) {
        budgetSource.budget?.take();
        tokenReplaced = true;
        continue;
      }
      const delayMs = mayRetry
        ? retries.delayBeforeRetry(kind, attempt, retryCount, deadline - performance.now())
        : undefined;
      if (delayMs === undefined) {
        if ('error' in attempt) throw attempt.error;
        return new LeanAnswer(attempt.response);
      }
      budgetSource.budget?.take();
      retryCount += 1;
      await pause(delayMs, signal);
    }
  }

  /** @param number of the attempt, from 1 */
  async #attempt(plan: RequestPlan, token: string, number: number): Promise<Attempt> {
    const { transport, bulkheads, clock, trace, onCall } = this.#options;
    const { operation, kind, target, args } = plan;
    const { name, method } = operation;
    const start = { operation: name, class: kind, attempt: number };
    const startedAt = performance.now();
    const attemptTrace = trace?.({ ...start, method });
    const report = (result: AttemptResult): void => {
      const durationMs = Math.round((performance.now() - startedAt) * 10) / 10;
      const call = { ...start, durationMs, ...result };
      onCall?.(call);
      attemptTrace?.end(call);
    };
    const headers = {
      ...args.headers,
      ...attemptTrace?.headers,
      ...(args.body !== undefined && { 'content-type': 'application/json' }),
      accept: 'application/json',
      authorization: `Bearer ${token}`,
    };
    const request: HttpRequest = { method, target, headers, body: args.body };
    let response: HttpResponse;
    try {
      response = await bulkheads[kind].run(transport.createRequest(request, plan));
    } catch (error) {
      report({
        status: undefined,
        error: error instanceof LeanError ? `${error.name} ${error.code}` : cancelledAttempt,
      });
      return { error };
    }
    const date = dateOf(response);
    if (date !== undefined) clock.observe(date);
    report({ status: response.status, ...requestIdsOf(response) });
    return { response };
  }
}

type AttemptResult = Pick<UpstreamCall, 'status' | 'error' | 'correlationId' | 'traceId'>;
