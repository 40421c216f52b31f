import { LeanNotOffered, LeanRowNotFound } from '../lean/errors.ts';
import type { HistoryEvent } from '../payouts/history-event.ts';
import { facts, partyFacts, type Fact, type FactName, type Source } from '../payouts/payout-facts.ts';
import type { PayoutDestination, PayoutIntent } from '../payouts/payout-intent.ts';
import { bareOf, isAtBank, type Payout, type PayoutParty, type PayoutRow } from '../payouts/payout.ts';
import { payoutFromRecord } from '../payouts/recorded-payout.ts';
import { newer } from '../payouts/row-finder.ts';
import type { RowTimes } from '../payouts/row-window.ts';
import type { Loaders } from './loaders.ts';

/** What is at hand stays a plain value: a page has hundreds of fields, and a promise for each costs more than they do. */
export type MaybePromise<Value> = Value | Promise<Value>;

type Known<Value> = Exclude<Value, undefined> | null;

/**
 * Payouts and their facts, one value for each by whichever way a payout was reached: what the answer at hand does not
 * carry is asked for as the table of facts says, and each thing is asked for once in a request.
 */
export class PayoutLookup {
  readonly #loaders: Loaders;
  /** Rows of the lists that the request has read. */
  readonly #rows = new Map<string, PayoutRow>();

  /** @param loaders what the request has read */
  constructor(loaders: Loaders) {
    this.#loaders = loaders;
  }

  /**
   * A payout by its intent; null where Lean does not know it.
   * @throws LeanNotOffered where this Lean application has no call for it and its list does not show it; LeanError
   */
  payout(intentId: string): Promise<Payout | null> {
    return this.intent(intentId).then(intent => intent?.payout ?? null);
  }

  /**
   * A payout by the id of one of its payments.
   * @throws LeanNotOffered, LeanError as above
   */
  async payoutByPayment(paymentId: string): Promise<Payout | null> {
    try {
      const payout = await this.#loaders.payment(paymentId);
      return payout === null ? null : this.#newest(payout);
    } catch (error) {
      if (!(error instanceof LeanNotOffered)) throw error;
    }
    const owner = await this.#loaders.ownerOf(paymentId);
    if (owner === null) return null;
    const { intentId, initiatedAt } = owner;
    const payout = await this.#listed({ ...bareOf(intentId), initiatedAt });
    return { ...payout, paymentId: payout.paymentId ?? paymentId };
  }

  /**
   * An intent; on a Lean application without a call for it as far as its list and our own record tell.
   * @throws LeanNotOffered, LeanError as above
   */
  async intent(intentId: string): Promise<PayoutIntent | null> {
    try {
      return await this.#loaders.intent(intentId);
    } catch (error) {
      if (!(error instanceof LeanNotOffered)) throw error;
    }
    const [payout, record] = await Promise.all([
      this.#listed(bareOf(intentId)),
      this.#loaders.record(intentId),
    ]);
    if (payout.amount === undefined) throw new LeanNotOffered();
    return {
      id: intentId,
      customerId: undefined,
      amount: payout.amount,
      description: payout.description ?? null,
      externalReference: record?.transfer.externalReference,
      payout,
      destination: undefined,
      ...(record !== null && { destinationId: record.transfer.destinationId }),
    };
  }

  /** Keeps the rows of a list that the request has read; of an intent with several payments the newest one. */
  note(rows: readonly PayoutRow[]): void {
    for (const row of rows) this.#rows.set(row.intentId, newer(row, this.#rows.get(row.intentId)));
  }

  /** The payout of a list row: by its newest payment, where another row has shown a newer one. */
  ofRow(row: PayoutRow): Payout {
    return this.#newest(this.#rows.get(row.intentId) ?? row);
  }

  /**
   * @throws LeanRowNotFound, LeanNotOffered where it cannot be had; LeanError
   */
  fact<Name extends FactName>(payout: Payout, name: Name): MaybePromise<Known<Payout[Name]>> {
    const value = payout[name];
    if (value !== undefined && !(name === 'paymentId' && mayBeUnnamed(payout)))
      return value as Known<Payout[Name]>;
    if (name === 'createdAt' || name === 'autoAuthorized') {
      const known = this.#loaders.knownRow(payout.intentId);
      const kept = known?.[name as 'createdAt' | 'autoAuthorized'];
      if (kept !== undefined) return kept as Known<Payout[Name]>;
    }
    const pick = (other: Payout): Payout[Name] | undefined =>
      name === 'paymentId' && mayBeUnnamed(other) ? undefined : other[name];
    return this.#ask<Payout[Name]>(payout, facts[name], pick);
  }

  /** A fact of the recipient. */
  recipientFact(payout: Payout, name: keyof PayoutParty): MaybePromise<string | null> {
    const value = payout.recipient[name];
    if (value !== undefined) return value;
    return this.#ask(payout, partyFacts[name], ({ recipient }) => recipient[name]);
  }

  /** A fact of the sender: of the account that was debited, or will be. */
  senderFact(payout: Payout, name: keyof PayoutParty): MaybePromise<string | null> {
    const value = payout.sender?.[name];
    if (value !== undefined) return value;
    // Lean names the sender's bank in its answer to the creation alone.
    if (name === 'bankName') return this.#senderBank(payout);
    return this.#ask(payout, facts.sender, ({ sender }) => sender?.[name]);
  }

  /** @throws LeanError */
  destination(destinationId: string): Promise<PayoutDestination | null> {
    return this.#loaders.destinationById.load(destinationId);
  }

  /** All events of a payout, oldest first. */
  async history(payout: Payout): Promise<readonly HistoryEvent[]> {
    const paymentId = await this.fact(payout, 'paymentId');
    return this.#loaders.history({ intentId: payout.intentId, paymentId });
  }

  async #senderBank({ intentId }: Payout): Promise<string | null> {
    const record = await this.#loaders.record(intentId);
    return record?.answer.sender?.bankName ?? null;
  }

  #newest(payout: Payout): Payout {
    return this.#loaders.isSuperseded(payout) ? bareOf(payout.intentId) : payout;
  }

  async #ask<Value>(
    payout: Payout,
    fact: Fact,
    pick: (payout: Payout) => Value | undefined,
  ): Promise<Known<Value>> {
    const older = this.#loaders.lacksDetails;
    const sources = this.#sourcesOf(fact, payout);
    let notListed = false;
    for (const source of sources) {
      try {
        const found = await this.#from(source, payout);
        if (source === 'row') notListed = found === null;
        const value = found === null ? undefined : pick(found);
        if (value !== undefined) return value as Known<Value>;
      } catch (error) {
        // The first to find out that this application has no such call: from now on it is known.
        if (error instanceof LeanNotOffered && !older && this.#loaders.lacksDetails)
          return this.#ask(payout, fact, pick);
        throw error;
      }
    }
    if (notListed) throw new LeanRowNotFound();
    if (older && !(fact.ofPayment === true && hasNoPayment(payout))) throw new LeanNotOffered();
    return null;
  }

  #sourcesOf(fact: Fact, payout: Payout): readonly Source[] {
    const sources = this.#loaders.lacksDetails ? fact.fromOlder : fact.from;
    // What only payments have is not asked for where there is none; our own record costs no call.
    if (fact.ofPayment === true && hasNoPayment(payout)) return sources.filter(source => source === 'record');
    // Then the payment's own call has all that its intent has of it, and the tracking as well.
    const byPayment =
      this.#loaders.intentsLackTracking && payout.paymentId !== null && fact.carriedBy.includes('payment');
    return byPayment ? ['payment', ...sources.filter(source => source !== 'payment')] : sources;
  }

  /** A payout that only the list and our own records can tell of. */
  async #listed(payout: Payout): Promise<Payout> {
    const row = await this.#row(payout);
    if (row != null) return row;
    const record = await this.#loaders.record(payout.intentId);
    if (record === null) throw new LeanNotOffered();
    return payoutFromRecord(record);
  }

  /** The row is looked for by the narrowest part of the list that is known to hold it. */
  async #row(payout: Payout): Promise<PayoutRow | null | undefined> {
    const { intentId } = payout;
    const listed = this.#rows.get(intentId);
    if (listed !== undefined) return listed;
    const createdAt = this.#loaders.knownRow(intentId)?.createdAt;
    if (createdAt != null) return this.#loaders.row(timesOf(payout, { createdAt }));
    const isBare = payout.submittedAt === undefined && payout.initiatedAt === undefined;
    const told = isBare && !this.#loaders.lacksDetails ? await this.#from('intent', payout) : payout;
    const { submittedAt, initiatedAt } = told ?? payout;
    const hasTimes = submittedAt != null || initiatedAt != null;
    const record = hasTimes ? null : await this.#loaders.record(intentId);
    return this.#loaders.row(timesOf(told ?? payout, { requested: record?.requested }));
  }

  async #from(source: Source, payout: Payout): Promise<Payout | null> {
    const { intentId } = payout;
    switch (source) {
      case 'intent':
        return (await this.#loaders.intent(intentId))?.payout ?? null;
      case 'payment': {
        const paymentId = payout.paymentId ?? (await this.#from('intent', payout))?.paymentId ?? null;
        return paymentId === null ? null : this.#loaders.payment(paymentId, intentId);
      }
      case 'row': {
        const row = await this.#row(payout);
        // It may be listed, and its state another one than when it was made.
        if (row === undefined) throw new LeanRowNotFound();
        return row;
      }
      case 'record': {
        const record = await this.#loaders.record(intentId);
        // What has been listed is no longer as it was made.
        const wasListed = this.#loaders.knownRow(intentId)?.createdAt !== undefined;
        return record && payoutFromRecord({ ...record, isNew: record.isNew && !wasListed });
      }
    }
  }
}

function timesOf(
  { intentId, amount, submittedAt, initiatedAt }: Payout,
  known: Pick<Partial<RowTimes>, 'createdAt' | 'requested'>,
): RowTimes {
  return {
    intentId,
    amount: amount?.amount,
    submittedAt,
    initiatedAt,
    createdAt: undefined,
    requested: undefined,
    ...known,
  };
}

/** Whether it is known that there is no payment of it yet, or none that Lean gave an id. */
function hasNoPayment({ paymentId, submittedAt, state }: Payout): boolean {
  if (paymentId !== null) return false;
  return submittedAt === null || state?.status === 'CREATED' || state?.status === 'AWAITING_AUTHORIZATION';
}

/** Whether there may be a payment, though none is named: by a list row without its id, or where nothing is known. */
function mayBeUnnamed({ paymentId, submittedAt, state }: Payout): boolean {
  return (
    paymentId === null &&
    submittedAt === undefined &&
    (state === undefined || state.status === 'UNKNOWN' || isAtBank(state.status))
  );
}
