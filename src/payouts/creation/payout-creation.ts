import type { LeanClient } from '../../lean/client.ts';
import { pause } from '../../lean/deadline.ts';
import { LeanNotSent, type LeanError } from '../../lean/errors.ts';
import {
  conflict,
  invalid,
  type CreatePayoutAnswer,
  type CreatePayoutsAnswer,
  type PayoutOutcomeUnknown,
} from './creation-answer.ts';
import type { CreationEvents } from './creation-events.ts';
import { SimilarPayoutUnknown, StoreUnavailable } from '../errors.ts';
import { leanKeyFor, withReferences } from './lean-key.ts';
import type { OutcomeReconciler } from './outcome-reconciler.ts';
import {
  fingerprintOf,
  recordedAnswer,
  type Lease,
  type PayoutRequest,
  type RequestKey,
} from './payout-record.ts';
import type { PayoutRecords, ReconciliationRecords } from './payout-records.ts';
import { PayoutSender, type Allowance, type SendOutcome } from './payout-sender.ts';
import { defaultDelayMs, neverSent, type ResendPermit, type ResendRule } from './resend-rule.ts';
import {
  keyProblems,
  maxTransfers,
  repeatedReferences,
  transferProblems,
  type InputProblem,
  type Transfer,
} from './transfer.ts';
import { unknownAnswer } from './unknown-answer.ts';

export type { Allowance } from './payout-sender.ts';

export interface PayoutCreationOptions {
  readonly client: LeanClient;
  readonly records: PayoutRecords;
  readonly reconciliation: Pick<ReconciliationRecords, 'startReading'>;
  readonly reconciler: OutcomeReconciler;
  readonly rule: ResendRule;
  /** The Lean application that payouts are sent for. */
  readonly application: string;
  readonly events?: Partial<CreationEvents>;
  readonly allowance?: Allowance | undefined;
}

export interface CreateOptions {
  /** Whether nothing is sent while another key of the caller, for a payout like it, is of unknown outcome. @default false */
  readonly refuseSimilar?: boolean;
}

/**
 * Pays at most once per key, whatever breaks.
 *
 * A record is written before anything is sent. What Lean may have taken is only looked for until the resend delay has
 * passed; then, and only when the key comes again, it is sent once more if Lean is proven to have nothing of it.
 * @throws LeanNotSent when nothing reached Lean
 * @throws LeanRefused when Lean refused the gateway, not the payout: its credentials, or too many requests
 * @throws StoreUnavailable when no record could be written; nothing was sent
 * @throws RateLimited when the caller has made too many; nothing was sent, and the key is still free
 */
export class PayoutCreation {
  readonly #options: PayoutCreationOptions;
  readonly #sender: PayoutSender;
  readonly #running = new Map<string, Promise<CreatePayoutsAnswer>>();

  constructor(options: PayoutCreationOptions) {
    this.#options = options;
    this.#sender = new PayoutSender({ ...options, events: options.events ?? {} });
  }

  /** Resolves once no creation is running: whoever stops the process waits for it, callers or no callers. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running.values());
  }

  async createPayout(
    key: RequestKey,
    transfer: Transfer,
    options: CreateOptions = {},
  ): Promise<CreatePayoutAnswer> {
    const problems = [...keyProblems(key.idempotencyKey), ...transferProblems(transfer)];
    const answer = await this.#create(key, [transfer], problems, options);
    if (answer.kind !== 'batch') return answer;
    const [only] = [...answer.created, ...answer.rejected];
    if (only === undefined) throw new TypeError('an answer to one transfer holds none');
    return only;
  }

  async createPayouts(
    key: RequestKey,
    transfers: readonly Transfer[],
    options: CreateOptions = {},
  ): Promise<CreatePayoutsAnswer> {
    const problems = keyProblems(key.idempotencyKey);
    if (transfers.length === 0 || transfers.length > maxTransfers)
      problems.push({ field: 'transfers', problem: `must hold 1 to ${String(maxTransfers)} transfers.` });
    else
      for (const [index, transfer] of transfers.entries())
        for (const { field, problem } of transferProblems(transfer))
          problems.push({ field: `transfers.${String(index)}.${field}`, problem });
    if (problems.length === 0)
      for (const { index, first } of repeatedReferences(withReferences(transfers, leanKeyFor(key))))
        problems.push({
          field: `transfers.${String(index)}.externalReference`,
          problem: `must differ from that of transfers.${String(first)}, because a transfer is found at Lean by its reference.`,
        });
    return this.#create(key, transfers, problems, options);
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
    const name = JSON.stringify([key.caller, key.idempotencyKey, fingerprint]);
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
      if ('lease' in reserved) return this.#sendFirst(reserved.lease, deadline, options);
      const answer = await this.#repeat(reserved.request, fingerprint, deadline);
      // Undefined: whoever had the key has given it back, since nothing was sent.
      if (answer !== undefined) return answer;
    }
  }

  async #sendFirst(lease: Lease, deadline: number, { refuseSimilar = false }: CreateOptions) {
    const { rule, records } = this.#options;
    if (refuseSimilar)
      await this.#releasedOnError(lease, async () => {
        // Asked once the lease is visible to others: of two that come together none is sent, or one.
        const similar = await records.similarKey(lease);
        if (similar !== null) throw new SimilarPayoutUnknown(similar);
      });
    const outcome = await this.#sender.send(lease, { rule }, deadline);
    if (outcome.kind === 'look first') return this.#lookThenSend(lease, deadline);
    return this.#afterSend(lease, outcome);
  }

  /**
   * Sends a new request from a store that may have lost records: it may have been sent before under a record that is
   * gone. So Lean is read first, and what it may have of the request is no longer sent.
   */
  async #lookThenSend(lease: Lease, deadline: number): Promise<CreatePayoutsAnswer> {
    const { client, records, reconciler, rule } = this.#options;
    const lookback = 2 * Math.max(rule.delayMs, defaultDelayMs);
    const reading = await this.#releasedOnError(lease, async () => {
      const request = await records.read(lease);
      return request && reconciler.lookFirst(request, lookback, deadline);
    });
    if (reading?.finding === 'absent' && reading.found.length === 0) {
      const permit: ResendPermit = { rule, leanNow: reading.leanNow, lookedFirst: true };
      // The look has used up much of the deadline: a send has one of its own.
      const outcome = await this.#sender.send(lease, permit, client.deadline());
      return this.#afterSend(lease, outcome);
    }
    if (reading === undefined || reading.candidates.length === 0) {
      await records.release(lease);
      throw new LeanNotSent(
        'LEAN_UNAVAILABLE',
        "The payout store is new or was restored, so a payout is sent only after Lean's list has proven that Lean does " +
          `not have it already. The list has not proven it${reading === undefined ? '' : ` (${reading.finding})`}. Nothing was sent.`,
        { retryable: true },
      );
    }
    await records.adopt(lease, { lookbackMs: lookback, leanNow: reading.leanNow });
    const adopted = await records.read(lease);
    return (adopted && (await this.#reconciled(adopted, deadline))) ?? this.#unknown(lease);
  }

  /** The answer to a key that has a record; undefined where the record is gone. */
  async #repeat(
    first: PayoutRequest,
    fingerprint: string,
    deadline: number,
  ): Promise<CreatePayoutsAnswer | undefined> {
    const { records } = this.#options;
    if (first.fingerprint !== fingerprint)
      return conflict(first.idempotencyKey, { open: recordedAnswer(first) === undefined });
    let request: PayoutRequest | undefined = first;
    for (let waits = 0; request !== undefined; waits += 1) {
      const answer = recordedAnswer(request);
      if (answer !== undefined) return answer;
      if (!request.inFlight) {
        const reconciled = await this.#reconciled(request, deadline);
        if (reconciled !== undefined) return reconciled;
      } else if (!(await waited(pauseMs(waits), deadline))) return this.#told(request);
      else await records.recover();
      request = await records.read(request);
    }
    return undefined;
  }

  /** Looks for a request at Lean and sends it again where that is permitted. Undefined: read the record again. */
  async #reconciled(request: PayoutRequest, deadline: number): Promise<CreatePayoutsAnswer | undefined> {
    const { records, reconciliation, reconciler, rule, application } = this.#options;
    if (request.application !== null && request.application !== application)
      return this.#told({ ...request, finding: 'other_application' });
    const turn = await reconciliation.startReading(request);
    // Another caller has looked within the last seconds: what that found is the answer.
    if (turn === undefined) return this.#told((await records.read(request)) ?? request);
    const { finding, proven, reading, error } = await reconciler.reconcile(turn, deadline);
    // A send that Lean turned away was not taken: where Lean cannot be asked either, nothing has changed.
    if (turn.sends.turnedAway && error !== undefined) throw error;
    const after = await records.read(turn);
    if (after === undefined || recordedAnswer(after) !== undefined) return undefined;
    if (reading === undefined || !rule.allows(after)) return this.#told(after);
    const withoutDelay = turn.sends.turnedAway || rule.delayOf(turn.sends, turn.readAt) === 0;
    const absent = finding === 'absent' && (proven || withoutDelay);
    if (!absent) return this.#told(after);
    const permit: ResendPermit = { rule, leanNow: reading.leanNow };
    const lease = await records.leaseAgain(turn, permit);
    if (lease === undefined) return this.#told(after);
    const sending = { ...permit, lookedFirst: turn.sends.turnedAway };
    const outcome = await this.#sender.send(lease, sending, this.#options.client.deadline());
    return this.#afterSend(lease, outcome);
  }

  /** Nothing has been sent under the lease yet: where the work fails, the key is free again. */
  async #releasedOnError<Value>(lease: Lease, work: () => Promise<Value>): Promise<Value> {
    try {
      return await work();
    } catch (error) {
      await this.#options.records.release(lease).catch(() => undefined);
      throw error;
    }
  }

  #afterSend(lease: Lease, outcome: SendOutcome): CreatePayoutsAnswer | Promise<CreatePayoutsAnswer> {
    if (outcome.kind === 'settled') return outcome.answer;
    return this.#unknown(lease, outcome.kind === 'open' ? outcome.error : undefined);
  }

  /** That the outcome is unknown, as the record now has it; where it cannot be read, as a first send leaves it. */
  async #unknown(lease: Lease, error?: LeanError): Promise<CreatePayoutsAnswer> {
    const { records, events } = this.#options;
    const read = await records.read(lease).catch((failure: unknown) => {
      if (!(failure instanceof StoreUnavailable)) throw failure;
      return undefined;
    });
    const request = read ?? asSent(lease);
    const recorded = recordedAnswer(request);
    if (recorded !== undefined) return recorded;
    const answer = this.#told(request);
    events?.unknown?.(request, answer, error);
    return answer;
  }

  #told(request: PayoutRequest): PayoutOutcomeUnknown {
    return unknownAnswer(request, this.#options.rule);
  }
}

/** A request whose record cannot be read right after it was sent. */
function asSent({ caller, idempotencyKey, leanKey, transfers, similarUnknownKey }: Lease): PayoutRequest {
  return {
    caller,
    idempotencyKey,
    leanKey,
    fingerprint: '',
    application: null,
    upstreamResponse: null,
    records: transfers.map((transfer, position) => ({
      position,
      transfer,
      state: 'unknown',
      intentId: null,
      paymentId: null,
      answer: null,
    })),
    inFlight: false,
    leases: 1,
    sends: neverSent,
    refusal: null,
    finding: null,
    duplicateIntents: [],
    similarUnknownKey,
    createdAt: 0,
    changedAt: 0,
    checks: 0,
    nextCheckAt: null,
    readAt: 0,
  };
}

/** Waits; false at once when the deadline would come first. */
async function waited(ms: number, deadline: number): Promise<boolean> {
  if (performance.now() + ms >= deadline) return false;
  await pause(ms, undefined);
  return true;
}

/** Between looks at a record that another gateway is at: soon at first, later more seldom. */
function pauseMs(waits: number): number {
  return Math.min(20 * 2 ** waits, 250);
}
