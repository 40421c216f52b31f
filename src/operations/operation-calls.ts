import { randomUUID } from 'node:crypto';
import { CallBudget } from '../lean/call-budget.ts';
import { LeanAnswer } from '../lean/answer.ts';
import type { LeanClient } from '../lean/client.ts';
import { LeanError, LeanRefused } from '../errors/lean-errors.ts';
import type { CancellationSignal } from '../lean/cancellation.ts';
import { operations, type Operation } from '../lean/operations.ts';
import { demandScopes, scopeOf, type Caller } from '../access/caller.ts';
import type { PayoutCreation } from '../payouts/creation/payout-creation.ts';
import type {
  CreatePayoutsAnswer,
  PayoutOutcomeUnknown,
  PayoutRejected,
} from '../payouts/creation/creation-answer.ts';
import { transfersFromBody, type RequestProblem } from '../payouts/creation/creation-request.ts';
import { createdBody } from '../payouts/creation/creation-body.ts';
import { Forbidden, RateLimited, SimilarPayoutUnknown, StoreUnavailable } from '../errors/gateway-errors.ts';
import { maskedError, maskedJson, masksFor } from '../access/masking.ts';
import type { PayoutRequest, RequestKey, UpstreamResponse } from '../payouts/creation/payout-record.ts';
import type { PayoutRecords } from '../payouts/creation/payout-records.ts';
import { argumentsFrom, keyProblem, type RequestValues } from './request-values.ts';

/** A call of one of Lean's operations by its own names, on whichever surface. */
export interface OperationRequest {
  readonly operation: Operation;
  /** Values of the parameters by name, as texts or JSON; the body as `parseExactJson` reads it. */
  readonly values: RequestValues;
  readonly caller: Caller;
  /** Aborted when the caller goes away: reads stop, what moves money goes on. */
  readonly signal?: CancellationSignal;
  /** Whether nothing is paid while another key, for a payout like it, is of unknown outcome. @default false */
  readonly refuseSimilar?: boolean;
}

/**
 * The result of a call. `lean`: Lean's own answer, success or refusal. `invalid`, `conflict`, `refused` and `similar`:
 * this gateway's answer that nothing was done. `denied`: the caller may not do it, or not now. `unknown`: a payout that
 * Lean may or may not have taken. `failed`: Lean or the store could not be used; this call moved no money.
 */
export type OperationOutcome =
  | {
      readonly kind: 'lean';
      readonly response: Omit<UpstreamResponse, 'body'> & { readonly body: string | Buffer };
      /** As Lean gave it, when it asks for patience. */
      readonly retryAfter: string | null;
      readonly idempotencyKey?: string;
      /** Another key of the caller, for a payout like this one, whose outcome is unknown. */
      readonly similarUnknownKey?: string;
    }
  | { readonly kind: 'similar'; readonly error: SimilarPayoutUnknown; readonly idempotencyKey: string }
  | { readonly kind: 'invalid'; readonly problems: readonly RequestProblem[] }
  | { readonly kind: 'conflict' | 'refused'; readonly rejected: PayoutRejected }
  | { readonly kind: 'denied'; readonly error: Forbidden | RateLimited }
  | { readonly kind: 'unknown'; readonly unknown: PayoutOutcomeUnknown }
  | {
      readonly kind: 'failed';
      readonly error: LeanError | StoreUnavailable;
      readonly idempotencyKey?: string;
    };

export interface OperationCallsOptions {
  readonly client: LeanClient;
  readonly creation: PayoutCreation;
  readonly records: PayoutRecords;
  /** Whether a payout without an idempotency key is refused; otherwise one is made up. */
  readonly requireKey: boolean;
  /** Whether account numbers and IBANs are masked for callers without the scope to see them. @default false */
  readonly maskIban?: boolean;
  /** Lean calls that one operation may make. @default no limit */
  readonly maxUpstreamCalls?: number;
}

/** Lean's operations by their own names, behind the rules of this gateway: what REST routes and tools call. */
export class OperationCalls {
  readonly #options: OperationCallsOptions;

  constructor(options: OperationCallsOptions) {
    this.#options = options;
  }

  /** @throws nothing but bugs, and the signal's reason */
  async call(request: OperationRequest): Promise<OperationOutcome> {
    const outcome = await this.#allowed(request);
    if (outcome.kind !== 'lean' || !masksFor(request.caller, this.#options.maskIban === true)) return outcome;
    const { response } = outcome;
    const ok = response.status >= 200 && response.status < 300;
    const body = (ok ? maskedJson : maskedError)(response.body.toString());
    return { ...outcome, response: { ...response, body } };
  }

  async #allowed(request: OperationRequest): Promise<OperationOutcome> {
    try {
      demandScopes(request.caller, scopeOf(request.operation));
    } catch (error) {
      return failed(error);
    }
    const checked = argumentsFrom(request.operation, request.values);
    if (request.operation.name === operations.createPayoutPayment.name)
      return this.#create(request, 'problems' in checked ? checked.problems : []);
    if (request.operation.method !== 'GET')
      throw new TypeError(`${request.operation.name} changes something, and there are no rules for it here`);
    if ('problems' in checked) return { kind: 'invalid', problems: checked.problems };
    try {
      const { client, maxUpstreamCalls = Infinity } = this.#options;
      const options = { signal: request.signal, budget: new CallBudget(maxUpstreamCalls) };
      return leanOutcome(await client.call(request.operation, checked.args, options));
    } catch (error) {
      return failed(error);
    }
  }

  async #create(
    { values, caller, refuseSimilar = false }: OperationRequest,
    unknownParameters: readonly RequestProblem[],
  ): Promise<OperationOutcome> {
    const { creation, requireKey } = this.#options;
    const { idempotencyKey, problems } = keyOf(values[keyParameter], requireKey);
    const key = { caller: caller.subject, idempotencyKey };
    const body = transfersFromBody(values['body'], problems.length === 0 ? key : undefined);
    const all = [...unknownParameters, ...problems, ...('problems' in body ? body.problems : [])];
    if ('problems' in body || all.length > 0) return { kind: 'invalid', problems: all };
    try {
      const answer = await creation.createPayouts(key, body.transfers, { refuseSimilar });
      if (answer.kind === 'unknown') return { kind: 'unknown', unknown: answer };
      if (answer.kind === 'rejected' && answer.code === 'IDEMPOTENCY_CONFLICT' && answer.leanCode === null)
        return { kind: 'conflict', rejected: answer };
      return await this.#recorded(key, answer);
    } catch (error) {
      return failed(error, idempotencyKey);
    }
  }

  /** Lean's own answer as it is recorded; where there is none, what is known in the same form. */
  async #recorded(
    key: RequestKey,
    answer: Exclude<CreatePayoutsAnswer, PayoutOutcomeUnknown>,
  ): Promise<OperationOutcome> {
    const { idempotencyKey } = key;
    const { records } = this.#options;
    // A record from before callers were told apart answers for all of them.
    const reading = async (): Promise<PayoutRequest | undefined> =>
      (await records.read(key)) ?? (await records.read({ ...key, caller: '' }));
    const request = await reading().catch((error: unknown) => {
      if (error instanceof StoreUnavailable) return undefined;
      throw error;
    });
    const created = answer.kind === 'batch' ? answer.created : [];
    const similar = created.find(({ similarUnknownKey }) => similarUnknownKey !== null)?.similarUnknownKey;
    const common = {
      kind: 'lean',
      retryAfter: null,
      idempotencyKey,
      ...(similar != null && { similarUnknownKey: similar }),
    } as const;
    if (request?.upstreamResponse != null) return { ...common, response: request.upstreamResponse };
    if (answer.kind === 'rejected') return { kind: 'refused', rejected: answer };
    const body = createdBody([...answer.created, ...answer.rejected]);
    return { ...common, response: { status: 200, contentType: 'application/json', body } };
  }
}

const keyParameter = 'idempotency-key';

function keyOf(
  given: unknown,
  required: boolean,
): { readonly idempotencyKey: string; readonly problems: readonly RequestProblem[] } {
  if (given === undefined && !required) return { idempotencyKey: randomUUID(), problems: [] };
  const problem = keyProblem(keyParameter, given);
  return { idempotencyKey: String(given), problems: problem === undefined ? [] : [problem] };
}

/** @throws LeanBadAnswer for a success that is not JSON */
function leanOutcome(answer: LeanAnswer): OperationOutcome & { readonly kind: 'lean' } {
  if (answer.ok) answer.json();
  const { status, mediaType, body, headers } = answer;
  const retryAfter = headers['retry-after'];
  return {
    kind: 'lean',
    response: { status, contentType: mediaType ?? null, body },
    retryAfter: typeof retryAfter === 'string' ? retryAfter : null,
  };
}

function failed(error: unknown, idempotencyKey?: string): OperationOutcome {
  const key = idempotencyKey === undefined ? {} : { idempotencyKey };
  if (error instanceof LeanRefused && error.cause instanceof LeanAnswer)
    return { ...leanOutcome(error.cause), ...key };
  if (error instanceof SimilarPayoutUnknown)
    return { kind: 'similar', error, idempotencyKey: idempotencyKey ?? '' };
  if (error instanceof Forbidden || error instanceof RateLimited) return { kind: 'denied', error };
  if (!(error instanceof LeanError || error instanceof StoreUnavailable)) throw error;
  return { kind: 'failed', error, ...key };
}
