import type { AccessTokenSource } from './access-token.ts';
import { idsOf, LeanAnswer, type LeanIds } from './answer.ts';
import {
  getPayoutDestination,
  listEvents,
  operations,
  targetOf,
  type LeanCall,
  type OperationArguments,
} from './operations.ts';
import { pause } from './deadline.ts';
import { LeanError } from './errors.ts';
import type { GiveUpSignal } from './give-up.ts';
import type { Lane, LaneLoad } from './lane.ts';
import type { Attempt, RequestClass, Retries } from './retry.ts';
import { SharedReads } from './shared-reads.ts';
import type { HttpAnswer, HttpRequest, Transport } from './transport.ts';
import type { AttemptTrace, UpstreamAttempt, UpstreamCall } from './upstream-call.ts';
import type { LeanDestination, LeanHistory, LeanPayment, LeanPayoutIntent, LeanPayoutPage } from './wire.ts';

export interface CallOptions {
  /** Aborted when nobody waits any more. A request that moves money is never given. */
  readonly signal?: GiveUpSignal | undefined;
  /** From `LeanClient.deadline()`, when several calls share one. @default a deadline of the call's own */
  readonly deadline?: number | undefined;
}

export interface CreateOptions {
  /** From `LeanClient.deadline()`. @default a deadline of the call's own */
  readonly deadline?: number | undefined;
  /**
   * Awaited when everything is at hand to send it: until it resolves nothing is sent, and nothing is when it rejects.
   * Called again before a repetition, which there is only of what was never sent.
   */
  readonly beforeSend?: () => Promise<void>;
}

/** The list's query parameters, as texts, exactly as Lean is to receive them. */
export interface LeanListQuery {
  readonly page_number: string;
  readonly page_size: string;
  readonly amount_min?: string | undefined;
  readonly amount_max?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly from_updated_at?: string | undefined;
  readonly to_updated_at?: string | undefined;
}

export interface LeanClientOptions {
  readonly transport: Transport;
  readonly token: AccessTokenSource;
  /** One for reads and one for writes, so that a flood of reads never keeps a payout waiting. */
  readonly lanes: Readonly<Record<RequestClass, Lane>>;
  readonly retries: Retries;
  /** Path in front of Lean's own, without a slash at the end. @default '' */
  readonly basePath?: string;
  /** Deadline of a field's upstream work. */
  readonly timeoutMs: number;
  readonly onCall?: ((call: UpstreamCall) => void) | undefined;
  readonly trace?: ((attempt: UpstreamAttempt) => AttemptTrace) | undefined;
}

/**
 * Lean's Payouts API. `call` is the raw exchange; the typed reads on top of it answer what Lean said, `null` where
 * Lean does not know the id, and throw a `LeanError` otherwise.
 */
export class LeanClient {
  readonly #options: LeanClientOptions;
  readonly #reads = new SharedReads<LeanAnswer>();

  constructor(options: LeanClientOptions) {
    this.#options = options;
  }

  /** How busy the ways to Lean are. */
  get load(): Readonly<Record<RequestClass, LaneLoad>> {
    const { read, write } = this.#options.lanes;
    return { read: read.load, write: write.load };
  }

  /** A deadline for upstream work that starts now; pass it to every call that belongs to the work. */
  deadline(): number {
    return performance.now() + this.#options.timeoutMs;
  }

  /**
   * What keeps Lean from being called, as far as is known without calling it; undefined when nothing does. What is
   * amiss is looked into on the way: with no traffic nothing else would find out that it is over.
   */
  trouble(): 'no access token' | 'Lean is failing' | undefined {
    const { token, lanes } = this.#options;
    Promise.resolve(token.token(this.deadline())).catch(() => undefined);
    if (!token.usable) return 'no access token';
    if (!lanes.read.open) return undefined;
    void this.listPayouts({ page_number: '0', page_size: '1' }).catch(() => undefined);
    return 'Lean is failing';
  }

  /**
   * One call of an operation, whatever the status of its answer. Identical GETs share one call while it is under
   * way, and are repeated as the table in `retry.ts` says; anything else arrives at Lean at most once.
   * @throws LeanNotSent, LeanOutcomeUnknown, LeanBadAnswer as `Transport.send`
   */
  call(
    operation: LeanCall,
    args: OperationArguments,
    options: CallOptions & CreateOptions = {},
  ): Promise<LeanAnswer> {
    const target = `${this.#options.basePath ?? ''}${targetOf(operation, args)}`;
    const deadline = options.deadline ?? this.deadline();
    if (operation.method !== 'GET')
      return this.#exchange({ operation, target, args, ...options, deadline, signal: undefined }).finally(
        () => {
          this.#reads.startAfresh();
        },
      );
    return this.#reads.read(target, { deadline, signal: options.signal }, signal =>
      this.#exchange({ operation, target, args, deadline, signal }),
    );
  }

  async listPayouts(
    query: LeanListQuery,
    options?: CallOptions,
  ): Promise<{ page: LeanPayoutPage; answer: LeanAnswer }> {
    const answer = await this.call(operations.listPayouts, { query: { ...query } }, options);
    if (!answer.ok) throw answer.failure();
    return { page: answer.json(), answer };
  }

  getPayout(paymentId: string, options?: CallOptions): Promise<LeanPayment | null> {
    return this.#read<LeanPayment>(operations.getPayout, { payment_id: paymentId }, options);
  }

  getPayoutIntent(intentId: string, options?: CallOptions): Promise<LeanPayoutIntent | null> {
    return this.#read<LeanPayoutIntent>(operations.getPayoutIntent, { payment_intent_id: intentId }, options);
  }

  /** @param id the payment's id or its intent's, whichever this Lean application wants */
  getPayoutHistory(id: string, options?: CallOptions): Promise<LeanHistory | null> {
    return this.#read<LeanHistory>(operations.getPayoutPaymentHistory, { payment_id: id }, options);
  }

  getPayoutDestination(destinationId: string, options?: CallOptions): Promise<LeanDestination | null> {
    return this.#read<LeanDestination>(getPayoutDestination, { destination_id: destinationId }, options);
  }

  /**
   * What Lean has announced by webhooks in the last 90 days, a page of it; undefined where this Lean application has no
   * list of events.
   * @param query `from` is inclusive, as far as Lean says
   */
  async listEvents(query: {
    readonly page: string;
    readonly size: string;
    readonly from: string;
  }): Promise<{ readonly data: readonly unknown[] } | undefined> {
    const answer = await this.call(listEvents, { query });
    const { status } = answer;
    if (status === 403 || status === 404 || status === 405) return undefined;
    if (!answer.ok) throw answer.failure();
    const { data } = answer.json() as { readonly data?: unknown };
    if (!Array.isArray(data)) throw answer.bad("Lean's list of events holds no events.");
    return { data };
  }

  /**
   * Sends one creation, once, and answers whatever Lean said.
   * @param body JSON text
   * @throws LeanNotSent when Lean certainly never saw it
   * @throws LeanOutcomeUnknown, LeanBadAnswer when Lean may have taken it
   */
  createPayouts(body: string, idempotencyKey: string, options?: CreateOptions): Promise<LeanAnswer> {
    return this.call(
      operations.createPayoutPayment,
      { headers: { 'idempotency-key': idempotencyKey }, body },
      options,
    );
  }

  async #read<Wire extends object>(
    operation: LeanCall,
    path: Record<string, string>,
    options?: CallOptions,
  ): Promise<Wire | null> {
    const answer = await this.call(operation, { path }, options);
    if (answer.ok) return answer.json() as Wire;
    if (answer.saysUnknown) return null;
    throw answer.failure();
  }

  async #exchange(plan: ExchangePlan): Promise<LeanAnswer> {
    const { retries, token } = this.#options;
    const { operation, deadline, signal } = plan;
    const kind: RequestClass = operation.method === 'GET' ? 'read' : 'write';
    retries.requested();
    let refreshed = false;
    for (let attempts = 1, repeated = 0; ; attempts += 1) {
      const given = token.token(deadline);
      const bearer = typeof given === 'string' ? given : await given;
      const attempt = await this.#attempt(plan, kind, bearer, attempts);
      if ('answer' in attempt && attempt.answer.status === 401 && token.refused(bearer)) {
        // The token may have been withdrawn: once more with another one. A payout is repeated by whoever asked for it.
        if (kind === 'read' && !refreshed) {
          refreshed = true;
          continue;
        }
      }
      const pauseMs = retries.pauseBefore(kind, attempt, repeated, deadline - performance.now());
      if (pauseMs === undefined) {
        if ('error' in attempt) throw attempt.error;
        return new LeanAnswer(attempt.answer);
      }
      repeated += 1;
      await pause(pauseMs, signal);
    }
  }

  async #attempt(plan: ExchangePlan, kind: RequestClass, bearer: string, attempt: number): Promise<Attempt> {
    const { transport, lanes, trace } = this.#options;
    const { target, args, beforeSend } = plan;
    const { name, method } = plan.operation;
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
    try {
      const headers = {
        ...args.headers,
        ...traced?.headers,
        ...(args.body !== undefined && { 'content-type': 'application/json' }),
        accept: 'application/json',
        authorization: `Bearer ${bearer}`,
      };
      const request: HttpRequest = { method, target, headers, body: args.body };
      const send = (): Promise<HttpAnswer> => transport.send(request, plan);
      const answer = await lanes[kind].run(
        beforeSend === undefined ? send : () => beforeSend().then(send),
        plan,
      );
      follow(answer.status, undefined, idsOf(answer));
      return { answer };
    } catch (error) {
      follow(undefined, error instanceof LeanError ? `${error.name} ${error.code}` : 'given up', {});
      return { error };
    }
  }
}

interface ExchangePlan {
  readonly operation: LeanCall;
  readonly target: string;
  readonly args: OperationArguments;
  readonly deadline: number;
  readonly signal?: GiveUpSignal | undefined;
  readonly beforeSend?: () => Promise<void>;
}
