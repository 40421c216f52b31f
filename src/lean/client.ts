import type { AccessTokenSource } from './access-token.ts';
import { LeanAnswer } from './answer.ts';
import {
  getPayoutDestination,
  operations,
  targetOf,
  type Operation,
  type OperationArguments,
} from './operations.ts';
import { SharedReads } from './shared-reads.ts';
import type { Transport } from './transport.ts';
import type {
  LeanCreated,
  LeanDestination,
  LeanHistory,
  LeanPayment,
  LeanPayoutIntent,
  LeanPayoutPage,
} from './wire.ts';

export interface CallOptions {
  /** Aborted when nobody waits any more. A request that moves money is never given. */
  readonly signal?: AbortSignal | undefined;
  /** From `LeanClient.deadline()`, when several calls share one. @default a deadline of the call's own */
  readonly deadline?: number | undefined;
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

/** One upstream call, told when it is over; for logs and measurements. Holds no token, name, IBAN or body. */
export interface UpstreamCall {
  readonly operation: string;
  readonly durationMs: number;
  /** HTTP status, or undefined when no answer came. */
  readonly status: number | undefined;
  /** Name of the failure, when no answer came. */
  readonly error?: string;
}

export interface LeanClientOptions {
  readonly transport: Transport;
  readonly token: AccessTokenSource;
  /** Path in front of Lean's own, without a slash at the end. @default '' */
  readonly basePath?: string;
  /** Deadline of a field's upstream work. */
  readonly timeoutMs: number;
  readonly onCall?: (call: UpstreamCall) => void;
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

  /** A deadline for upstream work that starts now; pass it to every call that belongs to the work. */
  deadline(): number {
    return performance.now() + this.#options.timeoutMs;
  }

  /** Whether an access token is at hand or could be had when last tried; asks nobody. */
  get usable(): boolean {
    return this.#options.token.usable;
  }

  /**
   * One call of an operation, whatever the status of its answer. Identical GETs share one call while it is under
   * way; anything else is sent once, and never again.
   * @throws LeanNotSent, LeanOutcomeUnknown, LeanBadAnswer as `Transport.send`
   */
  call(operation: Operation, args: OperationArguments, options: CallOptions = {}): Promise<LeanAnswer> {
    const target = `${this.#options.basePath ?? ''}${targetOf(operation, args)}`;
    const deadline = options.deadline ?? this.deadline();
    if (operation.method !== 'GET') return this.#exchange(operation, target, args, deadline, undefined);
    return this.#reads.read(target, options.signal, signal =>
      this.#exchange(operation, target, args, deadline, signal),
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
   * Sends one creation, once.
   * @param body JSON text
   * @throws LeanRefused when Lean certainly did not take it
   * @throws LeanNotSent when Lean certainly never saw it
   * @throws LeanOutcomeUnknown, LeanBadAnswer when Lean may have taken it
   */
  async createPayouts(
    body: string,
    idempotencyKey: string,
  ): Promise<{ created: LeanCreated; answer: LeanAnswer }> {
    const answer = await this.call(operations.createPayoutPayment, {
      headers: { 'idempotency-key': idempotencyKey },
      body,
    });
    if (!answer.ok) throw answer.failure();
    return { created: answer.json(), answer };
  }

  async #read<Wire extends object>(
    operation: Operation,
    path: Record<string, string>,
    options?: CallOptions,
  ): Promise<Wire | null> {
    const answer = await this.call(operation, { path }, options);
    if (answer.ok) return answer.json() as Wire;
    // INVALID_URL means that this Lean application has no such operation, which says nothing of the id.
    if (answer.status === 404 && answer.errorCode() !== 'INVALID_URL') return null;
    throw answer.failure();
  }

  async #exchange(
    operation: Operation,
    target: string,
    args: OperationArguments,
    deadline: number,
    signal: AbortSignal | undefined,
  ): Promise<LeanAnswer> {
    const { transport, token, onCall } = this.#options;
    const authorization = `Bearer ${await token.token(deadline)}`;
    const startedAt = performance.now();
    try {
      const answer = await transport.send(
        {
          method: operation.method,
          target,
          headers: {
            ...args.headers,
            ...(args.body !== undefined && { 'content-type': 'application/json' }),
            accept: 'application/json',
            authorization,
          },
          body: args.body,
        },
        { deadline, signal },
      );
      onCall?.({
        operation: operation.name,
        durationMs: performance.now() - startedAt,
        status: answer.status,
      });
      return new LeanAnswer(answer);
    } catch (error) {
      onCall?.({
        operation: operation.name,
        durationMs: performance.now() - startedAt,
        status: undefined,
        error: error instanceof Error ? error.name : 'unknown',
      });
      throw error;
    }
  }
}
