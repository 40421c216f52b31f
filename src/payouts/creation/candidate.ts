import { LeanError, LeanRefused } from '../../lean/errors.ts';
import type { PayoutIntent } from '../payout-intent.ts';
import type { PayoutReads } from '../payout-reads.ts';
import type { Payout } from '../payout.ts';
import { isFailed } from './found-answer.ts';
import type { PayoutRecord } from './payout-record.ts';
import type { OwnedRecord, PayoutEvidence } from './payout-records.ts';
import {
  compareAccounts,
  compareAmounts,
  compareExactReferences,
  compareTexts,
  type Resemblance,
} from './resemblance.ts';

/** A payout at Lean that no record names, and that is, or may be, one of a request's transfers. */
export interface Candidate {
  readonly row: Payout;
  /** Null where this Lean has no call for it, does not know it, or could not show it. */
  readonly intent: PayoutIntent | null;
  /** Whether Lean could not show the intent right now. */
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

/** The id by which a row of Lean's list is known: its intent's, which never changes, where it has one. */
export function rowId({ intentId, paymentId }: Payout): string {
  return intentId ?? paymentId ?? '';
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

/** Judges the rows of Lean's list that no record names. */
export class Candidates {
  readonly #options: CandidatesOptions;
  /** Accounts of destinations, for a Lean without intents. */
  readonly #accounts = new Map<string, string | null>();
  #hasIntents = true;

  constructor(options: CandidatesOptions) {
    this.#options = options;
  }

  /** @throws LeanError when Lean cannot be asked; StoreUnavailable */
  async judge(
    rows: readonly Payout[],
    records: readonly PayoutRecord[],
    others: readonly OwnedRecord[],
  ): Promise<readonly Candidate[]> {
    const seen: Seen[] = [];
    for (let next = 0; next < rows.length; next += intentsAtOnce) {
      const part = rows.slice(next, next + intentsAtOnce);
      seen.push(...(await Promise.all(part.map(async row => ({ row, ...(await this.#intentOf(row)) })))));
    }
    const exactReferences = await this.#givesReferencesBack(seen, records, others);
    const candidates: Candidate[] = [];
    for (const each of seen) {
      const fits = new Map<number, 'exact' | 'may be'>();
      let carriesReference = false;
      for (const record of records) {
        const fit = await this.#compare(record, each, exactReferences);
        // A payout that carries the reference is never another one, whatever else Lean shows of it.
        const carries = each.intent?.externalReference === record.transfer.externalReference;
        carriesReference ||= carries;
        if (fit !== 'other' || carries) fits.set(record.position, fit === 'same' ? 'exact' : 'may be');
      }
      if (fits.size === 0) continue;
      const match = [...fits.values()].includes('exact') ? 'exact' : 'may be';
      const sharing: OwnedRecord[] = [];
      let ownedByOther = false;
      for (const other of others) {
        const fit = await this.#compare(other.record, each, exactReferences);
        // A payout with the reference of another request belongs to that one, unless Lean may have changed ours to it.
        if (fit === 'same' && match !== 'exact' && !resembles(records, each)) ownedByOther = true;
        // Lean may have changed the other one's reference to this one.
        const altered = resembles([other.record], each);
        if (fit === 'same' || (fit === 'may be' && (match !== 'exact' || altered))) sharing.push(other);
      }
      if (ownedByOther) continue;
      candidates.push({
        ...each,
        match,
        carriesReference,
        positions: [...fits].filter(([, fit]) => fit === match).map(([position]) => position),
        sharedWith: sharing,
        failed: isFailed(each.row, each.intent),
      });
    }
    return candidates;
  }

  async #intentOf({ intentId }: Pick<Payout, 'intentId'>): Promise<Pick<Seen, 'intent' | 'unread'>> {
    if (intentId == null || !this.#hasIntents) return { intent: null, unread: false };
    const { reads, deadline } = this.#options;
    try {
      return { intent: await reads.intent(intentId, { deadline }), unread: false };
    } catch (error) {
      if (!(error instanceof LeanError) || performance.now() >= deadline) throw error;
      // One intent that Lean cannot show must not keep everything else from being judged.
      if (!(error instanceof LeanRefused) || error.code !== 'LEAN_REFUSED')
        return { intent: null, unread: true };
      // Older UAE applications and those in KSA have no such call: the other rows need not be asked for.
      if (reads.isMissingOperation(error)) this.#hasIntents = false;
      return { intent: null, unread: false };
    }
  }

  /** `same`: it is this transfer. `may be`: it cannot be told. */
  async #compare(
    { transfer }: PayoutRecord,
    { row, intent }: Seen,
    exactReferences: boolean,
  ): Promise<Resemblance> {
    const byRow = compareAmounts(transfer.amount, row.amount);
    if (intent === null) {
      if (byRow === 'other' || compareTexts(transfer.description, row.description) === 'other')
        return 'other';
      const account = await this.#accountOf(transfer.destinationId);
      return compareAccounts(account, row.recipient.iban) === 'other' ? 'other' : 'may be';
    }
    const amount = either(byRow, compareAmounts(transfer.amount, intent.amount));
    if (amount === 'other') return 'other';
    const destination = intent.destination?.id.toLowerCase() ?? transfer.destinationId.toLowerCase();
    if (destination !== transfer.destinationId.toLowerCase()) return 'other';
    const reference = exactReferences
      ? compareExactReferences(transfer.externalReference, intent.externalReference)
      : compareTexts(transfer.externalReference, intent.externalReference);
    if (reference === 'same' && amount === 'same') return 'same';
    return reference === 'other' && exactReferences ? 'other' : 'may be';
  }

  /** The IBAN of a destination; null where Lean does not tell. */
  async #accountOf(destinationId: string): Promise<string | null> {
    const known = this.#accounts.get(destinationId);
    if (known !== undefined) return known;
    const { reads, deadline } = this.#options;
    const destination = await reads.destination(destinationId, { deadline }).catch((error: unknown) => {
      if (error instanceof LeanRefused) return null;
      throw error;
    });
    const account = destination?.iban ?? null;
    this.#accounts.set(destinationId, account);
    return account;
  }

  /**
   * Whether this Lean is seen to give references back as they were sent. Only then a row with another reference is
   * another payout. Read only where that matters.
   */
  async #givesReferencesBack(
    seen: readonly Seen[],
    records: readonly PayoutRecord[],
    others: readonly OwnedRecord[],
  ): Promise<boolean> {
    const matters = seen.some(
      ({ intent }) =>
        intent !== null &&
        (others.length > 0 ||
          records.some(({ transfer }) => intent.externalReference !== transfer.externalReference)),
    );
    if (!matters) return false;
    const { evidence, application, reference } = this.#options;
    const shown =
      reference ?? (await evidence.referencePayout(application, { from: 0, to: Number.MAX_SAFE_INTEGER }));
    if (shown?.intentId == null) return false;
    const { intent } = await this.#intentOf({ intentId: shown.intentId });
    return intent?.externalReference === shown.transfer.externalReference;
  }
}

/** Whether a reference of the request may have become the one that was seen. */
function resembles(records: readonly PayoutRecord[], { intent }: Pick<Candidate, 'intent'>): boolean {
  return records.some(
    ({ transfer }) => compareTexts(transfer.externalReference, intent?.externalReference) !== 'other',
  );
}

/** Combines two comparisons of one amount: Lean's list and its intents may round it differently. */
function either(a: Resemblance, b: Resemblance): Resemblance {
  if (a === b) return a;
  if (a === 'other' || b === 'other') return a === 'same' || b === 'same' ? 'may be' : 'other';
  return 'same';
}
