import type { LeanClient } from '../../lean/client.ts';
import type { Candidate } from './candidate.ts';
import type { TransferAnswer } from './creation-answer.ts';
import { foundAnswer } from './found-answer.ts';
import type { Decision, OperatorRecords } from './operator-records.ts';
import { notTaken, type OutcomeReconciler, type Reconciliation } from './outcome-reconciler.ts';
import { openRecords, type PayoutRecord, type PayoutRequest, type RequestKey } from './payout-record.ts';
import type { PayoutRecords } from './payout-records.ts';
import type { ResendRule } from './resend-rule.ts';

export interface OperatorDecisionsOptions {
  readonly client: LeanClient;
  readonly records: PayoutRecords;
  readonly operator: OperatorRecords;
  readonly reconciler: OutcomeReconciler;
  readonly rule: ResendRule;
}

/** The decision that an operator asks for, about one transfer of unknown outcome. */
export interface WantedDecision {
  readonly kind: Decision['decision'];
  /** For `created`: the payout at Lean. */
  readonly intentId: string | null;
  readonly by: string;
  readonly reason: string;
  /** Which transfer of a batch; null where only one is open. */
  readonly position: number | null;
}

/** The result of a decision. Where it is not done, `words` say why nothing was changed. */
export interface DecisionResult {
  readonly done: boolean;
  readonly words: string;
  readonly request: PayoutRequest | undefined;
  readonly candidates: readonly Candidate[];
}

/** Lets operators end payouts that the gateway cannot end by itself. Every decision is kept, with what was known. */
export class OperatorDecisions {
  readonly #options: OperatorDecisionsOptions;

  constructor(options: OperatorDecisionsOptions) {
    this.#options = options;
  }

  /**
   * Looks at Lean once more and then does what was decided, unless something speaks against it. Nothing is sent.
   * @throws StoreUnavailable
   */
  async decide(key: RequestKey, wanted: WantedDecision): Promise<DecisionResult> {
    const { client, records, reconciler, rule } = this.#options;
    await records.recover();
    const request = await records.read(key);
    const early = request === undefined ? 'There is no record of this key.' : this.#tooEarly(request);
    if (request === undefined || early !== undefined)
      return { done: false, words: early ?? '', request, candidates: [] };
    const reconciliation = await reconciler.reconcile(request, client.deadline());
    const { reading } = reconciliation;
    const now = await records.read(key);
    const candidates = reading?.candidates ?? [];
    if (now === undefined)
      return {
        done: true,
        words: 'Lean had turned it away, and is proven not to have it: the key is free again.',
        request,
        candidates,
      };
    const refuse = (words: string): DecisionResult => ({ done: false, words, request: now, candidates });
    if (openRecords(now).length === 0)
      return { done: true, words: 'The look at Lean has settled it.', request: now, candidates };
    if (reconciliation.finding === 'other_application')
      return refuse(
        `It was sent for the Lean application ${String(now.application)}: decide with the credentials of that one. Nothing was changed.`,
      );
    if (reading === undefined) return refuse('Lean could not be asked; nothing was changed.');
    if (!rule.mayDecide(now.sends, { storeNow: now.readAt, leanNow: reading.leanNow }))
      return refuse(
        'The resend delay has not passed by both clocks yet: Lean may still take it. Nothing was changed.',
      );
    const record = chosen(now, wanted.position);
    if (record === undefined)
      return refuse('Several transfers are open: say which one with --transfer. Nothing was changed.');
    const done = await this.#do(now, record, wanted, reconciliation, candidates);
    const after = (await records.read(key)) ?? now;
    return { ...done, request: after, candidates };
  }

  #tooEarly(request: PayoutRequest): string | undefined {
    const { rule } = this.#options;
    if (openRecords(request).length === 0) return 'It is settled already; nothing was changed.';
    if (request.inFlight) return 'A gateway is sending it right now; nothing was changed.';
    const { sends, readAt } = request;
    const end = sends.until === null ? readAt : sends.until + rule.proofDelayOf(sends, readAt);
    return end > readAt
      ? `The resend delay has not passed: decide after ${new Date(end).toISOString()}. Nothing was changed.`
      : undefined;
  }

  async #do(
    request: PayoutRequest,
    record: PayoutRecord,
    wanted: WantedDecision,
    { finding }: Reconciliation,
    candidates: readonly Candidate[],
  ): Promise<Pick<DecisionResult, 'done' | 'words'>> {
    const { operator } = this.#options;
    const intents = candidates.flatMap(({ row }) => row.intentId ?? []);
    const { kind, intentId, by, reason } = wanted;
    const decision: Decision = {
      decision: kind,
      intentId,
      by,
      reason,
      evidence: { finding, candidates: intents, sends: request.sends, position: record.position },
    };
    const changed = 'Something has happened to it meanwhile; nothing was changed. Look again.';
    const certain = candidates.some(
      ({ match, failed, sharedWith, positions }) =>
        match === 'exact' && !failed && sharedWith.length === 0 && positions.includes(record.position),
    );
    if (kind !== 'created' && certain)
      return {
        done: false,
        words:
          'Lean has a payout with its reference, amount and destination: decide --created. Nothing was changed.',
      };
    if (kind === 'send again') {
      if (request.records.length > 1)
        return {
          done: false,
          words: 'A batch is never sent again: ask for what is missing under a new key. Nothing was changed.',
        };
      if (request.refusal !== null)
        return {
          done: false,
          words:
            'Lean has refused it, so it is never sent again: decide --created or --not-paid. Nothing was changed.',
        };
      return (await operator.grantSend(request, intents, decision))
        ? { done: true, words: 'Allowed: it is sent once more when its key comes again.' }
        : { done: false, words: changed };
    }
    let answer: TransferAnswer;
    if (kind === 'created') {
      const candidate = candidates.find(
        ({ row, positions }) => row.intentId === intentId && positions.includes(record.position),
      );
      if (candidate === undefined)
        return {
          done: false,
          words:
            `The intent ${String(intentId)} does not fit: it is not among the payouts at Lean that may be this one, ` +
            'or another record has it. Nothing was changed.',
        };
      answer = foundAnswer(request.idempotencyKey, record, candidate.intent, candidate.row);
      if (answer.kind === 'rejected')
        return {
          done: false,
          words: 'Lean has failed that payout, so it was not paid: decide --not-paid. Nothing was changed.',
        };
    } else answer = notTaken(request, record.position, request.refusal);
    return (await operator.settle(request, record.position, answer, decision))
      ? { done: true, words: 'Settled, and the decision is kept.' }
      : { done: false, words: changed };
  }
}

function chosen(request: PayoutRequest, position: number | null): PayoutRecord | undefined {
  const open = openRecords(request);
  if (position === null) return open.length === 1 ? open[0] : undefined;
  return open.find(record => record.position === position);
}
