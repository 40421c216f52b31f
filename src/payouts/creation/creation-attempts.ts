import type { LeanClient } from '../../lean/client.ts';
import { LeanNotSent, type LeanError } from '../../errors/lean-errors.ts';
import { SimilarPayoutUnknown, StoreUnavailable } from '../../errors/gateway-errors.ts';
import type { CreatePayoutsAnswer, PayoutOutcomeUnknown } from './creation-answer.ts';
import type { CreationEvents } from './creation-events.ts';
import type { OutcomeReconciler } from './outcome-reconciler.ts';
import { allSendsTurnedAway, recordedAnswer, type Lease, type PayoutRequest } from './payout-record.ts';
import type { PayoutRecords, ReconciliationRecords } from './payout-records.ts';
import { PayoutSender, type Allowance, type SendOutcome } from './payout-sender.ts';
import { defaultDelayMs, type ResendPermit, type ResendRule } from './resend-rule.ts';
import { neverSent } from './send-history.ts';
import { unknownAnswer } from './unknown-answer.ts';

export interface CreationAttemptsOptions {
  readonly client: LeanClient;
  readonly records: PayoutRecords;
  readonly reconciliation: Pick<ReconciliationRecords, 'startReading'>;
  readonly reconciler: OutcomeReconciler;
  readonly rule: ResendRule;
  /** The Lean application that payouts are sent for. */
  readonly application: string;
  readonly events?: Partial<CreationEvents>;
  /** How many payouts a caller may make; no limit without it. Repetitions of a key are not counted. */
  readonly allowance?: Allowance | undefined;
}

export interface CreateOptions {
  /** Whether to refuse a payout while a like one of the same caller has no answer. @default false */
  readonly refuseSimilar?: boolean;
}

/** How far back Lean's list is read for a new store, in ms: it cannot know whether it has replaced another one. */
const newStoreLookbackMs = 3_600_000;

/** Sends requests for the first time and again, and reads Lean's list before a send that needs it. */
export class CreationAttempts {
  readonly #options: CreationAttemptsOptions;
  readonly #sender: PayoutSender;

  constructor(options: CreationAttemptsOptions) {
    this.#options = options;
    this.#sender = new PayoutSender({ ...options, events: options.events ?? {} });
  }

  /**
   * Sends a new request.
   * @param deadline on the clock of `performance.now()`
   * @throws LeanNotSent, StoreUnavailable, RateLimited when nothing was sent; LeanRefused when Lean refused the gateway
   * @throws SimilarPayoutUnknown when a like payout has no answer and `refuseSimilar` is set; nothing was sent
   */
  async sendFirst(
    lease: Lease,
    deadline: number,
    { refuseSimilar = false }: CreateOptions,
  ): Promise<CreatePayoutsAnswer> {
    const { rule } = this.#options;
    if (refuseSimilar) await this.#demandNoSimilar(lease);
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
    const margin = 2 * Math.max(rule.delayMs, defaultDelayMs);
    const { lookback, reading } = await this.#releasedOnError(lease, async () => {
      const request = await records.read(lease);
      const lookback = margin + ((await records.lostRecordsAgeMs()) ?? newStoreLookbackMs);
      return { lookback, reading: request && (await reconciler.lookFirst(request, lookback, deadline)) };
    });
    // If Lean has failed one copy, it may still take another one.
    const lacksIt = reading?.finding === 'absent' && reading.found.length + reading.failed.length === 0;
    if (lacksIt) {
      const permit: ResendPermit = {
        rule,
        leanNow: reading.leanNow,
        lookedFirst: true,
        lookbackMs: lookback,
      };
      // The reading has used up much of the deadline, so the send has one of its own.
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
    return (adopted && (await this.sendAgain(adopted, deadline, {}))) ?? this.#answerAfter(lease);
  }

  /**
   * Looks for a request at Lean, and sends it again where that is permitted. Undefined: read the record again.
   * @throws LeanError when Lean had turned the request away and cannot be read; StoreUnavailable
   */
  async sendAgain(
    request: PayoutRequest,
    deadline: number,
    { refuseSimilar = false }: CreateOptions,
  ): Promise<CreatePayoutsAnswer | undefined> {
    const { records, reconciliation, reconciler, rule, application } = this.#options;
    if (request.application !== null && request.application !== application)
      return this.unknown({ ...request, finding: 'other_application' });
    const turn = await reconciliation.startReading(request);
    // Another caller has looked within the last seconds: what that found is the answer.
    if (turn === undefined) return this.unknown((await records.read(request)) ?? request);
    const { finding, proven, reading, error } = await reconciler.reconcile(turn, deadline);
    // A send that Lean turned away was not taken: where Lean cannot be asked either, nothing has changed.
    const turnedAway = allSendsTurnedAway(turn);
    if (turnedAway && error !== undefined) throw error;
    const after = await records.read(turn);
    if (after === undefined || recordedAnswer(after) !== undefined) return undefined;
    if (reading === undefined || !rule.allows(after)) return this.unknown(after);
    // One that Lean has failed was not turned away: another copy of the request may still be taken.
    const isUntaken = turnedAway && reading.failed.length === 0;
    const withoutDelay = isUntaken || rule.delayOf(turn.sends, turn.readAt) === 0;
    const absent = finding === 'absent' && (proven || withoutDelay);
    if (!absent) return this.unknown(after);
    const permit: ResendPermit = { rule, leanNow: reading.leanNow };
    const lease = await records.leaseAgain(turn, permit);
    if (lease === undefined) return this.unknown(after);
    if (refuseSimilar && turnedAway) await this.#demandNoSimilar(lease);
    const sending = { ...permit, lookedFirst: turnedAway };
    const outcome = await this.#sender.send(lease, sending, this.#options.client.deadline());
    return this.#afterSend(lease, outcome);
  }

  /** @throws SimilarPayoutUnknown; nothing is sent then */
  async #demandNoSimilar(lease: Lease): Promise<void> {
    await this.#releasedOnError(lease, async () => {
      // Asked once the lease is visible to others: of two that come together none is sent, or one.
      const similar = await this.#options.records.similarKey(lease);
      if (similar !== null) throw new SimilarPayoutUnknown(similar);
    });
  }

  /** Releases a lease under which nothing has been sent yet, if the work fails. */
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
    return this.#answerAfter(lease, outcome.kind === 'open' ? outcome.error : undefined);
  }

  /** The answer that the record has by now, or that the outcome is unknown; also where the record cannot be read. */
  async #answerAfter(lease: Lease, error?: LeanError): Promise<CreatePayoutsAnswer> {
    const { records, events } = this.#options;
    const read = await records.read(lease).catch((failure: unknown) => {
      if (!(failure instanceof StoreUnavailable)) throw failure;
      return undefined;
    });
    const request = read ?? asSent(lease);
    const recorded = recordedAnswer(request);
    if (recorded !== undefined) return recorded;
    const answer = this.unknown(request);
    events?.unknown?.(request, answer, error);
    return answer;
  }

  /** The answer to a caller while the outcome is unknown. */
  unknown(request: PayoutRequest): PayoutOutcomeUnknown {
    return unknownAnswer(request, this.#options.rule);
  }
}

/** Stands in for a record that cannot be read right after a send. */
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
    judgedPayouts: [],
    similarUnknownKey,
    createdAt: 0,
    changedAt: 0,
    checks: 0,
    nextCheckAt: null,
    readAt: 0,
  };
}
