import type { AccessTokenSource } from './access-token.ts';
import { idsOf, LeanAnswer, type LeanIds } from './answer.ts';
import { pause } from './deadline.ts';
import { LeanError } from './errors.ts';
import type { GiveUpSignal } from './give-up.ts';
import type { Lane } from './lane.ts';
import type { LeanCall, OperationArguments } from './operations.ts';
import type { Attempt, RequestClass, Retries } from './retry.ts';
import type { HttpAnswer, HttpRequest, Transport } from './transport.ts';
import type { AttemptTrace, UpstreamAttempt, UpstreamCall } from './upstream-call.ts';

export interface AttemptsOptions {
  readonly transport: Transport;
  readonly token: AccessTokenSource;
  /** One for reads and one for writes, so that a flood of reads never keeps a payout waiting. */
  readonly lanes: Readonly<Record<RequestClass, Lane>>;
  readonly retries: Retries;
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
  readonly signal?: GiveUpSignal | undefined;
  readonly beforeSend?: () => Promise<void>;
}

/**
 * Sends requests to Lean, each until the table in `retry.ts` says that what became of it stands.
 *
 * Handlers of promises and no async functions: each of those takes a kilobyte while it waits, and a page of payouts may
 * wait for a hundred calls.
 */
export class Attempts {
  readonly #options: AttemptsOptions;

  constructor(options: AttemptsOptions) {
    this.#options = options;
  }

  /** @throws as `Transport.send`, or what else kept it from being sent */
  send(plan: RequestPlan): Promise<LeanAnswer> {
    this.#options.retries.requested();
    return this.#attempt(plan, { attempt: 1, retries: 0, refreshed: false });
  }

  #attempt(plan: RequestPlan, progress: Progress): Promise<LeanAnswer> {
    const bearer = this.#options.token.token(plan.deadline);
    return typeof bearer === 'string'
      ? this.#attemptWith(bearer, plan, progress)
      : bearer.then(given => this.#attemptWith(given, plan, progress));
  }

  #attemptWith(bearer: string, plan: RequestPlan, progress: Progress): Promise<LeanAnswer> {
    const { transport, lanes, trace } = this.#options;
    const { target, args, beforeSend, kind } = plan;
    const { name, method } = plan.operation;
    const { attempt } = progress;
    const startedAt = performance.now();
    const traced = trace?.({ operation: name, class: kind, attempt, method });
    const follow = (status: number | undefined, error: string | undefined, ids: LeanIds): void => {
      const durationMs = Math.round((performance.now() - startedAt) * 10) / 10;
      const { correlationId, traceId } = ids;
      const call = {
        operation: name,
        class: kind,
        attempt,
        durationMs,
        status,
        error,
        correlationId,
        traceId,
      };
      this.#options.onCall?.(call);
      traced?.end(call);
    };
    const headers = {
      ...args.headers,
      ...traced?.headers,
      ...(args.body !== undefined && { 'content-type': 'application/json' }),
      accept: 'application/json',
      authorization: `Bearer ${bearer}`,
    };
    const request: HttpRequest = { method, target, headers, body: args.body };
    const send = (): Promise<HttpAnswer> => transport.send(request, plan);
    return lanes[kind].run(beforeSend === undefined ? send : () => beforeSend().then(send), plan).then(
      answer => {
        follow(answer.status, undefined, idsOf(answer));
        return this.#judged({ answer }, bearer, plan, progress);
      },
      (error: unknown) => {
        follow(undefined, error instanceof LeanError ? `${error.name} ${error.code}` : 'given up', {});
        return this.#judged({ error }, bearer, plan, progress);
      },
    );
  }

  #judged(
    ended: Attempt,
    bearer: string,
    plan: RequestPlan,
    progress: Progress,
  ): LeanAnswer | Promise<LeanAnswer> {
    const { retries, token } = this.#options;
    if ('answer' in ended && ended.answer.status === 401 && token.refused(bearer)) {
      // The token may have been withdrawn: once more with another one. A payout is repeated by whoever asked for it.
      if (plan.kind === 'read' && !progress.refreshed)
        return this.#attempt(plan, { ...progress, attempt: progress.attempt + 1, refreshed: true });
    }
    const pauseMs = retries.pauseBefore(
      plan.kind,
      ended,
      progress.retries,
      plan.deadline - performance.now(),
    );
    if (pauseMs !== undefined)
      return pause(pauseMs, plan.signal).then(() =>
        this.#attempt(plan, { ...progress, attempt: progress.attempt + 1, retries: progress.retries + 1 }),
      );
    if ('error' in ended) throw ended.error;
    return new LeanAnswer(ended.answer);
  }
}

/** What has been done for a request so far. */
interface Progress {
  /** The one under way; 1 for the first. */
  readonly attempt: number;
  readonly retries: number;
  /** Whether it goes on with another access token than at first. */
  readonly refreshed: boolean;
}
