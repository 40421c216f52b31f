import type { AccessTokenSource } from './access-token.ts';
import { dateOf, idsOf, LeanAnswer } from './answer.ts';
import { pause } from './deadline.ts';
import type { Payer } from './call-budget.ts';
import { LeanCallsUsedUp, LeanError } from '../errors/lean-errors.ts';
import type { CancellationSignal } from './cancellation.ts';
import type { Bulkhead } from './bulkhead.ts';
import type { LeanClock } from './lean-clock.ts';
import type { LeanCall, OperationArguments } from './operations.ts';
import type { Callbacks } from './callbacks.ts';
import type { Attempt, RequestClass, Retries } from './retry.ts';
import type { HttpAnswer, HttpRequest } from './upstream-request.ts';
import type { Transport } from './transport.ts';
import type { AttemptTrace, UpstreamAttempt, UpstreamCall } from './upstream-call.ts';

export interface RetryingClientOptions {
  readonly transport: Transport;
  readonly token: AccessTokenSource;
  /** One for reads and one for writes, so that a flood of reads never keeps a payout waiting. */
  readonly lanes: Readonly<Record<RequestClass, Bulkhead>>;
  readonly retries: Retries;
  /** It is told the `Date` of each answer. */
  readonly clock: LeanClock;
  readonly onCall?: ((call: UpstreamCall) => void) | undefined;
  readonly trace?: ((attempt: UpstreamAttempt) => AttemptTrace) | undefined;
}

/** A request to Lean, and how long it is wanted. */
export interface RequestPlan {
  readonly operation: LeanCall;
  readonly kind: RequestClass;
  readonly target: string;
  readonly args: OperationArguments;
  readonly deadline: number;
  readonly signal?: CancellationSignal | undefined;
  readonly beforeSend?: (remainingMs: number) => Promise<void>;
  readonly leastTimeMs?: number;
  readonly payer: Payer;
}

/** Sends requests to Lean, each until the table in `retry.ts` says that what became of it stands. */
export class RetryingClient {
  readonly #options: RetryingClientOptions;

  constructor(options: RetryingClientOptions) {
    this.#options = options;
  }

  /** The receiver is told how it ended: as `Exchange.ended` has it, or what else kept it from being sent. */
  send(plan: RequestPlan, receiver: Callbacks<LeanAnswer>): void {
    const { budget } = plan.payer;
    if (budget?.take() === false) {
      receiver.failed(new LeanCallsUsedUp(budget.max));
      return;
    }
    this.#options.retries.requested();
    new RetryingRequest(this.#options, plan, receiver).attempt();
  }
}

/**
 * A request that is being sent, once or several times.
 *
 * An object that is told, and no async function: each of those takes a kilobyte while it waits, and a page of payouts
 * may wait for a hundred calls.
 */
class RetryingRequest implements Callbacks<HttpAnswer> {
  readonly #options: RetryingClientOptions;
  readonly #plan: RequestPlan;
  readonly #receiver: Callbacks<LeanAnswer>;
  /** The one under way; 1 for the first. */
  #attempt = 1;
  #retries = 0;
  /** Whether it goes on with another access token than at first. */
  #refreshed = false;
  #bearer = '';
  #startedAt = 0;
  #traced: AttemptTrace | undefined;

  constructor(options: RetryingClientOptions, plan: RequestPlan, receiver: Callbacks<LeanAnswer>) {
    this.#options = options;
    this.#plan = plan;
    this.#receiver = receiver;
  }

  attempt(): void {
    const bearer = this.#options.token.token(this.#plan.deadline);
    if (typeof bearer === 'string') this.#attemptWith(bearer);
    else
      this.#after(bearer, given => {
        this.#attemptWith(given);
      });
  }

  #attemptWith(bearer: string): void {
    const { transport, lanes, trace } = this.#options;
    const { target, args, kind, operation } = this.#plan;
    const { name, method } = operation;
    this.#bearer = bearer;
    this.#startedAt = performance.now();
    this.#traced = trace?.({ operation: name, class: kind, attempt: this.#attempt, method });
    const headers = {
      ...args.headers,
      ...this.#traced?.headers,
      ...(args.body !== undefined && { 'content-type': 'application/json' }),
      accept: 'application/json',
      authorization: `Bearer ${bearer}`,
    };
    const request: HttpRequest = { method, target, headers, body: args.body };
    lanes[kind].run(transport.exchange(request, this.#plan), this);
  }

  answered(answer: HttpAnswer): void {
    const date = dateOf(answer);
    if (date !== undefined) this.#options.clock.observe(date);
    this.#over({ answer }, { status: answer.status, error: undefined, ...idsOf(answer) });
  }

  failed(error: unknown): void {
    const kind = error instanceof LeanError ? `${error.name} ${error.code}` : 'given up';
    this.#over({ error }, { status: undefined, error: kind });
  }

  /** A bug on the way must not leave anybody waiting. */
  #over(ended: Attempt, told: Told): void {
    try {
      this.#tell(told);
      this.#judge(ended);
    } catch (error) {
      this.#receiver.failed(error);
    }
  }

  #tell({ status, error, correlationId, traceId }: Told): void {
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
    this.#traced?.end(call);
  }

  #judge(ended: Attempt): void {
    const { retries, token } = this.#options;
    const { kind, deadline, signal, payer } = this.#plan;
    const { budget } = payer;
    // With no calls left, the outcome stands, and takes no retry from the shared allowance.
    const mayRepeat = budget?.left !== false;
    if ('answer' in ended && ended.answer.status === 401 && token.refused(this.#bearer)) {
      // The token may have been withdrawn: once more with another one. A payout is repeated by whoever asked for it.
      if (kind === 'read' && !this.#refreshed && mayRepeat) {
        budget?.take();
        this.#refreshed = true;
        this.#attempt += 1;
        this.attempt();
        return;
      }
    }
    const leftMs = deadline - performance.now();
    const pauseMs = mayRepeat ? retries.pauseBefore(kind, ended, this.#retries, leftMs) : undefined;
    if (pauseMs !== undefined) {
      budget?.take();
      this.#after(pause(pauseMs, signal), () => {
        this.#retries += 1;
        this.#attempt += 1;
        this.attempt();
      });
    } else if ('error' in ended) this.#receiver.failed(ended.error);
    else this.#receiver.answered(new LeanAnswer(ended.answer));
  }

  /** Goes on when what it waits for has come; it ends where that cannot be had. */
  #after<Value>(awaited: Promise<Value>, goOn: (value: Value) => void): void {
    awaited.then(goOn).catch((error: unknown) => {
      this.#receiver.failed(error);
    });
  }
}

/** What is told of an attempt when it is over. */
type Told = Pick<UpstreamCall, 'status' | 'error' | 'correlationId' | 'traceId'>;
