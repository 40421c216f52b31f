import type { AccessTokenSource } from './access-token.ts';
import { dateOf, LeanAnswer, requestIdsOf } from './answer.ts';
import { pause } from './deadline.ts';
import type { BudgetSource } from './call-budget.ts';
import { LeanCallsUsedUp, LeanError } from '../errors/lean-errors.ts';
import type { CancellationSignal } from './cancellation.ts';
import type { Bulkhead } from './bulkhead.ts';
import type { LeanClock } from './lean-clock.ts';
import type { LeanCall, OperationArguments } from './operations.ts';
import type { Callbacks } from './callbacks.ts';
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

  /** Calls back with the outcome of the last attempt, or with the error that prevented an attempt. */
  send(plan: RequestPlan, callbacks: Callbacks<LeanAnswer>): void {
    const { budget } = plan.budgetSource;
    if (budget?.take() === false) {
      callbacks.onError(new LeanCallsUsedUp(budget.max));
      return;
    }
    this.#options.retries.countRequest();
    new RetryingRequest(this.#options, plan, callbacks).attempt();
  }
}

/**
 * A request with its attempts, one after another. It is an object with callbacks, because an async function takes a
 * kilobyte while it waits, and a page of payouts may wait for a hundred calls.
 */
class RetryingRequest implements Callbacks<HttpResponse> {
  readonly #options: RetryingClientOptions;
  readonly #plan: RequestPlan;
  readonly #callbacks: Callbacks<LeanAnswer>;
  /** The number of the current attempt, from 1. */
  #attempt = 1;
  #retries = 0;
  /** Whether Lean has refused a token and an attempt was made with another one. */
  #tokenReplaced = false;
  #token = '';
  #startedAt = 0;
  #trace: AttemptTrace | undefined;

  constructor(options: RetryingClientOptions, plan: RequestPlan, callbacks: Callbacks<LeanAnswer>) {
    this.#options = options;
    this.#plan = plan;
    this.#callbacks = callbacks;
  }

  attempt(): void {
    const token = this.#options.token.token(this.#plan.deadline);
    if (typeof token === 'string') this.#attemptWith(token);
    else
      this.#continueAfter(token, received => {
        this.#attemptWith(received);
      });
  }

  #attemptWith(token: string): void {
    const { transport, bulkheads, trace } = this.#options;
    const { target, args, kind, operation } = this.#plan;
    const { name, method } = operation;
    this.#token = token;
    this.#startedAt = performance.now();
    this.#trace = trace?.({ operation: name, class: kind, attempt: this.#attempt, method });
    const headers = {
      ...args.headers,
      ...this.#trace?.headers,
      ...(args.body !== undefined && { 'content-type': 'application/json' }),
      accept: 'application/json',
      authorization: `Bearer ${token}`,
    };
    const request: HttpRequest = { method, target, headers, body: args.body };
    bulkheads[kind].run(transport.createRequest(request, this.#plan), this);
  }

  onResult(response: HttpResponse): void {
    const date = dateOf(response);
    if (date !== undefined) this.#options.clock.observe(date);
    this.#finish({ response }, { status: response.status, error: undefined, ...requestIdsOf(response) });
  }

  onError(error: unknown): void {
    const kind = error instanceof LeanError ? `${error.name} ${error.code}` : cancelledAttempt;
    this.#finish({ error }, { status: undefined, error: kind });
  }

  /** Ends an attempt. An error thrown here is a bug. It is passed to the caller, who would otherwise wait forever. */
  #finish(attempt: Attempt, result: AttemptResult): void {
    try {
      this.#report(result);
      this.#retryOrSettle(attempt);
    } catch (error) {
      this.#callbacks.onError(error);
    }
  }

  #report({ status, error, correlationId, traceId }: AttemptResult): void {
    const call = {
      operation: this.#plan.operation.name,
      class: this.#plan.kind,
      attempt: this.#attempt,
      durationMs: Math.round((performance.now() - this.#startedAt) * 10) / 10,
      status,
      error,
      correlationId,
      traceId,
    };
    this.#options.onCall?.(call);
    this.#trace?.end(call);
  }

  #retryOrSettle(attempt: Attempt): void {
    const { retries, token } = this.#options;
    const { kind, deadline, signal, budgetSource } = this.#plan;
    const { budget } = budgetSource;
    // Without calls left there is no retry, so none is taken from the retry budget, which all requests share.
    const mayRetry = budget?.hasCallsLeft !== false;
    if ('response' in attempt && attempt.response.status === 401 && token.invalidate(this.#token)) {
      // Lean may have revoked the token, so a read is retried once with another one. A write's caller may repeat it.
      if (kind === 'read' && !this.#tokenReplaced && mayRetry) {
        budget?.take();
        this.#tokenReplaced = true;
        this.#attempt += 1;
        this.attempt();
        return;
      }
    }
    const remainingMs = deadline - performance.now();
    const delayMs = mayRetry
      ? retries.delayBeforeRetry(kind, attempt, this.#retries, remainingMs)
      : undefined;
    if (delayMs !== undefined) {
      budget?.take();
      this.#continueAfter(pause(delayMs, signal), () => {
        this.#retries += 1;
        this.#attempt += 1;
        this.attempt();
      });
    } else if ('error' in attempt) this.#callbacks.onError(attempt.error);
    else this.#callbacks.onResult(new LeanAnswer(attempt.response));
  }

  /** Continues with the value of the promise. If it rejects, the request fails with the same error. */
  #continueAfter<Value>(promise: Promise<Value>, next: (value: Value) => void): void {
    promise.then(next).catch((error: unknown) => {
      this.#callbacks.onError(error);
    });
  }
}

type AttemptResult = Pick<UpstreamCall, 'status' | 'error' | 'correlationId' | 'traceId'>;
