import { randomUUID } from 'node:crypto';
import { CallBudget } from '../lean/call-budget.ts';
import { LeanAnswer } from '../lean/answer.ts';
import { retryAfterSeconds } from '../lean/retry-after.ts';
import type { LeanClient } from '../lean/client.ts';
import { LeanError, LeanRefused } from '../errors/lean-errors.ts';
import type { CancellationSignal } from '../lean/cancellation.ts';
import { operations, type Operation } from '../lean/operations.ts';
import { requireScopes, scopeOf, type Caller } from '../access/caller.ts';
import type { PayoutCreation } from '../payouts/creation/payout-creation.ts';
import type {
  CreatePayoutsAnswer,
  PayoutOutcomeUnknown,
  PayoutRejected,
} from '../payouts/creation/creation-answer.ts';
import { transfersFromBody, type RequestProblem } from '../payouts/creation/creation-request.ts';
import type { DetailCache } from '../payouts/detail-cache.ts';
import { createdBody } from '../payouts/creation/creation-body.ts';
import { Forbidden, RateLimited, SimilarPayoutUnknown, StoreUnavailable } from '../errors/gateway-errors.ts';
import { maskErrorBody, maskJson, isMaskedFor } from '../access/masking.ts';
import type { PayoutRequest, RequestKey, UpstreamResponse } from '../payouts/creation/payout-record.ts';
import type { PayoutRecords } from '../payouts/creation/payout-records.ts';
import { argumentsFrom, keyProblem, type RequestValues } from './request-values.ts';

/** A call of one of Lean's operations, with Lean's own parameter names, from the REST API or an MCP tool. */
export interface OperationRequest {
  readonly operation: Operation;
  /** The parameter values by name, as strings or JSON values. The body is as `parseExactJson` returns it. */
  readonly values: RequestValues;
  readonly caller: Caller;
  /** Aborted when the caller disconnects. A read is then cancelled; a creation goes on, because it moves money. */
  readonly signal?: CancellationSignal;
  /** Whether a payout is refused while a similar one under another key has an unknown outcome. @default false */
  readonly refuseSimilar?: boolean;
}

/**
 * The outcome of a call:
 *
 * - `lean`: Lean's own response, a success or a refusal
 * - `invalid`, `conflict`, `refused`, `similar`: the gateway's or Lean's reason why nothing was done
 * - `denied`: the caller is not allowed to make the call, or has made too many
 * - `unknown`: Lean may or may not have accepted the payout
 * - `failed`: Lean or the store could not be used; this call moved no money
 */
export type OperationOutcome =
  | {
      readonly kind: 'lean';
      readonly response: Omit<UpstreamResponse, 'body'> & { readonly body: string | Buffer };
      /** The delay that Lean's `Retry-After` header asks for; null if there is no header with a usable value. */
      readonly retryAfterSeconds: number | null;
      readonly idempotencyKey?: string;
      /** Another key of the caller, with a similar payout whose outcome is unknown. */
      readonly similarUnknownKey?: string;
      /** The gateway's reading of the response to a creation. */
      readonly creation?: CreationAnswers;
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

/** Which transfers of a creation Lean has accepted, and which it has rejected. */
export interface CreationAnswers {
  /** How many transfers Lean has accepted. */
  readonly created: number;
  /** The rejections, one for each transfer that Lean refused or failed, or one for the request as a whole. */
  readonly rejected: readonly PayoutRejected[];
}

export interface OperationCallsOptions {
  readonly client: LeanClient;
  readonly creation: PayoutCreation;
  readonly records: PayoutRecords;
  /** Whether a payout without an idempotency key is refused. If not, the gateway generates a key. */
  readonly requireKey: boolean;
  /** Whether account numbers and IBANs are masked for callers without the scope to read them. @default false */
  readonly maskIban?: boolean;
  /** The cached details. Those of a payout are dropped after each read of it, because they may be older. */
  readonly details?: Pick<DetailCache, 'drop'>;
  /** How many Lean calls one operation may make. @default no limit */
  readonly maxUpstreamCalls?: number;
}

/** Runs Lean's operations for REST routes and MCP tools, with the gateway's authorization, validation and masking. */
export class OperationCalls {
  readonly #options: OperationCallsOptions;

  constructor(options: OperationCallsOptions) {
    this.#options = options;
  }

  /** @throws the signal's reason if the call was cancelled. All other failures are outcomes. */
  async call(request: OperationRequest): Promise<OperationOutcome> {
    const outcome = await this.#callUnmasked(request);
    if (outcome.kind !== 'lean' || !isMaskedFor(request.caller, this.#options.maskIban === true))
      return outcome;
    const { response } = outcome;
    const ok = response.status >= 200 && response.status < 300;
    const body = (ok ? maskJson : maskErrorBody)(response.body.toString());
    return { ...outcome, response: { ...response, body } };
  }

  async #callUnmasked(request: OperationRequest): Promise<OperationOutcome> {
    try {
      requireScopes(request.caller, scopeOf(request.operation));
    } catch (error) {
      return outcomeFromError(error);
    }
    const checked = argumentsFrom(request.operation, request.values);
    if (request.operation.name === operations.createPayoutPayment.name)
      return this.#create(request, 'problems' in checked ? checked.problems : []);
    if (request.operation.method !== 'GET')
      throw new TypeError(`${request.operation.name} is neither a read nor the creation of payouts`);
    if ('problems' in checked) return { kind: 'invalid', problems: checked.problems };
    try {
      const { client, details, maxUpstreamCalls = Infinity } = this.#options;
      const options = { signal: request.signal, budget: new CallBudget(maxUpstreamCalls) };
      const answer = await client.call(request.operation, checked.args, options);
      for (const id of Object.values(checked.args.path ?? {})) details?.drop(id.toLowerCase());
      return outcomeFromLean(answer);
    } catch (error) {
      return outcomeFromError(error);
    }
  }

  async #create(
    { values, caller, refuseSimilar = false }: OperationRequest,
    unknownParameters: readonly RequestProblem[],
  ): Promise<OperationOutcome> {
    const { creation, requireKey } = this.#options;
    const { idempotencyKey, problems } = keyFrom(values[keyParameter], requireKey);
    const key = { caller: caller.subject, idempotencyKey };
    const body = transfersFromBody(values['body'], problems.length === 0 ? key : undefined);
    const problemsOfBody = 'problems' in body ? body.problems : [];
    const all = [
      ...unknownParameters,
      ...problems,
      ...problemsOfBody.map(each => ({ ...each, inBody: each.parameter !== 'body' })),
    ];
    if ('problems' in body || all.length > 0) return { kind: 'invalid', problems: all };
    try {
      const answer = await creation.createPayouts(key, body.transfers, { refuseSimilar });
      if (answer.kind === 'unknown') return { kind: 'unknown', unknown: answer };
      if (answer.kind === 'rejected' && answer.code === 'IDEMPOTENCY_CONFLICT' && answer.leanCode === null)
        return { kind: 'conflict', rejected: answer };
      return await this.#recordedOutcome(key, answer);
    } catch (error) {
      return outcomeFromError(error, idempotencyKey);
    }
  }

  /**
   * Lean's own response, from the record. If none is recorded, the payouts are written in the form of Lean's response.
   */
  async #recordedOutcome(
    key: RequestKey,
    answer: Exclude<CreatePayoutsAnswer, PayoutOutcomeUnknown>,
  ): Promise<OperationOutcome> {
    const { idempotencyKey } = key;
    const { records } = this.#options;
    // Records from before the gateway distinguished callers have an empty caller and are valid for all of them.
    const readRecord = async (): Promise<PayoutRequest | undefined> =>
      (await records.read(key)) ?? (await records.read({ ...key, caller: '' }));
    const request = await readRecord().catch((error: unknown) => {
      if (error instanceof StoreUnavailable) return undefined;
      throw error;
    });
    const created = answer.kind === 'batch' ? answer.created : [];
    const similar = created.find(({ similarUnknownKey }) => similarUnknownKey !== null)?.similarUnknownKey;
    const rejected = answer.kind === 'batch' ? answer.rejected : [answer];
    const common = {
      kind: 'lean',
      retryAfterSeconds: null,
      idempotencyKey,
      creation: { created: created.length, rejected },
      ...(similar != null && { similarUnknownKey: similar }),
    } as const;
    if (request?.upstreamResponse != null) return { ...common, response: request.upstreamResponse };
    if (answer.kind === 'rejected') return { kind: 'refused', rejected: answer };
    const body = createdBody([...answer.created, ...answer.rejected]);
    return { ...common, response: { status: 200, contentType: 'application/json', body } };
  }
}

const keyParameter = 'idempotency-key';

/** The caller's idempotency key. If there is none and none is required, a generated one. */
function keyFrom(
  given: unknown,
  required: boolean,
): { readonly idempotencyKey: string; readonly problems: readonly RequestProblem[] } {
  if (given === undefined && !required) return { idempotencyKey: randomUUID(), problems: [] };
  const problem = keyProblem(keyParameter, given);
  return { idempotencyKey: String(given), problems: problem === undefined ? [] : [problem] };
}

/**
 * The outcome of a response of Lean that is passed on to the caller. A refusal of the gateway's own credentials is not
 * passed on: the caller would renew its own token, which is valid, and the response may contain the gateway's token.
 * Neither is a response that is not a JSON object, such as the page of a proxy in front of Lean.
 * @throws LeanBadAnswer if a successful response is not a JSON object, or the status is none of an API
 * @throws LeanRefused, LeanOutcomeUnknown for any other response that is not passed on
 */
function outcomeFromLean(answer: LeanAnswer): OperationOutcome & { readonly kind: 'lean' } {
  const { status, mediaType, body } = answer;
  if (answer.ok) answer.json();
  else if (!isPassedOn(answer)) throw answer.failure();
  return {
    kind: 'lean',
    response: { status, contentType: mediaType ?? null, body },
    retryAfterSeconds: retryAfterSeconds(answer) ?? null,
  };
}

/** Whether a response that is no success is passed on to the caller. */
function isPassedOn(answer: LeanAnswer): boolean {
  const { status } = answer;
  return status >= 400 && status !== 401 && status !== 403 && answer.hasJsonObject;
}

/** @throws the error itself if there is no outcome for it, because it is a bug or a cancellation */
function outcomeFromError(error: unknown, idempotencyKey?: string): OperationOutcome {
  const key = idempotencyKey === undefined ? {} : { idempotencyKey };
  if (error instanceof LeanRefused && error.cause instanceof LeanAnswer && isPassedOn(error.cause))
    return { ...outcomeFromLean(error.cause), ...key };
  if (error instanceof SimilarPayoutUnknown)
    return { kind: 'similar', error, idempotencyKey: idempotencyKey ?? '' };
  if (error instanceof Forbidden || error instanceof RateLimited) return { kind: 'denied', error };
  if (!(error instanceof LeanError || error instanceof StoreUnavailable)) throw error;
  return { kind: 'failed', error, ...key };
}
