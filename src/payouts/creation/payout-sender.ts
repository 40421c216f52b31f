import type { LeanAnswer } from '../../lean/answer.ts';
import type { LeanClient } from '../../lean/client.ts';
import type { LeanCreated } from '../../lean/wire.ts';
import { LeanError, LeanNotSent, LeanRefused } from '../../errors/lean-errors.ts';
import { RateLimited, StoreUnavailable } from '../../errors/gateway-errors.ts';
import {
  batchAnswer,
  intentsOf,
  transferAnswer,
  type CreatePayoutsAnswer,
  type PayoutRejected,
  type TransferAnswer,
} from './creation-answer.ts';
import type { CreationEvents } from './creation-events.ts';
import { creationBody } from './creation-body.ts';
import { createdFromLean, interchangeablePositions, type CreatedTransfer } from './created-transfer.ts';
import { readIntent } from './intent-reads.ts';
import { sortByReference } from './interchangeable-transfers.ts';
import type { PayoutReads } from '../payout-reads.ts';
import type { Lease, RequestKey } from './payout-record.ts';
import type { PayoutRecords } from './payout-records.ts';
import { classifyRefusal } from './refusal.ts';
import type { SendPermit } from './resend-rule.ts';

/** Limits how many payouts a caller may create. */
export interface Allowance {
  /**
   * Counts payouts against the limit of a caller.
   * @throws RateLimited
   */
  take(caller: string, payouts: number): Promise<void>;
}

export interface PayoutSenderOptions {
  readonly client: LeanClient;
  readonly reads: PayoutReads;
  readonly records: PayoutRecords;
  readonly events: Partial<CreationEvents>;
  /** The limit of payouts per caller; none by default. Repetitions of a key do not count. */
  readonly allowance?: Allowance | undefined;
}

/**
 * The result of a send. `settled`: the answer is final and recorded. `open`: the outcome is unknown. `list read
 * required`: nothing was sent, because the store may have lost records.
 */
export type SendOutcome =
  | { readonly kind: 'settled'; readonly answer: CreatePayoutsAnswer }
  | { readonly kind: 'open'; readonly error: LeanError | undefined }
  | { readonly kind: 'list read required' };

/** The time limit for reading Lean's time before a send, in ms. */
const leanTimeTimeoutMs = 1000;

/** The time limit for reading the intents that show the order of Lean's answer, in ms. */
const orderReadsMs = 5000;

/** Aborts a send before the first byte, because Lean's list must be read first. */
class ListReadRequired extends Error {}

/** Sends a leased request to Lean once, and records the result. */
export class PayoutSender {
  readonly #options: PayoutSenderOptions;

  constructor(options: PayoutSenderOptions) {
    this.#options = options;
  }

  /**
   * @param deadline on the clock of `performance.now()`
   * @throws LeanNotSent when nothing reached Lean, and Lean cannot have accepted an earlier send
   * @throws LeanRefused when Lean refused the gateway and not the payout, and cannot have accepted an earlier send
   * @throws StoreUnavailable when the send could not be recorded; nothing was sent
   * @throws RateLimited when the caller has created too many payouts; nothing was sent, and the key is still free
   */
  async send(lease: Lease, permit: SendPermit, deadline: number): Promise<SendOutcome> {
    const { records } = this.#options;
    let answer: LeanAnswer;
    try {
      answer = await this.#callLean(lease, permit, deadline);
    } catch (error) {
      if (error instanceof ListReadRequired) return { kind: 'list read required' };
      if (error instanceof StoreUnavailable || error instanceof RateLimited || error instanceof LeanNotSent)
        return this.#releaseUnsent(lease, error);
      // After any other error the payout may have been sent.
      await this.#tryToRecord(lease, () => records.markUnknown(lease));
      if (error instanceof LeanError) return { kind: 'open', error };
      throw error;
    }
    return this.#handleAnswer(lease, answer, permit.listChecked !== true);
  }

  async #callLean(lease: Lease, permit: SendPermit, deadline: number): Promise<LeanAnswer> {
    const { client, records, allowance } = this.#options;
    const { transfers, leanKey, caller } = lease;
    // Reads Lean's time if no answer has contained it yet. If that fails, the first reconciliation read starts the
    // resend delay.
    await client
      .now({ deadline: Math.min(deadline, performance.now() + leanTimeTimeoutMs) })
      .catch((error: unknown) => {
        if (!(error instanceof LeanError)) throw error;
      });
    if (!lease.repeated && permit.listChecked !== true) await allowance?.take(caller, transfers.length);
    return client.createPayouts(creationBody(transfers), leanKey, {
      deadline,
      async beforeSend(remainingMs) {
        const note = await records.noteSending(lease, { remainingMs, leanNow: client.clock.now() }, permit);
        if (note === 'list read required') throw new ListReadRequired();
        if (note === 'lease lost')
          throw new LeanNotSent('LEAN_TIMEOUT', 'It took too long to send the payout; nothing was sent.', {
            retryable: true,
          });
      },
    });
  }

  /** @param isStoreComplete whether the store certainly has the records of all earlier sends */
  async #handleAnswer(lease: Lease, answer: LeanAnswer, isStoreComplete: boolean): Promise<SendOutcome> {
    const { idempotencyKey, transfers } = lease;
    const first = !lease.repeated && isStoreComplete;
    if (answer.ok) return this.#handleSuccess(lease, answer, first);
    const error = answer.failure();
    if (!(error instanceof LeanRefused)) return this.#leaveOpen(lease, error);
    const verdict = classifyRefusal(error, { idempotencyKey, first, transfers: transfers.length });
    switch (verdict.kind) {
      case 'final':
        return this.#settle(
          lease,
          answer,
          transfers.map(() => verdict.rejected),
        );
      case 'open':
        return this.#leaveOpen(lease, error, verdict.rejected);
      case 'turned away':
        await this.#tryToRecord(lease, () => this.#options.records.markTurnedAway(lease));
        // This response says nothing about an earlier send, which Lean may have accepted.
        if (lease.earlierSends.count === 0) throw error;
        return { kind: 'open', error };
    }
  }

  /** Handles a 2xx response. A failed transfer in it is final only if this was the first send. */
  async #handleSuccess(lease: Lease, answer: LeanAnswer, first: boolean): Promise<SendOutcome> {
    const { idempotencyKey } = lease;
    let answers: readonly TransferAnswer[] | undefined;
    try {
      const created = await this.#createdTransfers(lease, answer.json());
      answers = created?.map((each, index) =>
        transferAnswer(idempotencyKey, index, each, lease.similarUnknownKey),
      );
    } catch (error) {
      if (!(error instanceof LeanError)) throw error;
      return this.#leaveOpen(lease, error);
    }
    const failed = answers?.find(each => each.kind === 'rejected');
    if (answers === undefined || (failed !== undefined && !first))
      return this.#leaveOpen(lease, undefined, failed);
    return this.#settle(lease, answer, answers);
  }

  /** Lean's answers to the transfers, in their order; undefined if it is not certain which answer is whose. */
  async #createdTransfers(
    { transfers }: Lease,
    wire: LeanCreated,
  ): Promise<readonly CreatedTransfer[] | undefined> {
    const { client, reads } = this.#options;
    const created = createdFromLean(wire, transfers);
    const positions = interchangeablePositions(wire, transfers);
    if (created === undefined || positions.length === 0 || reads.lacksDetailCalls) return created;
    // Lean's answer is not recorded yet, and the caller waits for the reads. So they share a short deadline.
    const deadline = Math.min(client.deadline(), performance.now() + orderReadsMs);
    return sortByReference(created, transfers, positions, intentId =>
      readIntent({ client, reads }, intentId, deadline),
    );
  }

  async #settle(lease: Lease, answer: LeanAnswer, answers: readonly TransferAnswer[]): Promise<SendOutcome> {
    const { records, events } = this.#options;
    const { status, mediaType, body } = answer;
    const response = { status, contentType: mediaType ?? null, body: body.toString('utf8') };
    const settlement = await this.#tryToRecord(lease, () => records.settle(lease, response, answers));
    if (settlement === 'duplicate intent' || settlement === 'double payment')
      events.alarm?.(lease, settlement, intentsOf(answers));
    // An answer that is not recorded could differ from a later one.
    if (settlement !== 'recorded') return { kind: 'open', error: undefined };
    events.settled?.(lease, answers);
    return { kind: 'settled', answer: batchAnswer(lease.idempotencyKey, answers) };
  }

  async #leaveOpen(
    lease: Lease,
    error: LeanError | undefined,
    refusal: PayoutRejected | null = null,
  ): Promise<SendOutcome> {
    await this.#tryToRecord(lease, () => this.#options.records.markUnknown(lease, refusal));
    return { kind: 'open', error };
  }

  /** @throws `error`, unless Lean may have accepted an earlier send */
  async #releaseUnsent(
    lease: Lease,
    error: LeanError | StoreUnavailable | RateLimited,
  ): Promise<SendOutcome> {
    await this.#tryToRecord(lease, () => this.#options.records.release(lease));
    if (lease.earlierSends.count === 0) throw error;
    return { kind: 'open', error: error instanceof LeanError ? error : undefined };
  }

  /** A failed write cannot undo the send. Recovery and reconciliation complete the record later. */
  async #tryToRecord<Value>(key: RequestKey, write: () => Promise<Value>): Promise<Value | undefined> {
    try {
      return await write();
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      this.#options.events.unrecorded?.(key, error);
      return undefined;
    }
  }
}
