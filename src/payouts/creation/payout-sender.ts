import type { LeanAnswer } from '../../lean/answer.ts';
import type { LeanClient } from '../../lean/client.ts';
import { LeanError, LeanNotSent, LeanRefused } from '../../errors/lean-errors.ts';
import { RateLimited, StoreUnavailable } from '../../errors/gateway-errors.ts';
import { leanTime } from '../values/lean-time.ts';
import {
  batch,
  transferAnswer,
  type CreatePayoutsAnswer,
  type PayoutRejected,
  type TransferAnswer,
} from './creation-answer.ts';
import type { CreationEvents } from './creation-events.ts';
import { creationBody } from './creation-body.ts';
import { createdFromLean } from './created-transfer.ts';
import type { Lease, RequestKey } from './payout-record.ts';
import type { PayoutRecords } from './payout-records.ts';
import { judgeRefusal } from './refusal.ts';
import type { ResendPermit } from './resend-rule.ts';

/** Lets a caller pay so many payouts more. */
export interface Allowance {
  /** @throws RateLimited */
  take(caller: string, payouts: number): Promise<void>;
}

export interface PayoutSenderOptions {
  readonly client: LeanClient;
  readonly records: PayoutRecords;
  readonly events: Partial<CreationEvents>;
  /** How many payouts a caller may make; no limit without it. Repetitions of a key are not counted. */
  readonly allowance?: Allowance | undefined;
}

/**
 * The result of a send. `open`: the outcome is unknown, and the record says so. `look first`: nothing was sent, since
 * the store may have lost records. `settled` holds the answer for good.
 */
export type SendOutcome =
  | { readonly kind: 'settled'; readonly answer: CreatePayoutsAnswer }
  | { readonly kind: 'open'; readonly error: LeanError | undefined }
  | { readonly kind: 'look first' };

/** Finding out Lean's time may take so much of a request's, in ms. */
const mostForTimeMs = 1000;

/** Nothing was sent, because a reconciliation read must come before it. */
class LookFirst extends Error {}

/** Sends a leased request to Lean, once, and records what becomes of it. */
export class PayoutSender {
  readonly #options: PayoutSenderOptions;

  constructor(options: PayoutSenderOptions) {
    this.#options = options;
  }

  /**
   * @param deadline on the clock of `performance.now()`
   * @throws LeanNotSent when nothing reached Lean, now or before
   * @throws LeanRefused when Lean refused the gateway and not the payout, now and before
   * @throws StoreUnavailable when nothing could be recorded; nothing was sent
   * @throws RateLimited when the caller has made too many; nothing was sent, and the key is still free
   */
  async send(lease: Lease, permit: ResendPermit, deadline: number): Promise<SendOutcome> {
    const { records } = this.#options;
    let answer: LeanAnswer;
    try {
      answer = await this.#exchange(lease, permit, deadline);
    } catch (error) {
      if (error instanceof LookFirst) return { kind: 'look first' };
      if (error instanceof StoreUnavailable || error instanceof RateLimited || error instanceof LeanNotSent)
        return this.#notSent(lease, error);
      // After any other error the payout may have been sent.
      await this.#recorded(lease, () => records.markUnknown(lease));
      if (error instanceof LeanError) return { kind: 'open', error };
      throw error;
    }
    return this.#judged(lease, answer, permit.lookedFirst !== true);
  }

  async #exchange(lease: Lease, permit: ResendPermit, deadline: number): Promise<LeanAnswer> {
    const { client, records, allowance } = this.#options;
    const { transfers, leanKey, caller } = lease;
    // Asks Lean for its time where no answer has told it yet. Without it, the first reconciliation read starts the resend
    // delay.
    await leanTime(client, { deadline: Math.min(deadline, performance.now() + mostForTimeMs) }).catch(
      (error: unknown) => {
        if (!(error instanceof LeanError)) throw error;
      },
    );
    if (!lease.repeated && permit.lookedFirst !== true) await allowance?.take(caller, transfers.length);
    return client.createPayouts(creationBody(transfers), leanKey, {
      deadline,
      async beforeSend(remainingMs) {
        const note = await records.noteSending(lease, { remainingMs, leanNow: client.clock.now() }, permit);
        if (note === 'look first') throw new LookFirst();
        if (note === 'lease lost')
          throw new LeanNotSent('LEAN_TIMEOUT', 'It took too long to send the payout; nothing was sent.', {
            retryable: true,
          });
      },
    });
  }

  /** @param known whether the store is known to hold every earlier send of the request */
  async #judged(lease: Lease, answer: LeanAnswer, known: boolean): Promise<SendOutcome> {
    const { idempotencyKey, transfers } = lease;
    const first = !lease.repeated && known;
    if (answer.ok) return this.#taken(lease, answer, first);
    const error = answer.failure();
    if (!(error instanceof LeanRefused)) return this.#open(lease, error);
    const verdict = judgeRefusal(error, { idempotencyKey, first, transfers: transfers.length });
    switch (verdict.kind) {
      case 'final':
        return this.#settle(
          lease,
          answer,
          transfers.map(() => verdict.rejected),
        );
      case 'open':
        return this.#open(lease, error, verdict.rejected);
      case 'turned away':
        await this.#recorded(lease, () => this.#options.records.turnedAway(lease));
        // This answer says nothing about an earlier send.
        if (lease.before.count === 0) throw error;
        return { kind: 'open', error };
    }
  }

  /** A success. The transfers that Lean has taken are created; a failed one is final only on the first send. */
  async #taken(lease: Lease, answer: LeanAnswer, first: boolean): Promise<SendOutcome> {
    const { idempotencyKey, transfers } = lease;
    let answers: readonly TransferAnswer[] | undefined;
    try {
      answers = createdFromLean(answer.json(), transfers)?.map((created, index) =>
        transferAnswer(idempotencyKey, index, created, lease.similarUnknownKey),
      );
    } catch (error) {
      if (!(error instanceof LeanError)) throw error;
      return this.#open(lease, error);
    }
    const failed = answers?.find(each => each.kind === 'rejected');
    if (answers === undefined || (failed !== undefined && !first))
      return this.#open(lease, undefined, failed);
    return this.#settle(lease, answer, answers);
  }

  async #settle(lease: Lease, answer: LeanAnswer, answers: readonly TransferAnswer[]): Promise<SendOutcome> {
    const { records, events } = this.#options;
    const { status, mediaType, body } = answer;
    const response = { status, contentType: mediaType ?? null, body: body.toString('utf8') };
    const settlement = await this.#recorded(lease, () => records.settle(lease, response, answers));
    if (settlement === 'duplicate intent' || settlement === 'double payment')
      events.alarm?.(lease, settlement, intentsOf(answers));
    // An answer that is not on record could change later.
    if (settlement !== 'recorded') return { kind: 'open', error: undefined };
    events.settled?.(lease, answers);
    return { kind: 'settled', answer: batch(lease.idempotencyKey, answers) };
  }

  async #open(
    lease: Lease,
    error: LeanError | undefined,
    refusal: PayoutRejected | null = null,
  ): Promise<SendOutcome> {
    await this.#recorded(lease, () => this.#options.records.markUnknown(lease, refusal));
    return { kind: 'open', error };
  }

  /** @throws `error`, unless an earlier send may have been taken */
  async #notSent(lease: Lease, error: LeanError | StoreUnavailable | RateLimited): Promise<SendOutcome> {
    await this.#recorded(lease, () => this.#options.records.release(lease));
    if (lease.before.count === 0) throw error;
    return { kind: 'open', error: error instanceof LeanError ? error : undefined };
  }

  /** A failed write cannot undo what happened at Lean. Reconciliation finds it later. */
  async #recorded<Value>(key: RequestKey, write: () => Promise<Value>): Promise<Value | undefined> {
    try {
      return await write();
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      this.#options.events.unrecorded?.(key, error);
      return undefined;
    }
  }
}

function intentsOf(answers: readonly TransferAnswer[]): readonly string[] {
  return answers.flatMap(answer =>
    answer.kind === 'created' ? answer.intentId : (answer.rejectedIntentId ?? []),
  );
}
