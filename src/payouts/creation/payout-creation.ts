import { pause } from '../../lean/deadline.ts';
import {
  keyConflict,
  invalidInput,
  type CreatePayoutAnswer,
  type CreatePayoutsAnswer,
} from './creation-answer.ts';
import { CreationAttempts, type CreateOptions, type CreationAttemptsOptions } from './creation-attempts.ts';
import { createPayoutProblems, createPayoutsProblems, transferField } from './creation-input.ts';
import { leanKeyFor, withReferences } from './lean-key.ts';
import { fingerprintOf, recordedAnswer, type PayoutRequest, type RequestKey } from './payout-record.ts';
import { BadInput } from '../../errors/gateway-errors.ts';
import type { InputProblem } from './input-problem.ts';
import { summarizeRequest, type RequestSummary } from './request-summary.ts';
import { keyProblems, type Transfer } from './transfer.ts';

/**
 * Creates payouts: at most one per key, despite crashes, lost answers and repetitions.
 *
 * A record is written before anything is sent. If Lean may have accepted a request, the gateway only searches Lean's
 * list for it until the resend delay has passed. After that a repetition of the key sends the request once more, if
 * Lean is proven not to have it.
 * @throws LeanNotSent when nothing reached Lean
 * @throws LeanRefused when Lean refused the gateway, not the payout: its credentials, or too many requests
 * @throws StoreUnavailable when no record could be written; nothing was sent
 * @throws RateLimited when the caller has created too many payouts; nothing was sent, and the key is still free
 * @throws SimilarPayoutUnknown when a similar payout has an unknown outcome and `refuseSimilar` is set; nothing was
 * sent
 */
export class PayoutCreation {
  readonly #options: CreationAttemptsOptions;
  readonly #attempts: CreationAttempts;
  readonly #inFlight = new Map<string, Promise<CreatePayoutsAnswer>>();

  constructor(options: CreationAttemptsOptions) {
    this.#options = options;
    this.#attempts = new CreationAttempts(options);
  }

  /**
   * Resolves once no creation is in flight. The process waits for it before it stops, even if all callers are gone.
   */
  async whenIdle(): Promise<void> {
    while (this.#inFlight.size > 0) await Promise.allSettled(this.#inFlight.values());
  }

  /** Creates one payout. Invalid input is answered with a rejection, `INVALID_INPUT`. */
  async createPayout(
    key: RequestKey,
    transfer: Transfer,
    options: CreateOptions = {},
  ): Promise<CreatePayoutAnswer> {
    const answer = await this.#create(key, [transfer], createPayoutProblems(key, transfer), options);
    if (answer.kind !== 'batch') return answer;
    const [only] = [...answer.created, ...answer.rejected];
    if (only === undefined) throw new TypeError('the answer to one transfer is empty');
    return only;
  }

  /** Creates several payouts with one call to Lean, under one key. */
  async createPayouts(
    key: RequestKey,
    transfers: readonly Transfer[],
    options: CreateOptions = {},
  ): Promise<CreatePayoutsAnswer> {
    const answer = await this.#create(key, transfers, createPayoutsProblems(key, transfers), options);
    if (answer.kind !== 'rejected' || answer.code !== 'REJECTED_BY_LEAN') return answer;
    // The record of a single transfer is the same as that of `createPayout`, so its refusal names the field without
    // the position.
    const inputErrors = answer.inputErrors.map(each => ({ ...each, field: transferField(0, each.field) }));
    return { ...answer, inputErrors };
  }

  /**
   * Reads the recorded results of a key. It neither calls Lean nor writes. A record from `AUTH=none` belongs to no
   * caller, so it is not found; it answers only a creation with the same input.
   * @returns null if there is no record
   * @throws BadInput for an invalid key; StoreUnavailable
   */
  async findRequest(key: RequestKey): Promise<RequestSummary | null> {
    const [invalid] = keyProblems(key.idempotencyKey);
    if (invalid !== undefined) throw new BadInput(invalid.field, invalid.problem);
    const { records, rule, application } = this.#options;
    const request = await records.read(key);
    return request === undefined ? null : summarizeRequest(request, rule, application);
  }

  /** Single-flight: repetitions that arrive while the same request is in flight in this process share its answer. */
  async #create(
    key: RequestKey,
    transfers: readonly Transfer[],
    problems: readonly InputProblem[],
    options: CreateOptions,
  ): Promise<CreatePayoutsAnswer> {
    if (problems.length > 0) return invalidInput(key.idempotencyKey, problems);
    const fingerprint = fingerprintOf(transfers);
    const inFlightKey = JSON.stringify([
      key.caller,
      key.idempotencyKey,
      fingerprint,
      options.refuseSimilar === true,
    ]);
    const inFlight = this.#inFlight.get(inFlightKey);
    if (inFlight !== undefined) return inFlight;
    const answer = this.#answer(key, fingerprint, transfers, options).finally(() => {
      this.#inFlight.delete(inFlightKey);
    });
    this.#inFlight.set(inFlightKey, answer);
    return answer;
  }

  async #answer(
    key: RequestKey,
    fingerprint: string,
    given: readonly Transfer[],
    options: CreateOptions,
  ): Promise<CreatePayoutsAnswer> {
    const { client, records, application } = this.#options;
    const deadline = client.deadline();
    const leanKey = leanKeyFor(key);
    const transfers = withReferences(given, leanKey);
    const request = { ...key, fingerprint, leanKey, application, transfers };
    for (;;) {
      const reserved = await records.reserve(request);
      if ('lease' in reserved) return this.#attempts.sendFirst(reserved.lease, deadline, options);
      const answer = await this.#answerRepetition(reserved.request, fingerprint, deadline, options);
      // Undefined: the other attempt has sent nothing and has released the key, so it can be reserved now.
      if (answer !== undefined) return answer;
    }
  }

  /** Answers a key that has a record; undefined if the record is gone. */
  async #answerRepetition(
    first: PayoutRequest,
    fingerprint: string,
    deadline: number,
    options: CreateOptions,
  ): Promise<CreatePayoutsAnswer | undefined> {
    const { records } = this.#options;
    if (first.fingerprint !== fingerprint)
      return keyConflict(first.idempotencyKey, { open: recordedAnswer(first) === undefined });
    let request: PayoutRequest | undefined = first;
    for (let waits = 0; request !== undefined; waits += 1) {
      const answer = recordedAnswer(request);
      if (answer !== undefined) return answer;
      if (!request.inFlight) {
        const reconciled = await this.#attempts.sendAgain(request, deadline, options);
        if (reconciled !== undefined) return reconciled;
      } else if (!(await pauseWithin(pauseMs(waits), deadline))) return this.#attempts.unknownAnswer(request);
      else await records.recover();
      request = await records.read(request);
    }
    return undefined;
  }
}

/** Pauses; returns false at once if the pause would end after the deadline. */
async function pauseWithin(ms: number, deadline: number): Promise<boolean> {
  if (performance.now() + ms >= deadline) return false;
  await pause(ms, undefined);
  return true;
}

/** The pause before the record is read again, in ms: exponential, from 20 to 250. */
function pauseMs(waits: number): number {
  return Math.min(20 * 2 ** waits, 250);
}
