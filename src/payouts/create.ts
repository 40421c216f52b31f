import type { LeanAnswer } from '../lean/answer.ts';
import type { LeanClient } from '../lean/client.ts';
import { pause } from '../lean/deadline.ts';
import { LeanError, LeanNotSent, LeanRefused } from '../lean/errors.ts';
import {
  batch,
  conflict,
  invalid,
  refusal,
  transferAnswer,
  unknown,
  type CreatePayoutAnswer,
  type CreatePayoutsAnswer,
  type PayoutRejected,
  type TransferAnswer,
} from './creation-answer.ts';
import type { CreationEvents } from './creation-events.ts';
import { createdFromLean, creationBody } from './creation-wire.ts';
import { RateLimited, StoreUnavailable } from './errors.ts';
import type { LostPayouts } from './lost-payouts.ts';
import {
  fingerprintOf,
  recordedAnswer,
  type Claim,
  type PayoutRecords,
  type PayoutRequest,
  type RequestKey,
} from './payout-record.ts';
import { keyProblems, transferProblems, type InputProblem, type Transfer } from './transfer.ts';

/** Lets a caller pay so many payouts more. */
export interface Allowance {
  /** @throws RateLimited */
  take(caller: string, payouts: number): Promise<void>;
}

export interface PayoutCreationOptions {
  readonly client: LeanClient;
  readonly records: PayoutRecords;
  readonly lost: LostPayouts;
  readonly events?: Partial<CreationEvents>;
  /** How many payouts a caller may make, none too many without it; repetitions of a key are not counted. */
  readonly allowance?: Allowance | undefined;
  /**
   * How long Lean is given to show a payout in its list, in ms, before one that is not there counts as not taken.
   * @default 2 s
   */
  readonly settlingMs?: number;
  /** Epoch milliseconds. @default Date.now */
  readonly now?: () => number;
}

/** Transfers that one `createPayouts` may hold: a bound of ours, Lean names none. */
export const maxTransfers = 100;

/**
 * Pays at most once per key, whatever breaks.
 *
 * A record is written before anything is sent, and sending is never repeated unless Lean turns out not to have it.
 * Whatever proves that Lean did not take it is a rejection, whatever leaves that open is an unknown outcome, and
 * what never reached Lean is thrown.
 * @throws LeanNotSent when nothing reached Lean
 * @throws LeanRefused when Lean refused us, not the payout: our credentials, or too many requests
 * @throws StoreUnavailable when no record could be written; nothing was sent
 * @throws RateLimited when the caller has made too many; nothing was sent, and the key is still free
 */
export class PayoutCreation {
  readonly #options: Required<Omit<PayoutCreationOptions, 'allowance'>> &
    Pick<PayoutCreationOptions, 'allowance'>;
  /** An object and no Map, for the sake of the heap: see `lean/shared-reads.ts`. */
  readonly #underWay = Object.create(null) as Record<string, Promise<CreatePayoutsAnswer>>;

  constructor(options: PayoutCreationOptions) {
    this.#options = { events: {}, settlingMs: 2000, now: Date.now, ...options };
  }

  /** Resolves once no creation is under way: whoever stops the process waits for it, callers or no callers. */
  async settled(): Promise<void> {
    for (;;) {
      const underWay = Object.values(this.#underWay);
      if (underWay.length === 0) return;
      await Promise.allSettled(underWay);
    }
  }

  async createPayout(key: RequestKey, transfer: Transfer): Promise<CreatePayoutAnswer> {
    const problems = [...keyProblems(key.idempotencyKey), ...transferProblems(transfer)];
    const answer = await this.#create(key, [transfer], problems);
    if (answer.kind !== 'batch') return answer;
    return answer.created[0] ?? answer.rejected[0] ?? unknown(key.idempotencyKey);
  }

  async createPayouts(key: RequestKey, transfers: readonly Transfer[]): Promise<CreatePayoutsAnswer> {
    const problems = keyProblems(key.idempotencyKey);
    if (transfers.length === 0 || transfers.length > maxTransfers)
      problems.push({ field: 'transfers', problem: `must hold 1 to ${String(maxTransfers)} transfers.` });
    else
      for (const [index, transfer] of transfers.entries())
        for (const { field, problem } of transferProblems(transfer))
          problems.push({ field: `transfers.${String(index)}.${field}`, problem });
    return this.#create(key, transfers, problems);
  }

  /** Repetitions that arrive while the first is under way in this process share its answer. */
  async #create(
    key: RequestKey,
    transfers: readonly Transfer[],
    problems: readonly InputProblem[],
  ): Promise<CreatePayoutsAnswer> {
    if (problems.length > 0) return invalid(key.idempotencyKey, problems);
    const fingerprint = fingerprintOf(transfers);
    const name = JSON.stringify([key.caller, key.idempotencyKey, fingerprint]);
    const running = this.#underWay[name];
    if (running !== undefined) return running;
    const answer = this.#answer(key, fingerprint, transfers).finally(() => {
      // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- names come and go, as in a Map
      delete this.#underWay[name];
    });
    this.#underWay[name] = answer;
    return answer;
  }

  async #answer(
    key: RequestKey,
    fingerprint: string,
    transfers: readonly Transfer[],
  ): Promise<CreatePayoutsAnswer> {
    const { client, records } = this.#options;
    const { idempotencyKey } = key;
    const deadline = client.deadline();
    for (let waits = 0; ; waits += 1) {
      const reserved = await records.reserve({ ...key, fingerprint, transfers });
      if ('claim' in reserved) return this.#send(reserved.claim, transfers, deadline);
      const { request } = reserved;
      if (request.fingerprint !== fingerprint) return conflict(idempotencyKey);
      const answer = recordedAnswer(request);
      if (answer !== undefined) return answer;
      if (!request.underWay) {
        const decided = await this.#decide(request, deadline);
        if (decided !== undefined) return decided;
      } else if (!(await this.#waited(pauseMs(waits), deadline))) return this.#unknown(key);
      else await records.recover();
    }
  }

  /** Looks at Lean for what became of it, and sends it again if it is not there. Undefined: read the record again. */
  async #decide(request: PayoutRequest, deadline: number): Promise<CreatePayoutsAnswer | undefined> {
    const { records, settlingMs, now } = this.#options;
    const settlingEnds = Math.min(request.changedAt, now()) + settlingMs;
    const settled = now() >= settlingEnds;
    let rest;
    try {
      rest = await this.#look(request, deadline);
    } catch (error) {
      if (error instanceof LeanError) return this.#unknown(request, error);
      throw error;
    }
    if (rest === undefined) return undefined;
    // Lean took the call that one of its payouts is there from: to send it again could pay that one twice.
    if (rest === 'unclear' || request.records.some(({ answer }) => answer !== null))
      return this.#unknown(request);
    if (!settled)
      return (await this.#waited(Math.max(0, settlingEnds - now()), deadline))
        ? undefined
        : this.#unknown(request);
    const claim = await records.reserveAgain(request);
    if (claim === undefined) return undefined;
    // Letter by letter what was sent before: Lean, too, may compare.
    return this.#send(
      claim,
      request.records.map(({ transfer }) => transfer),
      deadline,
    );
  }

  /** What became of those not found; undefined when some were. */
  async #look(request: PayoutRequest, deadline: number) {
    const { lost, records } = this.#options;
    const { found, rest } = await lost.find(request, { deadline });
    for (const answer of found) await records.found(request, answer);
    return found.length > 0 ? undefined : rest;
  }

  async #send(claim: Claim, transfers: readonly Transfer[], deadline: number): Promise<CreatePayoutsAnswer> {
    const { client, records, allowance } = this.#options;
    const { idempotencyKey } = claim;
    const beforeSend = async (): Promise<void> => {
      if (!(await records.sending(claim)))
        throw new LeanNotSent('LEAN_TIMEOUT', 'It took too long to send the payout; nothing was sent.', {
          retryable: true,
        });
    };
    let answer: LeanAnswer | undefined;
    let answers: readonly TransferAnswer[] | undefined;
    let failure: LeanError | undefined;
    try {
      if (claim.attempt === 1) await allowance?.take(claim.caller, transfers.length);
      const options = { deadline, beforeSend };
      answer = await client.createPayouts(creationBody(transfers), idempotencyKey, options);
      if (!answer.ok) throw answer.failure();
      answers = createdFromLean(answer.json(), transfers)?.map((created, index) =>
        transferAnswer(idempotencyKey, index, created),
      );
    } catch (error) {
      if (error instanceof StoreUnavailable || error instanceof RateLimited || notTaken(error))
        return this.#notSent(claim, error);
      if (!(error instanceof LeanError)) {
        // A bug of ours does not bring money back.
        await this.#recorded(claim, () => records.lose(claim));
        throw error;
      }
      failure = error;
      const refused =
        error instanceof LeanRefused ? refusal(idempotencyKey, error, transfers.length > 1) : undefined;
      if (
        refused !== undefined &&
        (claim.attempt === 1 || (await this.#neverTaken(claim, refused, deadline)))
      )
        answers = transfers.map(() => refused);
    }
    if (answer !== undefined && answers !== undefined) return this.#settle(claim, answer, answers);
    await this.#recorded(claim, () => records.lose(claim));
    return this.#unknown(claim, failure);
  }

  /** A refusal of a repetition says nothing of the first time: only if Lean still has nothing, nothing was paid. */
  async #neverTaken(claim: Claim, refused: PayoutRejected, deadline: number): Promise<boolean> {
    if (refused.code === 'IDEMPOTENCY_CONFLICT') return false;
    const { records, lost } = this.#options;
    try {
      const request = await records.read(claim);
      if (request === undefined) return false;
      const { found, rest } = await lost.find(request, { deadline });
      return found.length === 0 && rest === 'absent';
    } catch (error) {
      if (error instanceof LeanError || error instanceof StoreUnavailable) return false;
      throw error;
    }
  }

  async #settle(
    claim: Claim,
    { status, mediaType, body }: LeanAnswer,
    answers: readonly TransferAnswer[],
  ): Promise<CreatePayoutsAnswer> {
    const { records, events } = this.#options;
    const word = { status, contentType: mediaType ?? null, body: body.toString('utf8') };
    const settlement = await this.#recorded(claim, () => records.settle(claim, word, answers));
    if (settlement === 'foreign' || settlement === 'twice') events.alarm?.(claim, settlement);
    if (settlement === 'foreign' || settlement === 'overtaken') return this.#unknown(claim);
    events.settled?.(claim, answers);
    return batch(claim.idempotencyKey, answers);
  }

  /** @throws `error`, unless an earlier attempt may have been taken */
  async #notSent(claim: Claim, error: unknown): Promise<CreatePayoutsAnswer> {
    const { records } = this.#options;
    await this.#recorded(claim, () => records.release(claim));
    if (claim.attempt === 1) throw error;
    return this.#unknown(claim, error instanceof LeanError ? error : undefined);
  }

  /** What cannot be written down any more does not change what happened: the record will be found wanting later. */
  async #recorded<Value>(key: RequestKey, write: () => Promise<Value>): Promise<Value | undefined> {
    try {
      return await write();
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      this.#options.events.unrecorded?.(key, error);
      return undefined;
    }
  }

  #unknown(key: RequestKey, error?: LeanError): CreatePayoutsAnswer {
    this.#options.events.unknown?.(key, error);
    return unknown(key.idempotencyKey);
  }

  /** Waits; false at once when the deadline would come first. */
  async #waited(ms: number, deadline: number): Promise<boolean> {
    if (performance.now() + ms >= deadline) return false;
    await pause(ms, undefined);
    return true;
  }
}

/** Whether Lean certainly has not taken it: nothing reached it, or it turned us away. */
function notTaken(error: unknown): boolean {
  return error instanceof LeanRefused ? error.code !== 'LEAN_REFUSED' : error instanceof LeanNotSent;
}

/** Between looks at a record that somebody else is at: soon at first, later more seldom. */
function pauseMs(waits: number): number {
  return Math.min(20 * 2 ** waits, 250);
}
