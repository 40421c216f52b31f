import { LeanError, LeanNotOffered, LeanRefused } from '../../errors/lean-errors.ts';
import type { PayoutIntent } from '../payout-intent.ts';
import { enoughSigns, saysNoSuchCall, type PayoutReads } from '../payout-reads.ts';
import type { Payout } from '../payout.ts';
import { isFailed } from './found-answer.ts';
import type { PayoutRecord } from './payout-record.ts';
import type { OtherRecords, OwnedRecord, PayoutEvidence } from './payout-records.ts';
import {
  compareAccounts,
  compareAmounts,
  compareDescriptions,
  compareExactReferences,
  compareTexts,
  mayHaveBecome,
  type Resemblance,
} from './resemblance.ts';

/** A payout at Lean that no record names, and that is, or may be, one of a request's transfers. */
export interface Candidate {
  readonly row: Payout;
  /** Null where this Lean has no call for it, does not know it, or could not show it. */
  readonly intent: PayoutIntent | null;
  /** Whether Lean could not show right now what it would be judged by: its intent, or the account of a destination. */
  readonly unread: boolean;
  /** `exact`: its reference, amount, currency and destination are those of a transfer. */
  readonly match: 'exact' | 'may be';
  /**
   * Whether Lean shows it with the very reference of one of the transfers. Then it is never another payout, also where
   * its amount or its destination keeps it from being `exact`.
   */
  readonly carriesReference: boolean;
  /** The transfers of the request that it is, or may be. */
  readonly positions: readonly number[];
  /** Records of other requests that it may belong to as well: open ones, and settled ones with its reference. */
  readonly sharedWith: readonly OwnedRecord[];
  /** Whether Lean has failed it: no money moves. */
  readonly failed: boolean;
}

export interface CandidatesOptions {
  readonly reads: PayoutReads;
  readonly evidence: PayoutEvidence;
  readonly application: string;
  /** A payout of this gateway's within the window, where there is one. */
  readonly reference: PayoutRecord | undefined;
  readonly deadline: number;
}

/** Intents read side by side: looking for one payout must not keep everybody else's reads waiting. */
const intentsAtOnce = 8;

type Seen = Pick<Candidate, 'row' | 'intent' | 'unread'>;

export interface Judgement {
  readonly candidates: readonly Candidate[];
  /**
   * Whether it is known of each candidate which other records it may belong to. Otherwise an `exact` one may be another
   * record's whose reference Lean has changed.
   */
  readonly knowsOwners: boolean;
}

/** Judges the rows of Lean's list that no record names. */
export class Candidates {
  readonly #options: CandidatesOptions;
  /** Accounts of destinations, for a Lean without intents; undefined where Lean could not show it right now. */
  readonly #accounts = new Map<string, string | null | undefined>();
  #hasIntents = true;

  constructor(options: CandidatesOptions) {
    this.#options = options;
  }

  /** @throws LeanError when Lean cannot be asked; StoreUnavailable */
  async judge(
    rows: readonly Payout[],
    records: readonly PayoutRecord[],
    others: OtherRecords,
  ): Promise<Judgement> {
    const seen: Seen[] = [];
    for (let next = 0; next < rows.length; next += intentsAtOnce) {
      const part = rows.slice(next, next + intentsAtOnce);
      seen.push(...(await Promise.all(part.map(row => this.#see(row)))));
    }
    const provenReferenceLength = await this.#provenReferenceLength(seen, records, others.records);
    const candidates: Candidate[] = [];
    for (const each of seen) {
      const fits = new Map<number, 'exact' | 'may be'>();
      let carriesReference = false;
      for (const record of records) {
        const fit = await this.#compare(record, each, provenReferenceLength > 0);
        // A payout that carries the reference is never another one, whatever else Lean shows of it.
        const carries = each.intent?.externalReference === record.transfer.externalReference;
        carriesReference ||= carries;
        if (fit !== 'other' || carries) fits.set(record.position, fit === 'same' ? 'exact' : 'may be');
      }
      if (fits.size === 0) continue;
      const match = [...fits.values()].includes('exact') ? 'exact' : 'may be';
      const sharing: OwnedRecord[] = [];
      let ownedByOther = false;
      for (const other of others.records) {
        const fit = await this.#compare(other.record, each, provenReferenceLength > 0);
        // A payout with the reference of another request belongs to that one, unless Lean may have changed ours to it.
        if (
          fit === 'same' &&
          match !== 'exact' &&
          !mayHaveAlteredReference(records, each, provenReferenceLength)
        )
          ownedByOther = true;
        // Lean may have changed the other one's reference to this one.
        const isChanged = mayHaveAlteredReference([other.record], each, provenReferenceLength);
        if (fit === 'same' || (fit === 'may be' && (match !== 'exact' || isChanged))) sharing.push(other);
      }
      if (ownedByOther) continue;
      candidates.push({
        ...each,
        unread: this.#isUnread(
          each,
          records.filter(({ position }) => fits.has(position)),
        ),
        match,
        carriesReference,
        positions: [...fits].filter(([, fit]) => fit === match).map(([position]) => position),
        sharedWith: sharing,
        failed: isFailed(each.row, each.intent),
      });
    }
    return { candidates, knowsOwners: others.isWhole || provenReferenceLength > 0 };
  }

  async #see(row: Payout): Promise<Seen> {
    const { intent, unread } = await this.#intentOf(row);
    return { row, intent: intent && preferLivePayment(intent, row), unread };
  }

  async #intentOf({ intentId }: Pick<Payout, 'intentId'>): Promise<Pick<Seen, 'intent' | 'unread'>> {
    if (!this.#hasIntents) return { intent: null, unread: false };
    try {
      return { intent: await this.#readIntent(intentId), unread: false };
    } catch (error) {
      if (this.#mayBeShownLater(error)) return { intent: null, unread: true };
      // Older UAE applications and those in KSA have no such call: the other rows need not be asked for.
      if (error instanceof LeanNotOffered) this.#hasIntents = false;
      return { intent: null, unread: false };
    }
  }

  /** One answer that there is no such call may be a fault on the way: it is asked for again until several have said so. */
  async #readIntent(intentId: string): Promise<PayoutIntent | null> {
    const { reads, deadline } = this.#options;
    for (let sign = 1; ; sign += 1)
      try {
        return await reads.intent(intentId, { deadline });
      } catch (error) {
        if (!saysNoSuchCall(error) || sign >= enoughSigns || reads.certainlyLacksDetails) throw error;
      }
  }

  /** `same`: it is this transfer. `may be`: it cannot be told. */
  async #compare(
    { transfer }: PayoutRecord,
    { row, intent, unread }: Seen,
    exactReferences: boolean,
  ): Promise<Resemblance> {
    const byRow = compareAmounts(transfer.amount, row.amount);
    if (intent === null) {
      if (byRow === 'other') return 'other';
      // Its reference may tell, once the intent can be read.
      if (unread) return 'may be';
      if (compareDescriptions(transfer.description, row.description) === 'other') return 'other';
      const account = await this.#accountOf(transfer.destinationId);
      return compareAccounts(account, row.recipient.iban) === 'other' ? 'other' : 'may be';
    }
    const amount = either(byRow, compareAmounts(transfer.amount, intent.amount));
    if (amount === 'other') return 'other';
    const destination = intent.destination?.id.toLowerCase() ?? transfer.destinationId.toLowerCase();
    if (destination !== transfer.destinationId.toLowerCase()) return 'other';
    const reference = exactReferences
      ? compareExactReferences(transfer.externalReference, intent.externalReference ?? null)
      : compareTexts(transfer.externalReference, intent.externalReference);
    if (reference === 'same' && amount === 'same') return 'same';
    return reference === 'other' && exactReferences ? 'other' : 'may be';
  }

  /** The IBAN of a destination; null where Lean does not tell, undefined where it could not right now. */
  async #accountOf(destinationId: string): Promise<string | null | undefined> {
    if (this.#accounts.has(destinationId)) return this.#accounts.get(destinationId);
    const { reads, deadline } = this.#options;
    const account = await reads.destination(destinationId, { deadline }).then(
      destination => destination?.iban ?? null,
      (error: unknown) => (this.#mayBeShownLater(error) ? undefined : null),
    );
    this.#accounts.set(destinationId, account);
    return account;
  }

  #isUnread({ intent, unread }: Seen, records: readonly PayoutRecord[]): boolean {
    const isUnknown = ({ transfer: { destinationId } }: PayoutRecord): boolean =>
      this.#accounts.has(destinationId) && this.#accounts.get(destinationId) === undefined;
    return unread || (intent === null && records.some(isUnknown));
  }

  /**
   * Whether Lean failed to show one thing, and did not refuse to. That must not keep everything else from being judged.
   * @throws the error, where it is none of Lean's or no time is left
   */
  #mayBeShownLater(error: unknown): boolean {
    if (!(error instanceof LeanError) || performance.now() >= this.#options.deadline) throw error;
    return (
      !(error instanceof LeanRefused || error instanceof LeanNotOffered) ||
      error.code === 'LEAN_UNAUTHORIZED' ||
      error.code === 'LEAN_RATE_LIMITED'
    );
  }

  /**
   * The length of a reference that this Lean is seen to give back as it was sent; 0 where it is not. Only then a row with
   * another reference is another payout. Read only where that matters.
   */
  async #provenReferenceLength(
    seen: readonly Seen[],
    records: readonly PayoutRecord[],
    others: readonly OwnedRecord[],
  ): Promise<number> {
    const matters = seen.some(
      ({ intent }) =>
        intent !== null &&
        (others.length > 0 ||
          records.some(({ transfer }) => intent.externalReference !== transfer.externalReference)),
    );
    if (!matters) return 0;
    const { evidence, application, reference } = this.#options;
    const shown =
      reference ?? (await evidence.referencePayout(application, { from: 0, to: Number.MAX_SAFE_INTEGER }));
    if (shown?.intentId == null) return 0;
    const { intent } = await this.#intentOf({ intentId: shown.intentId });
    const { externalReference } = shown.transfer;
    return intent?.externalReference === externalReference ? externalReference.length : 0;
  }
}

/** An intent shows one payment. Where that one has failed, the row may be of another one that has not. */
function preferLivePayment(intent: PayoutIntent, row: Payout): PayoutIntent {
  const { payout } = intent;
  const isAnother = row.paymentId === null || row.paymentId !== payout.paymentId;
  return isAnother && isFailed(payout, null) && !isFailed(row, null) ? { ...intent, payout: row } : intent;
}

/** Whether Lean may have changed a reference of the records into the one that it shows. */
function mayHaveAlteredReference(
  records: readonly PayoutRecord[],
  { intent }: Pick<Candidate, 'intent'>,
  provenReferenceLength: number,
): boolean {
  return records.some(({ transfer }) =>
    mayHaveBecome(transfer.externalReference, intent?.externalReference, provenReferenceLength),
  );
}

/** Combines two comparisons of one amount: Lean's list and its intents may round it differently. */
function either(a: Resemblance, b: Resemblance): Resemblance {
  if (a === b) return a;
  if (a === 'other' || b === 'other') return a === 'same' || b === 'same' ? 'may be' : 'other';
  return 'same';
}
