import { pause } from '../../lean/deadline.ts';
import { conflict, invalid, type CreatePayoutAnswer, type CreatePayoutsAnswer } from './creation-answer.ts';
import { CreationAttempts, type CreateOptions, type CreationAttemptsOptions } from './creation-attempts.ts';
import { createPayoutProblems, createPayoutsProblems, fieldOf } from './creation-input.ts';
import { leanKeyFor, withReferences } from './lean-key.ts';
import { fingerprintOf, recordedAnswer, type PayoutRequest, type RequestKey } from './payout-record.ts';
import { BadInput } from '../../errors/gateway-errors.ts';
import type { InputProblem } from './input-problem.ts';
import { reportOf, type RequestReport } from './request-report.ts';
import { keyProblems, type Transfer } from './transfer.ts';

/**
 * Pays at most once per key, whatever breaks.
 *
 * A record is written before anything is sent. What Lean may have taken is only looked for until the resend delay has
 * passed; then, and only when the key comes again, it is sent once more if Lean is proven to have nothing of it.
 * @throws LeanNotSent when nothing reached Lean
 * @throws LeanRefused when Lean refused the gateway, not the payout: its credentials, or too many requests
 * @throws StoreUnavailable when no record could be written; nothing was sent
 * @throws RateLimited when the caller has made too many; nothing was sent, and the key is still free
 * @throws SimilarPayoutUnknown when a like payout has no answer and `refuseSimilar` is set; nothing was sent
 */
export class PayoutCreation {
  readonly #options: CreationAttemptsOptions;
  readonly #attempts: CreationAttempts;
  readonly #running = new Map<string, Promise<CreatePayoutsAnswer>>();

  constructor(options: CreationAttemptsOptions) {
    this.#options = options;
    this.#attempts = new CreationAttempts(options);
  }

  /** Resolves once no creation is running: whoever stops the process waits for it, callers or no callers. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running.values());
  }

  /** Makes one payout, as described above. Input that cannot be sent is answered `INVALID_INPUT`. */
  async createPayout(
    key: RequestKey,
    transfer: Transfer,
    options: CreateOptions = {},
  ): Promise<CreatePayoutAnswer> {
    const answer = await this.#create(key, [transfer], createPayoutProblems(key, transfer), options);
    if (answer.kind !== 'batch') return answer;
    const [only] = [...answer.created, ...answer.rejected];
    if (only === undefined) throw new TypeError('an answer to one transfer holds none');
    return only;
  }

  /** Makes several payouts by one Lean call, under one key. */
  async createPayouts(
    key: RequestKey,
    transfers: readonly Transfer[],
    options: CreateOptions = {},
  ): Promise<CreatePayoutsAnswer> {
    const answer = await this.#create(key, transfers, createPayoutsProblems(key, transfers), options);
    if (answer.kind !== 'rejected' || answer.code !== 'REJECTED_BY_LEAN') return answer;
    // A refusal of a single transfer names its field as `createPayout` does, because both have the same record.
    const inputErrors = answer.inputErrors.map(each => ({ ...each, field: fieldOf(0, each.field) }));
    return { ...answer, inputErrors };
  }

  /**
   * Reports on a key by its record alone. It sends nothing, reads nothing from Lean and writes nothing. A record from
   * `AUTH=none` belongs to no caller, so it is not found; it answers only a creation with the same input.
   * @returns null if there is no record
   * @throws BadInput for an invalid key; StoreUnavailable
   */
  async report(key: RequestKey): Promise<RequestReport | null> {
    const [wrong] = keyProblems(key.idempotencyKey);
    if (wrong !== undefined) throw new BadInput(wrong.field, wrong.problem);
    const { records, rule, application } = this.#options;
    const request = await records.read(key);
    return request === undefined ? null : reportOf(request, rule, application);
  }

  /** Repetitions that arrive while the first is running in this process share its answer. */
  async #create(
    key: RequestKey,
    transfers: readonly Transfer[],
    problems: readonly InputProblem[],
    options: CreateOptions,
  ): Promise<CreatePayoutsAnswer> {
    if (problems.length > 0) return invalid(key.idempotencyKey, problems);
    const fingerprint = fingerprintOf(transfers);
    const name = JSON.stringify([
      key.caller,
      key.idempotencyKey,
      fingerprint,
      options.refuseSimilar === true,
    ]);
    const running = this.#running.get(name);
    if (running !== undefined) return running;
    const answer = this.#answer(key, fingerprint, transfers, options).finally(() => {
      this.#running.delete(name);
    });
    this.#running.set(name, answer);
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
      const answer = await this.#repeat(reserved.request, fingerprint, deadline, options);
      // Undefined: whoever had the key has given it back, since nothing was sent.
      if (answer !== undefined) return answer;
    }
  }

  /** The answer to a key that has a record; undefined where the record is gone. */
  async #repeat(
    first: PayoutRequest,
    fingerprint: string,
    deadline: number,
    options: CreateOptions,
  ): Promise<CreatePayoutsAnswer | undefined> {
    const { records } = this.#options;
    if (first.fingerprint !== fingerprint)
      return conflict(first.idempotencyKey, { open: recordedAnswer(first) === undefined });
    let request: PayoutRequest | undefined = first;
    for (let waits = 0; request !== undefined; waits += 1) {
      const answer = recordedAnswer(request);
      if (answer !== undefined) return answer;
      if (!request.inFlight) {
        const reconciled = await this.#attempts.sendAgain(request, deadline, options);
        if (reconciled !== undefined) return reconciled;
      } else if (!(await pausedWithin(pauseMs(waits), deadline))) return this.#attempts.unknown(request);
      else await records.recover();
      request = await records.read(request);
    }
    return undefined;
  }
}

/** Pauses; false at once when the deadline would come first. */
async function pausedWithin(ms: number, deadline: number): Promise<boolean> {
  if (performance.now() + ms >= deadline) return false;
  await pause(ms, undefined);
  return true;
}

/** Pause before the record is read again, in ms: 20 first, at most 250. */
function pauseMs(waits: number): number {
  return Math.min(20 * 2 ** waits, 250);
}
