import { isCode } from '../lean/answer.ts';
import type { LeanClient } from '../lean/client.ts';
import { LeanBadAnswer, LeanOutcomeUnknown, LeanRefused, type LeanError } from '../lean/errors.ts';
import type { LeanCreated } from '../lean/wire.ts';
import { createdFromLean, creationBody, type CreatedTransfer } from './creation-wire.ts';
import { keyProblems, transferProblems, type InputProblem, type Transfer } from './transfer.ts';

export type PayoutRejectionCode = 'INVALID_INPUT' | 'REJECTED_BY_LEAN' | 'IDEMPOTENCY_CONFLICT';

/** Lean has taken the payout; it is not paid yet. */
export interface PayoutCreated extends Omit<CreatedTransfer, 'reason'> {
  readonly kind: 'created';
  readonly idempotencyKey: string;
  /** Position among the transfers of `createPayouts`, from 0. */
  readonly transferIndex: number;
}

/** Nothing was paid, and the same request would be refused again. */
export interface PayoutRejected {
  readonly kind: 'rejected';
  readonly code: PayoutRejectionCode;
  readonly message: string;
  readonly field: string | null;
  readonly leanCode: string | null;
  readonly rejectedIntentId: string | null;
  readonly idempotencyKey: string;
  readonly transferIndex: number | null;
}

/** Lean may or may not have taken the payout. */
export interface PayoutOutcomeUnknown {
  readonly kind: 'unknown';
  readonly message: string;
  readonly idempotencyKey: string;
}

export interface PayoutsCreated {
  readonly kind: 'batch';
  readonly idempotencyKey: string;
  readonly created: readonly PayoutCreated[];
  readonly rejected: readonly PayoutRejected[];
}

/** For those who run the gateway; nothing in it is secret. */
export interface UnknownOutcome {
  readonly idempotencyKey: string;
  /** What came in place of an answer; undefined when one came that does not account for each transfer. */
  readonly error: LeanError | undefined;
}

export type CreatePayoutAnswer = PayoutCreated | PayoutRejected | PayoutOutcomeUnknown;
export type CreatePayoutsAnswer = PayoutsCreated | PayoutRejected | PayoutOutcomeUnknown;

/** Transfers that one `createPayouts` may hold: a bound of ours, Lean names none. */
export const maxTransfers = 100;

/**
 * Pays by one Lean call that is sent at most once.
 *
 * Whatever proves that Lean did not take it is a rejection, whatever leaves that open is an unknown outcome, and
 * what never reached Lean is thrown.
 * @throws LeanNotSent when nothing reached Lean
 * @throws LeanRefused when Lean refused us, not the payout: our credentials, or too many requests
 */
export class PayoutCreation {
  readonly #client: LeanClient;
  readonly #onUnknown: (unknown: UnknownOutcome) => void;
  readonly #underWay = new Set<Promise<unknown>>();

  /** @param onUnknown told of every outcome that stays unknown: somebody may have to look into it */
  constructor(client: LeanClient, onUnknown: (unknown: UnknownOutcome) => void = () => undefined) {
    this.#client = client;
    this.#onUnknown = onUnknown;
  }

  /** Resolves once no creation is under way: whoever stops the process waits for it, callers or no callers. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
  }

  async createPayout(idempotencyKey: string, transfer: Transfer): Promise<CreatePayoutAnswer> {
    const problems = [...keyProblems(idempotencyKey), ...transferProblems(transfer)];
    const answer = await this.#create(idempotencyKey, [transfer], problems);
    if (answer.kind !== 'batch') return answer;
    return answer.created[0] ?? answer.rejected[0] ?? this.#unknown(idempotencyKey);
  }

  async createPayouts(idempotencyKey: string, transfers: readonly Transfer[]): Promise<CreatePayoutsAnswer> {
    const problems = keyProblems(idempotencyKey);
    if (transfers.length === 0 || transfers.length > maxTransfers)
      problems.push({ field: 'transfers', problem: `must hold 1 to ${String(maxTransfers)} transfers.` });
    else
      for (const [index, transfer] of transfers.entries())
        for (const { field, problem } of transferProblems(transfer))
          problems.push({ field: `transfers.${String(index)}.${field}`, problem });
    return this.#create(idempotencyKey, transfers, problems);
  }

  async #create(
    idempotencyKey: string,
    transfers: readonly Transfer[],
    problems: readonly InputProblem[],
  ): Promise<CreatePayoutsAnswer> {
    if (problems.length > 0) return invalid(idempotencyKey, problems);
    let created: LeanCreated;
    const sending = this.#client.createPayouts(creationBody(transfers), idempotencyKey);
    this.#underWay.add(sending);
    try {
      ({ created } = await sending);
    } catch (error) {
      if (error instanceof LeanOutcomeUnknown || error instanceof LeanBadAnswer)
        return this.#unknown(idempotencyKey, error);
      if (error instanceof LeanRefused && error.code === 'LEAN_REFUSED')
        return refusal(idempotencyKey, error, transfers.length > 1) ?? this.#unknown(idempotencyKey, error);
      throw error;
    } finally {
      this.#underWay.delete(sending);
    }
    const answers = createdFromLean(created, transfers);
    return answers === undefined ? this.#unknown(idempotencyKey) : batch(idempotencyKey, answers);
  }

  #unknown(idempotencyKey: string, error?: LeanError): PayoutOutcomeUnknown {
    this.#onUnknown({ idempotencyKey, error });
    return {
      kind: 'unknown',
      message:
        'Lean may or may not have taken the payout: its answer did not arrive or could not be read. ' +
        'Send the same input with the same idempotencyKey again; do not send it with another key.',
      idempotencyKey,
    };
  }
}

function batch(idempotencyKey: string, answers: readonly CreatedTransfer[]): PayoutsCreated {
  const created: PayoutCreated[] = [];
  const rejected: PayoutRejected[] = [];
  for (const [transferIndex, { reason, ...answer }] of answers.entries()) {
    const { status } = answer.state;
    // A single word may as well be a name.
    const code = isCode(reason) && reason.includes('_') ? reason : null;
    if (status === 'FAILED' || status === 'AUTHORISATION_FAILED')
      rejected.push({
        kind: 'rejected',
        code: 'REJECTED_BY_LEAN',
        message: `Lean failed the payout at once${code === null ? '' : ` (${code})`}. Nothing was paid.`,
        field: null,
        leanCode: code,
        rejectedIntentId: answer.intentId,
        idempotencyKey,
        transferIndex,
      });
    else created.push({ kind: 'created', idempotencyKey, transferIndex, ...answer });
  }
  return { kind: 'batch', idempotencyKey, created, rejected };
}

function invalid(idempotencyKey: string, problems: readonly InputProblem[]): PayoutRejected {
  return {
    kind: 'rejected',
    code: 'INVALID_INPUT',
    message: problems.map(({ field, problem }) => `${field} ${problem}`).join(' '),
    field: problems[0]?.field ?? null,
    leanCode: null,
    rejectedIntentId: null,
    idempotencyKey,
    transferIndex: null,
  };
}

/** The input field that a refusal of Lean's is about, by Lean's code. */
const refusedFields: Readonly<Record<string, string>> = {
  UNKNOWN_PAYMENT_DESTINATION: 'destinationId',
  INVALID_AMOUNT: 'amount.amount',
  AMOUNT_UNDER_MIN_VALUE: 'amount.amount',
  AMOUNT_OVER_MAX_VALUE: 'amount.amount',
  INVALID_CURRENCY: 'amount.currency',
  INVALID_ACCOUNT: 'accountId',
  UNKNOWN_ACCOUNT: 'accountId',
  INVALID_DESCRIPTION: 'description',
};

/** Statuses by which Lean says that it did not take a request. Any other 4xx leaves that open. */
const provenRefusals: ReadonlySet<number | undefined> = new Set([
  400, 404, 405, 406, 410, 413, 414, 415, 422, 431,
]);

/** Lean's documents name no code for a key that was used with another input; a code must say so to be believed. */
const otherInput =
  /IDEMPOTEN.*(?:MISMATCH|DIFFER|CONFLICT|REUSE)|(?:MISMATCH|DIFFER|CONFLICT|REUSE).*IDEMPOTEN/;

/** A code that speaks of an earlier request, which may be this very payout: still running, or done. */
const earlierRequest = /IDEMPOTEN|DUPLICAT|ALREADY|IN_PROGRESS|PROCESSING|CONCURRENT/;

/**
 * A 4xx that is about the payout; undefined for one that leaves its outcome open. One that speaks of an earlier
 * request of the same kind is no proof that nothing was paid, and telling the caller to use another key would pay
 * twice.
 */
function refusal(
  idempotencyKey: string,
  { details }: LeanRefused,
  several: boolean,
): PayoutRejected | undefined {
  const leanCode = details.code ?? null;
  const code = leanCode?.toUpperCase() ?? '';
  const reused = otherInput.test(code);
  if (!reused && (earlierRequest.test(code) || !provenRefusals.has(details.httpStatus))) return undefined;
  return {
    kind: 'rejected',
    code: reused ? 'IDEMPOTENCY_CONFLICT' : 'REJECTED_BY_LEAN',
    message: reused
      ? 'This idempotencyKey was used before with another input. This request paid nothing; a new payout needs a new key.'
      : `Lean refused the payout${leanCode === null ? '' : ` (${leanCode})`}. Nothing was paid.`,
    // Of several transfers Lean does not say which one it means.
    field: reused ? 'idempotencyKey' : several ? null : (refusedFields[code] ?? null),
    leanCode,
    rejectedIntentId: null,
    idempotencyKey,
    transferIndex: null,
  };
}
