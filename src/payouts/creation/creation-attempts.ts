import type { LeanClient } from '../../lean/client.ts';
import { LeanError, LeanNotSent } from '../../errors/lean-errors.ts';
import { SimilarPayoutUnknown, StoreUnavailable } from '../../errors/gateway-errors.ts';
import type { CreatePayoutsAnswer, PayoutOutcomeUnknown } from './creation-answer.ts';
import type { CreationEvents } from './creation-events.ts';
import { findings } from './finding.ts';
import type { OutcomeReconciler } from './outcome-reconciler.ts';
import { allSendsTurnedAway, recordedAnswer, type Lease, type PayoutRequest } from './payout-record.ts';
import type { PayoutReads } from '../payout-reads.ts';
import type { PayoutRecords, ReconciliationRecords } from './payout-records.ts';
import { PayoutSender, type Allowance, type SendOutcome } from './payout-sender.ts';
import { defaultDelayMs, type SendPermit, type ResendRule } from './resend-rule.ts';
import { neverSent } from './send-history.ts';
import { unknownAnswer } from './unknown-answer.ts';

export interface CreationAttemptsOptions {
  readonly client: LeanClient;
  readonly reads: PayoutReads;
  readonly records: PayoutRecords;
  readonly reconciliation: Pick<ReconciliationRecords, 'startReading'>;
  readonly reconciler: OutcomeReconciler;
  readonly rule: ResendRule;
  /** The Lean application that payouts are sent for. */
  readonly application: string;
  readonly events?: Partial<CreationEvents>;
  /** The limit of payouts per caller; none by default. Repetitions of a key do not count. */
  readonly allowance?: Allowance | undefined;
}

export interface CreateOptions {
  /** Whether to refuse a payout while a similar one of the same caller has an unknown outcome. @default false */
  readonly refuseSimilar?: boolean;
}

/** How far back Lean's list is read for a new store, in ms: a new store may have replaced a lost one. */
const newStoreLookbackMs = 3_600_000;

/** Sends requests, for the first time or again, and reads Lean's list before each send that requires it. */
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
   * @throws LeanNotSent, StoreUnavailable, RateLimited when nothing was sent; LeanRefused when Lean refused the
   * gateway
   * @throws SimilarPayoutUnknown when a similar payout has an unknown outcome and `refuseSimilar` is set; nothing was
   * sent
   */
  async sendFirst(
    lease: Lease,
    deadline: number,
    { refuseSimilar = false }: CreateOptions,
  ): Promise<CreatePayoutsAnswer> {
    const { rule } = this.#options;
    if (refuseSimilar) await this.#refuseIfSimilarUnknown(lease);
    const outcome = await this.#sender.send(lease, { rule }, deadline);
    if (outcome.kind === 'list read required') return this.#checkThenSend(lease, deadline);
    return this.#afterSend(lease, outcome);
  }

  /**
   * Sends a new request from a store that may have lost records. The request may have been sent before under a lost
   * record, so it is sent only if Lean's list proves that Lean does not have it.
   */
  async #checkThenSend(lease: Lease, deadline: number): Promise<CreatePayoutsAnswer> {
    const { client, records, reconciler, rule } = this.#options;
    const margin = 2 * Math.max(rule.delayMs, defaultDelayMs);
    const { lookback, reading } = await this.#releaseOnError(lease, async () => {
      const request = await records.read(lease);
      const lookback = margin + ((await records.lostRecordsAgeMs()) ?? newStoreLookbackMs);
      const reading =
        request && (await reconciler.searchUnsent(request, lookback, deadline).catch(throwNotSent));
      return { lookback, reading };
    });
    // If Lean has failed one copy of the request, it may still accept another copy.
    const isAbsent = reading?.finding === 'absent' && reading.found.length + reading.failed.length === 0;
    if (isAbsent) {
      const permit: SendPermit = {
        rule,
        leanNow: reading.leanNow,
        listChecked: true,
        lookbackMs: lookback,
      };
      // Reading the list has used much of the deadline, so the send gets a new one.
      const outcome = await this.#sender.send(lease, permit, client.deadline());
      return this.#afterSend(lease, outcome);
    }
    if (reading === undefined || reading.candidates.length === 0) {
      await records.release(lease);
      const finding = reading?.finding ?? 'absence_doubted';
      throw new LeanNotSent(
        'LEAN_UNAVAILABLE',
        "The payout store is new or was restored, so a payout is sent only after Lean's list has proven that Lean does " +
          `not have it already. The list has not proven it (${finding}): ${findings[finding].description}. Nothing was sent.`,
        { retryable: findings[finding].reason === 'WAITING' },
      );
    }
    await records.assumeSent(lease, { lookbackMs: lookback, leanNow: reading.leanNow });
    const current = await records.read(lease);
    return (current && (await this.sendAgain(current, deadline, {}))) ?? this.#answerAfter(lease);
  }

  /**
   * Searches Lean's list for a request, and sends the request again if Lean does not have it and the resend rule
   * allows another send.
   * @returns undefined if the record has changed or is gone: the caller must read it again
   * @throws LeanError when Lean had turned the request away and cannot be read; StoreUnavailable
   */
  async sendAgain(
    request: PayoutRequest,
    deadline: number,
    { refuseSimilar = false }: CreateOptions,
  ): Promise<CreatePayoutsAnswer | undefined> {
    const { records, reconciliation, reconciler, rule, application } = this.#options;
    if (request.application !== application)
      return this.unknownAnswer({ ...request, finding: 'other_application' });
    const current = await reconciliation.startReading(request);
    // Another caller has read Lean's list within the last seconds. The recorded finding is the answer.
    if (current === undefined) return this.unknownAnswer((await records.read(request)) ?? request);
    const { finding, proven, reading, error } = await reconciler.reconcile(current, deadline);
    // Lean did not accept the sends that it turned away. If it cannot be read now either, that error is the answer.
    const turnedAway = allSendsTurnedAway(current);
    if (turnedAway && error !== undefined) throw error;
    const after = await records.read(current);
    if (after === undefined || recordedAnswer(after) !== undefined) return undefined;
    if (reading === undefined || !rule.allows(after)) return this.unknownAnswer(after);
    // A failed payout at Lean shows that a copy of the request got through, so Lean may still accept another copy.
    const wasNeverAccepted = turnedAway && reading.failed.length === 0;
    const needsNoDelay = wasNeverAccepted || rule.delayOf(current.sends, current.readAt) === 0;
    const mayResend = finding === 'absent' && (proven || needsNoDelay);
    if (!mayResend) return this.unknownAnswer(after);
    const permit: SendPermit = { rule, leanNow: reading.leanNow };
    const lease = await records.leaseAgain(current, permit);
    if (lease === undefined) return this.unknownAnswer(after);
    if (refuseSimilar && turnedAway) await this.#refuseIfSimilarUnknown(lease);
    const sendPermit: SendPermit = { ...permit, listChecked: turnedAway };
    const outcome = await this.#sender.send(lease, sendPermit, this.#options.client.deadline());
    return this.#afterSend(lease, outcome);
  }

  /** @throws SimilarPayoutUnknown if a similar payout has an unknown outcome; the lease is released */
  async #refuseIfSimilarUnknown(lease: Lease): Promise<void> {
    await this.#releaseOnError(lease, async () => {
      // The lease is already visible to other requests, so of two similar concurrent ones at most one is sent.
      const similar = await this.#options.records.similarKey(lease);
      if (similar !== null) throw new SimilarPayoutUnknown(similar);
    });
  }

  /** Does some work before the send, and releases the lease if the work fails. */
  async #releaseOnError<Value>(lease: Lease, work: () => Promise<Value>): Promise<Value> {
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

  /** The recorded answer, or `unknown` if there is none or if the record cannot be read. */
  async #answerAfter(lease: Lease, error?: LeanError): Promise<CreatePayoutsAnswer> {
    const { records, events } = this.#options;
    const read = await records.read(lease).catch((failure: unknown) => {
      if (!(failure instanceof StoreUnavailable)) throw failure;
      return undefined;
    });
    const request = read ?? placeholderRequest(lease, this.#options.application);
    const recorded = recordedAnswer(request);
    if (recorded !== undefined) return recorded;
    const answer = this.unknownAnswer(request);
    events?.unknown?.(request, answer, error);
    return answer;
  }

  /** The answer to a caller while the outcome is unknown. */
  unknownAnswer(request: PayoutRequest): PayoutOutcomeUnknown {
    return unknownAnswer(request, this.#options.rule);
  }
}

/** Reports a failed read as the reason why a payout was not sent. */
function throwNotSent(error: unknown): never {
  if (!(error instanceof LeanError) || error instanceof LeanNotSent) throw error;
  const { code, message, details, cause } = error;
  throw new LeanNotSent(code, message.replace(/\.?$/, '; nothing was sent.'), details, cause);
}

/** Replaces a record that cannot be read right after a send. */
function placeholderRequest(
  { caller, idempotencyKey, leanKey, transfers, similarUnknownKey }: Lease,
  application: string,
): PayoutRequest {
  return {
    caller,
    idempotencyKey,
    leanKey,
    fingerprint: '',
    application,
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
    lastCheckAt: null,
    readAt: 0,
  };
}
