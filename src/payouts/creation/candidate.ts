import { LeanError, LeanNotOffered, LeanRefused } from '../../errors/lean-errors.ts';
import type { PayoutIntent } from '../payout-intent.ts';
import { missingOperationThreshold, isMissingOperation, type PayoutReads } from '../payout-reads.ts';
import type { Payout } from '../payout.ts';
import { isFailed } from './found-answer.ts';
import { readInChunks } from './intent-reads.ts';
import type { PayoutRecord, RequestKey } from './payout-record.ts';
import type { OtherRecords, KeyedRecord, PayoutEvidence } from './payout-records.ts';
import {
  combineAmounts,
  compareAccounts,
  compareAmounts,
  compareDescriptions,
  compareExactReferences,
  compareTexts,
  mayHaveBecome,
  type Resemblance,
} from './resemblance.ts';

/** A payout at Lean that matches, or may match, a transfer of the request, and that no other record should name. */
export interface Candidate {
  readonly row: Payout;
  /** Null if this Lean has no call for intents, does not know this one, or could not show it. */
  readonly intent: PayoutIntent | null;
  /** Whether Lean failed to show its intent, or the account of a destination, which the comparison needs. */
  readonly unreadable: boolean;
  /** `exact`: its reference, amount, currency and destination equal those of a transfer. */
  readonly match: 'exact' | 'may be';
  /**
   * Whether Lean shows it with the exact reference of one of the transfers. Then it always counts as a candidate,
   * even if its amount or destination differs.
   */
  readonly carriesReference: boolean;
  /** Positions of the transfers that it matches, or may match. */
  readonly positions: readonly number[];
  /** Records of other requests that it may belong to instead: open ones, and settled ones with its reference. */
  readonly sharedWith: readonly KeyedRecord[];
  /** The other key whose record names this payout (`findMisassignedPayouts`); null for all other candidates. */
  readonly recordedFor: RequestKey | null;
  /** Whether its status at Lean is FAILED: no money moves. */
  readonly failed: boolean;
}

export interface CandidateClassifierOptions {
  readonly reads: PayoutReads;
  readonly evidence: PayoutEvidence;
  readonly application: string;
  /** A payout of this gateway within the time range that was read; undefined if there is none. */
  readonly referencePayout: PayoutRecord | undefined;
  /** Gets the reference of each intent that Lean shows. */
  readonly references: { set(intentId: string, reference: string): unknown };
  /** On the clock of `performance.now()`. */
  readonly deadline: number;
}

/** A row of Lean's list and its intent. */
export type RowDetails = Pick<Candidate, 'row' | 'intent' | 'unreadable'>;

export interface Classification {
  readonly candidates: readonly Candidate[];
  /**
   * Whether `sharedWith` of each candidate is complete. If not, an `exact` candidate may belong to a record that was
   * not compared, whose reference Lean has changed.
   */
  readonly knowsOwners: boolean;
}

/** Compares the rows of Lean's list that no record names with the transfers of a request. */
export class CandidateClassifier {
  readonly #options: CandidateClassifierOptions;
  /** IBANs by destination id, for a Lean without intents. Null: Lean shows none. Undefined: the read failed. */
  readonly #accounts = new Map<string, string | null | undefined>();
  #hasIntents = true;

  constructor(options: CandidateClassifierOptions) {
    this.#options = options;
  }

  /**
   * @param records the records of the request
   * @param others the records of other requests that may own a row
   * @throws LeanError when Lean cannot be read; StoreUnavailable
   */
  async classify(
    rows: readonly Payout[],
    records: readonly PayoutRecord[],
    others: OtherRecords,
  ): Promise<Classification> {
    const detailed = await this.readDetails(rows);
    const provenReferenceLength = await this.#provenReferenceLength(detailed, records, others.records);
    const candidates: Candidate[] = [];
    for (const each of detailed) {
      const matches = new Map<number, 'exact' | 'may be'>();
      let carriesReference = false;
      for (const record of records) {
        const resemblance = await this.#compare(record, each, provenReferenceLength > 0);
        // A payout with the exact reference is always a candidate, whatever its amount and destination.
        const hasReference = each.intent?.externalReference === record.transfer.externalReference;
        carriesReference ||= hasReference;
        if (resemblance !== 'other' || hasReference)
          matches.set(record.position, resemblance === 'same' ? 'exact' : 'may be');
      }
      if (matches.size === 0) continue;
      const match = [...matches.values()].includes('exact') ? 'exact' : 'may be';
      const sharedWith: KeyedRecord[] = [];
      let ownedByOther = false;
      for (const other of others.records) {
        const resemblance = await this.#compare(other.record, each, provenReferenceLength > 0);
        // A payout that matches another request belongs to it, unless Lean may have altered a reference of this
        // request into the one that the payout shows.
        if (
          resemblance === 'same' &&
          match !== 'exact' &&
          !mayHaveAlteredReference(records, each, provenReferenceLength)
        )
          ownedByOther = true;
        // Lean may have altered the reference of the other record into the one that the payout shows.
        const isAltered = mayHaveAlteredReference([other.record], each, provenReferenceLength);
        if (resemblance === 'same' || (resemblance === 'may be' && (match !== 'exact' || isAltered)))
          sharedWith.push(other);
      }
      if (ownedByOther) continue;
      candidates.push({
        ...each,
        unreadable: this.#isUnreadable(
          each,
          records.filter(({ position }) => matches.has(position)),
        ),
        match,
        carriesReference,
        positions: [...matches].filter(([, kind]) => kind === match).map(([position]) => position),
        sharedWith,
        recordedFor: null,
        failed: isFailed(each.row, each.intent),
      });
    }
    return { candidates, knowsOwners: others.isComplete || provenReferenceLength > 0 };
  }

  /** Reads the intents of rows. @throws LeanError when Lean cannot be read */
  readDetails(rows: readonly Payout[]): Promise<readonly RowDetails[]> {
    return readInChunks(rows, async row => {
      const { intent, unreadable } = await this.#intentOf(row);
      return { row, intent: intent && preferLivePayment(intent, row), unreadable };
    });
  }

  async #intentOf({
    intentId,
  }: Pick<Payout, 'intentId'>): Promise<Pick<RowDetails, 'intent' | 'unreadable'>> {
    if (!this.#hasIntents) return { intent: null, unreadable: false };
    try {
      const intent = await this.#readIntent(intentId);
      if (intent?.externalReference != null) this.#options.references.set(intentId, intent.externalReference);
      return { intent, unreadable: false };
    } catch (error) {
      if (this.#isTemporary(error)) return { intent: null, unreadable: true };
      // Older UAE applications and those in KSA have no call for intents, so the other intents are not requested.
      if (error instanceof LeanNotOffered) this.#hasIntents = false;
      return { intent: null, unreadable: false };
    }
  }

  /**
   * Reads an intent. An answer that Lean has no such call counts only if it comes several times, because a proxy may
   * have sent it by mistake.
   */
  async #readIntent(intentId: string): Promise<PayoutIntent | null> {
    const { reads, deadline } = this.#options;
    for (let attempt = 1; ; attempt += 1)
      try {
        return await reads.intent(intentId, { deadline });
      } catch (error) {
        if (
          !isMissingOperation(error) ||
          attempt >= missingOperationThreshold ||
          reads.certainlyLacksDetailCalls
        )
          throw error;
      }
  }

  /**
   * Compares a row with a transfer: by its intent, or without one by the amount, description and account of the row.
   * @param exactReferences whether Lean is known to return references unchanged
   */
  async #compare(
    { transfer }: PayoutRecord,
    { row, intent, unreadable }: RowDetails,
    exactReferences: boolean,
  ): Promise<Resemblance> {
    const rowAmount = compareAmounts(transfer.amount, row.amount);
    if (intent === null) {
      if (rowAmount === 'other') return 'other';
      // The intent would show the reference, so its description and account exclude nothing yet.
      if (unreadable) return 'may be';
      if (compareDescriptions(transfer.description, row.description) === 'other') return 'other';
      const account = await this.#accountOf(transfer.destinationId);
      return compareAccounts(account, row.recipient.iban) === 'other' ? 'other' : 'may be';
    }
    const amount = combineAmounts(rowAmount, compareAmounts(transfer.amount, intent.amount));
    if (amount === 'other') return 'other';
    const destination = intent.destination?.id.toLowerCase() ?? transfer.destinationId.toLowerCase();
    if (destination !== transfer.destinationId.toLowerCase()) return 'other';
    const reference = exactReferences
      ? compareExactReferences(transfer.externalReference, intent.externalReference ?? null)
      : compareTexts(transfer.externalReference, intent.externalReference);
    if (reference === 'same' && amount === 'same') return 'same';
    return reference === 'other' && exactReferences ? 'other' : 'may be';
  }

  /** The IBAN of a destination; null if Lean shows none, undefined if the read failed. */
  async #accountOf(destinationId: string): Promise<string | null | undefined> {
    if (this.#accounts.has(destinationId)) return this.#accounts.get(destinationId);
    const { reads, deadline } = this.#options;
    const account = await reads.destination(destinationId, { deadline }).then(
      destination => destination?.iban ?? null,
      (error: unknown) => (this.#isTemporary(error) ? undefined : null),
    );
    this.#accounts.set(destinationId, account);
    return account;
  }

  #isUnreadable({ intent, unreadable }: RowDetails, records: readonly PayoutRecord[]): boolean {
    const isAccountUnreadable = ({ transfer: { destinationId } }: PayoutRecord): boolean =>
      this.#accounts.has(destinationId) && this.#accounts.get(destinationId) === undefined;
    return unreadable || (intent === null && records.some(isAccountUnreadable));
  }

  /**
   * Whether a failed read may succeed later. One such failure must not prevent the comparison of the other rows.
   * @throws the error itself if it is no `LeanError`, or if the deadline has passed
   */
  #isTemporary(error: unknown): boolean {
    if (!(error instanceof LeanError) || performance.now() >= this.#options.deadline) throw error;
    return (
      !(error instanceof LeanRefused || error instanceof LeanNotOffered) ||
      error.code === 'LEAN_UNAUTHORIZED' ||
      error.code === 'LEAN_RATE_LIMITED'
    );
  }

  /**
   * The length of a reference that Lean has returned unchanged; 0 if none is known. If one is known, a payout with
   * another reference is another payout. It is read from Lean only if a comparison depends on it.
   */
  async #provenReferenceLength(
    rows: readonly RowDetails[],
    records: readonly PayoutRecord[],
    others: readonly KeyedRecord[],
  ): Promise<number> {
    const isNeeded = rows.some(
      ({ intent }) =>
        intent !== null &&
        (others.length > 0 ||
          records.some(({ transfer }) => intent.externalReference !== transfer.externalReference)),
    );
    if (!isNeeded) return 0;
    const { evidence, application, referencePayout } = this.#options;
    const known =
      referencePayout ??
      (await evidence.referencePayout(application, { from: 0, to: Number.MAX_SAFE_INTEGER }));
    if (known?.intentId == null) return 0;
    const { intent } = await this.#intentOf({ intentId: known.intentId });
    const { externalReference } = known.transfer;
    return intent?.externalReference === externalReference ? externalReference.length : 0;
  }
}

/** An intent shows one payment. If that one has failed, the row may belong to another payment that has not. */
function preferLivePayment(intent: PayoutIntent, row: Payout): PayoutIntent {
  const { payout } = intent;
  const isOtherPayment = row.paymentId === null || row.paymentId !== payout.paymentId;
  return isOtherPayment && isFailed(payout, null) && !isFailed(row, null)
    ? { ...intent, payout: row }
    : intent;
}

/** Whether Lean may have altered the reference of one of the records into the one that it shows. */
function mayHaveAlteredReference(
  records: readonly PayoutRecord[],
  { intent }: Pick<Candidate, 'intent'>,
  provenReferenceLength: number,
): boolean {
  return records.some(({ transfer }) =>
    mayHaveBecome(transfer.externalReference, intent?.externalReference, provenReferenceLength),
  );
}
