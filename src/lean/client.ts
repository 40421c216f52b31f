import type { LeanAnswer } from './answer.ts';
import { RetryingClient, type RetryingClientOptions } from './retrying-request.ts';
import type { CallBudget } from './call-budget.ts';
import {
  getPayoutDestination,
  listEvents,
  operations,
  targetOf,
  type LeanCall,
  type OperationArguments,
} from './operations.ts';
import type { CancellationSignal } from './cancellation.ts';
import type { BulkheadLoad } from './bulkhead.ts';
import { LeanClock } from './lean-clock.ts';
import { promised } from './callbacks.ts';
import type { RequestClass } from './retry.ts';
import { SharedReads } from './shared-reads.ts';
import type { LeanDestination, LeanHistory, LeanPayment, LeanPayoutIntent, LeanPayoutPage } from './wire.ts';

export interface CallOptions {
  /** Aborted when nobody waits any more. A request that moves money is never given. */
  readonly signal?: CancellationSignal | undefined;
  /** From `LeanClient.deadline()`, when several calls share one. @default a deadline of the call's own */
  readonly deadline?: number | undefined;
  /** The budget of the caller's operation. Without it the calls are not limited. A shared call counts for one of its readers. */
  readonly budget?: CallBudget | undefined;
}

export interface CreateOptions {
  /** From `LeanClient.deadline()`. @default a deadline of the call's own */
  readonly deadline?: number | undefined;
  /**
   * Awaited when everything is at hand to send it: until it resolves nothing is sent, and nothing is when it rejects.
   * Called again before a repetition, which there is only of what was never sent.
   * @param remainingMs what is left until the deadline; nothing is sent after that
   */
  readonly beforeSend?: (remainingMs: number) => Promise<void>;
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

/** A creation is not sent with less time than this left: nobody would hear what became of it. */
const leastWriteTimeMs = 2000;

/** The part of `timeoutMs` that is enough for a creation when `timeoutMs` is short. */
const leastWriteShare = 1 / 3;

export interface LeanClientOptions extends Omit<RetryingClientOptions, 'clock'> {
  /** @default a clock of the client's own */
  readonly clock?: LeanClock;
  /** Path in front of Lean's own, without a slash at the end. @default '' */
  readonly basePath?: string;
  /** Deadline of a field's upstream work. */
  readonly timeoutMs: number;
}

/**
 * Lean's Payouts API. `call` is the raw exchange; the typed reads on top of it answer what Lean said, `null` where
 * Lean does not know the id, and throw a `LeanError` otherwise.
 */
export class LeanClient {
  /** The time by Lean's clock, as the answers of its API tell it. */
  readonly clock: LeanClock;
  readonly #options: LeanClientOptions;
  readonly #attempts: RetryingClient;
  readonly #reads = new SharedReads<LeanAnswer>();

  constructor(options: LeanClientOptions) {
    this.#options = options;
    this.clock = options.clock ?? new LeanClock();
    this.#attempts = new RetryingClient({ ...options, clock: this.clock });
  }

  /** How busy the ways to Lean are. */
  get load(): Readonly<Record<RequestClass, BulkheadLoad>> {
    const { read, write } = this.#options.lanes;
    return { read: read.load, write: write.load };
  }

  /** Lets later reads start calls of their own, in place of sharing those that are being made. */
  startAfresh(): void {
    this.#reads.startAfresh();
  }

  /** A deadline for upstream work that starts now; pass it to every call that belongs to the work. */
  deadline(): number {
    return performance.now() + this.#options.timeoutMs;
  }

  /**
   * What keeps Lean from being called, as far as is known without calling it; undefined when nothing does. What is
   * amiss is looked into on the way: with no traffic nothing else would find out that it is over.
   */
  unhealthyReason(): 'no access token' | 'Lean is failing' | undefined {
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
   * @throws LeanNotSent, LeanOutcomeUnknown, LeanBadAnswer as `Exchange.ended`
   */
  call(
    operation: LeanCall,
    args: OperationArguments,
    options: CallOptions & CreateOptions = {},
  ): Promise<LeanAnswer> {
    const target = `${this.#options.basePath ?? ''}${targetOf(operation, args)}`;
    const deadline = options.deadline ?? this.deadline();
    if (operation.method !== 'GET')
      return promised<LeanAnswer>(receiver => {
        const leastTimeMs = Math.min(leastWriteTimeMs, this.#options.timeoutMs * leastWriteShare);
        const { beforeSend } = options;
        const plan = {
          operation,
          target,
          args,
          deadline,
          leastTimeMs,
          payer: options,
          ...(beforeSend && { beforeSend }),
        };
        this.#attempts.send({ kind: 'write', ...plan }, receiver);
      }).finally(() => {
        this.#reads.startAfresh();
      });
    const { signal, budget } = options;
    return this.#reads.read(target, { deadline, signal, budget }, flight => {
      const plan = { operation, target, args, deadline, signal: flight.giveUp, payer: flight };
      this.#attempts.send({ kind: 'read', ...plan }, flight);
    });
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

  #read<Wire extends object>(
    operation: LeanCall,
    path: Record<string, string>,
    options?: CallOptions,
  ): Promise<Wire | null> {
    return this.call(operation, { path }, options).then<Wire | null>(wireOf);
  }
}

function wireOf<Wire extends object>(answer: LeanAnswer): Wire | null {
  if (answer.ok) return answer.json() as Wire;
  if (answer.saysUnknown) return null;
  throw answer.failure();
}
