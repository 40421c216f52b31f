import { LeanBadAnswer } from '../errors/lean-errors.ts';
import type { LeanAnswer } from './answer.ts';
import { RetryingClient, type RetryingClientOptions } from './retrying-client.ts';
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
import type { RequestClass } from './retry.ts';
import { SharedReads } from './shared-reads.ts';
import type {
  LeanDestination,
  LeanEventPage,
  LeanHistory,
  LeanPayment,
  LeanPayoutIntent,
  LeanPayoutPage,
} from './wire.ts';

export interface CallOptions {
  /** Aborted when no caller waits any more. Requests that move money never pass a signal. */
  readonly signal?: CancellationSignal | undefined;
  /** From `LeanClient.deadline()`, if several calls share a deadline. @default a deadline of the call's own */
  readonly deadline?: number | undefined;
  /**
   * The budget of the caller's operation. Without it the calls are not limited. A call that several readers share
   * counts for one of them.
   */
  readonly budget?: CallBudget | undefined;
}

export interface WriteOptions {
  /** From `LeanClient.deadline()`. @default a deadline of the call's own */
  readonly deadline?: number | undefined;
  /**
   * Awaited right before the request is sent. Nothing is sent before it resolves, and nothing at all if it rejects. It
   * is called again before a retry, which happens only if nothing was sent.
   * @param remainingMs time until the deadline; nothing is sent after it
   */
  readonly beforeSend?: (remainingMs: number) => Promise<void>;
}

/** The list's query parameters as texts, exactly as Lean receives them. */
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

/**
 * A creation is sent only if at least this much time (ms) is left before its deadline; otherwise the caller would not
 * learn the outcome.
 */
const minWriteTimeMs = 2000;

/** If `timeoutMs` is short, this share of it is enough for a creation. */
const minWriteTimeShare = 1 / 3;

/** The connections for reads are replaced at most this often, in ms, so that wrong answers cannot cost much. */
const minReplacementMs = 1000;

export interface LeanClientOptions extends Omit<RetryingClientOptions, 'clock'> {
  /** @default a clock of the client's own */
  readonly clock?: LeanClock;
  /** Path before the paths of Lean's API, without a trailing slash. @default '' */
  readonly basePath?: string;
  /** Time for the upstream work of one field, in ms. */
  readonly timeoutMs: number;
}

/**
 * A client of Lean's Payouts API. `call` returns Lean's answer whatever its status. The typed reads return the parsed
 * body, or `null` if Lean does not know the id, and throw a `LeanError` otherwise.
 */
export class LeanClient {
  /** The time by Lean's clock, from the answers of its API. */
  readonly clock: LeanClock;
  readonly #options: LeanClientOptions;
  readonly #requests: RetryingClient;
  readonly #reads = new SharedReads<LeanAnswer>();
  #connectionsReplacedAt = -Infinity;

  constructor(options: LeanClientOptions) {
    this.#options = options;
    this.clock = options.clock ?? new LeanClock();
    this.#requests = new RetryingClient({ ...options, clock: this.clock });
  }

  /** The load of the bulkhead of each class of requests. */
  get load(): Readonly<Record<RequestClass, BulkheadLoad>> {
    const { read, write } = this.#options.bulkheads;
    return { read: read.load, write: write.load };
  }

  /** Later reads start calls of their own and do not share the answers of reads in flight, which may be out of date. */
  stopSharingReads(): void {
    this.#reads.stopSharing();
  }

  /** A deadline for upstream work that starts now. Every call of that work gets the same one. */
  deadline(): number {
    return performance.now() + this.#options.timeoutMs;
  }

  /**
   * The current time by Lean's clock, as its responses have shown it. If there has been no response yet, one row of
   * Lean's list is read.
   * @returns epoch milliseconds; undefined if Lean's responses carry no `Date`
   * @throws LeanError
   */
  async now(options?: CallOptions): Promise<number | undefined> {
    return this.clock.now() ?? (await this.#oneRow(options)).answer.date;
  }

  /**
   * Must be called after an answer that belongs to another request. Later calls use new connections, because a connection
   * may be one answer behind: the server may have answered an earlier request twice.
   * @param noun the name of the requested object, such as `intent`
   * @returns the error for the answer
   */
  reportMisroutedAnswer(noun: string): LeanBadAnswer {
    const now = performance.now();
    if (now - this.#connectionsReplacedAt >= minReplacementMs) {
      this.#connectionsReplacedAt = now;
      this.#options.transport.replaceConnections();
    }
    return new LeanBadAnswer(`Lean has answered with another ${noun} than the one that was asked for.`);
  }

  /**
   * Requests a missing access token, and probes Lean while the circuit is open. Without other traffic, nothing else
   * would find out that a failure is over.
   */
  warmUp(): void {
    const { token, bulkheads } = this.#options;
    Promise.resolve(token.token(this.deadline())).catch(() => undefined);
    if (token.usable && bulkheads.read.open) void this.#oneRow().catch(() => undefined);
  }

  /** Why the gateway cannot call Lean now, as far as it knows from earlier calls; undefined if it can. */
  unhealthyReason(): 'no access token' | 'Lean is failing' | undefined {
    const { token, bulkheads } = this.#options;
    if (!token.usable) return 'no access token';
    return bulkheads.read.open ? 'Lean is failing' : undefined;
  }

  /**
   * Calls an operation and returns Lean's answer, whatever its status. Identical GETs in flight share one call, and are
   * retried by the rules in `retry.ts`. Any other request arrives at Lean at most once.
   * @throws LeanNotSent, LeanOutcomeUnknown, LeanBadAnswer as `UpstreamRequest.outcome`
   */
  call(
    operation: LeanCall,
    args: OperationArguments,
    options: CallOptions & WriteOptions = {},
  ): Promise<LeanAnswer> {
    const target = `${this.#options.basePath ?? ''}${targetOf(operation, args)}`;
    const deadline = options.deadline ?? this.deadline();
    if (operation.method !== 'GET') {
      const minRemainingMs = Math.min(minWriteTimeMs, this.#options.timeoutMs * minWriteTimeShare);
      const { beforeSend } = options;
      const plan = {
        operation,
        target,
        args,
        deadline,
        minRemainingMs,
        budgetSource: options,
        ...(beforeSend && { beforeSend }),
      };
      return this.#requests.send({ kind: 'write', ...plan }).finally(() => {
        this.#reads.stopSharing();
      });
    }
    const { signal, budget } = options;
    return this.#reads.read(target, { deadline, signal, budget }, read => {
      const plan = { operation, target, args, deadline, signal: read.cancellation, budgetSource: read };
      return this.#requests.send({ kind: 'read', ...plan });
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

  /** The cheapest read, for callers that need no more than a response of Lean. */
  #oneRow(options?: CallOptions): Promise<{ answer: LeanAnswer }> {
    return this.listPayouts({ page_number: '0', page_size: '1' }, options);
  }

  getPayout(paymentId: string, options?: CallOptions): Promise<LeanPayment | null> {
    return this.#read<LeanPayment>(operations.getPayout, { payment_id: paymentId }, options);
  }

  getPayoutIntent(intentId: string, options?: CallOptions): Promise<LeanPayoutIntent | null> {
    return this.#read<LeanPayoutIntent>(operations.getPayoutIntent, { payment_intent_id: intentId }, options);
  }

  /** @param id of the payment or of its intent, depending on the Lean application */
  getPayoutHistory(id: string, options?: CallOptions): Promise<LeanHistory | null> {
    return this.#read<LeanHistory>(operations.getPayoutPaymentHistory, { payment_id: id }, options);
  }

  getPayoutDestination(destinationId: string, options?: CallOptions): Promise<LeanDestination | null> {
    return this.#read<LeanDestination>(getPayoutDestination, { destination_id: destinationId }, options);
  }

  /**
   * A page of the webhook events of the last 90 days; undefined if this Lean application has no list of events.
   * @param query `from` is inclusive, according to Lean's documents
   */
  async listEvents(query: {
    readonly page: string;
    readonly size: string;
    readonly from: string;
  }): Promise<{ readonly data: readonly unknown[]; readonly total: unknown } | undefined> {
    const answer = await this.call(listEvents, { query });
    const { status } = answer;
    if (status === 403 || status === 404 || status === 405) return undefined;
    if (!answer.ok) throw answer.failure();
    const { data, page } = answer.json() as LeanEventPage;
    if (!Array.isArray(data)) throw answer.badAnswer("Lean's list of events has no array of events in data.");
    return { data, total: page?.total_elements };
  }

  /**
   * Sends a creation of payouts at most once, and returns Lean's answer, whatever its status.
   * @param body JSON text
   * @throws LeanNotSent when Lean certainly did not receive the request
   * @throws LeanOutcomeUnknown, LeanBadAnswer when Lean may have created the payouts
   */
  createPayouts(body: string, idempotencyKey: string, options?: WriteOptions): Promise<LeanAnswer> {
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
  if (answer.isNotFound) return null;
  throw answer.failure();
}
