import { LeanNotOffered, LeanRowNotFound } from '../errors/lean-errors.ts';
import type { HistoryEvent } from '../payouts/history-event.ts';
import { facts, partyFacts, type Fact, type FactName, type Source } from '../payouts/payout-facts.ts';
import type { PayoutDestination, PayoutIntent } from '../payouts/payout-intent.ts';
import { bareOf, type Payout, type PayoutParty, type PayoutRow } from '../payouts/payout.ts';
import { lacksPaymentFor, mayBeUnnamed, sourcesOf } from './fact-sources.ts';
import { ListedPayouts } from './listed-payouts.ts';
import type { Loaders } from './loaders.ts';
import type { MaybePromise } from './maybe-promise.ts';

type Known<Value> = Exclude<Value, undefined> | null;

/**
 * Payouts and their facts. A fact has one value, however its payout was reached: what the answer at hand does not carry
 * is read as the table of facts says, and nothing is read twice in a request.
 */
export class PayoutLookup {
  readonly #loaders: Loaders;
  readonly #listed: ListedPayouts;

  /** @param loaders what the request has read */
  constructor(loaders: Loaders) {
    this.#loaders = loaders;
    this.#listed = new ListedPayouts(loaders);
  }

  /**
   * A payout by its intent; null if Lean does not know it.
   * @throws LeanNotOffered if this Lean application has no call for it and its list does not show it; LeanError
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
    const payout = await this.#listed.payout({ ...bareOf(intentId), initiatedAt });
    return { ...payout, paymentId: payout.paymentId ?? paymentId };
  }

  /**
   * An intent. The list and our own record stand in for it if this Lean application has no call for intents, or if Lean does
   * not show yet an intent that it has just created.
   * @throws LeanNotOffered, LeanError as above
   */
  async intent(intentId: string): Promise<PayoutIntent | null> {
    try {
      const intent = await this.#loaders.intent(intentId);
      // Lean may not know yet a payout that it has just created.
      const isNew = intent === null && (await this.#loaders.record(intentId))?.isNew === true;
      if (!isNew) return intent;
    } catch (error) {
      if (!(error instanceof LeanNotOffered)) throw error;
    }
    const [payout, record] = await Promise.all([
      this.#listed.payout(bareOf(intentId)),
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

  /** Keeps the rows of a list that the request has read. */
  note(rows: readonly PayoutRow[]): void {
    for (const row of rows) this.#listed.add(row);
  }

  /** The payout of a list row. If another row has shown a newer payment, that payment counts. */
  ofRow(row: PayoutRow): Payout {
    return this.#newest(this.#listed.known(row.intentId) ?? row);
  }

  /** @throws LeanRowNotFound, LeanNotOffered if it cannot be had; LeanError */
  fact<Name extends FactName>(payout: Payout, name: Name): MaybePromise<Known<Payout[Name]>> {
    const value = payout[name];
    if (value !== undefined && !(name === 'paymentId' && mayBeUnnamed(payout)))
      return value as Known<Payout[Name]>;
    const fact: Fact = facts[name];
    if (fact.isConstant === true) {
      const known: Partial<Payout> | undefined = this.#loaders.knownRow(payout.intentId);
      const kept = known?.[name];
      if (kept !== undefined) return kept as Known<Payout[Name]>;
    }
    const pick = (other: Payout): Payout[Name] | undefined =>
      name === 'paymentId' && mayBeUnnamed(other) ? undefined : other[name];
    return this.#read<Payout[Name]>(payout, fact, pick);
  }

  /** A fact of the recipient. */
  recipientFact(payout: Payout, name: keyof PayoutParty): MaybePromise<string | null> {
    const value = payout.recipient[name];
    if (value !== undefined) return value;
    return this.#read(payout, partyFacts[name], ({ recipient }) => recipient[name]);
  }

  /** A fact of the sender: of the account that was debited, or will be. */
  senderFact(payout: Payout, name: keyof PayoutParty): MaybePromise<string | null> {
    const value = payout.sender?.[name];
    if (value !== undefined) return value;
    // Lean names the sender's bank only in its answer to the creation.
    if (name === 'bankName') return this.#senderBank(payout);
    return this.#read(payout, facts.sender, ({ sender }) => sender?.[name]);
  }

  /** @throws LeanError */
  destination(destinationId: string): Promise<PayoutDestination | null> {
    return this.#loaders.destinationById.load(destinationId);
  }

  /** @throws LeanNotOffered if neither the answer at hand nor the destination's own call has it; LeanError */
  destinationFact<Name extends keyof PayoutDestination>(
    destination: PayoutDestination,
    name: Name,
  ): MaybePromise<Known<PayoutDestination[Name]>> {
    const value = destination[name];
    if (value !== undefined) return value as Known<PayoutDestination[Name]>;
    return this.destination(destination.id).then(own => {
      const read = own === null ? null : own[name];
      if (read === undefined)
        throw new LeanNotOffered(undefined, "Lean's answer for this destination does not carry it.");
      return read as Known<PayoutDestination[Name]>;
    });
  }

  /** The customer of an intent. Where Lean has no call for intents, the history of the payment names it. */
  async customer({ customerId, payout }: PayoutIntent): Promise<string | null> {
    if (customerId !== undefined) return customerId;
    const owner = await this.#owner(payout);
    if (owner?.customerId === undefined) throw new LeanNotOffered();
    return owner.customerId;
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

  /** The owner of the newest payment, from its history; null before there is a payment. */
  async #owner(payout: Payout): ReturnType<Loaders['ownerOf']> {
    const paymentId = await this.fact(payout, 'paymentId');
    return paymentId === null ? null : this.#loaders.ownerOf(paymentId);
  }

  #newest(payout: Payout): Payout {
    return this.#loaders.isSuperseded(payout) ? bareOf(payout.intentId) : payout;
  }

  async #read<Value>(
    payout: Payout,
    fact: Fact,
    pick: (payout: Payout) => Value | undefined,
  ): Promise<Known<Value>> {
    const { lacksDetails } = this.#loaders;
    const sources = sourcesOf(fact, payout, this.#loaders);
    let notListed = false;
    for (const source of sources) {
      try {
        const found = await this.#from(source, payout);
        if (source === 'row') notListed = found === null;
        const value = found === null ? undefined : pick(found);
        if (value !== undefined) return value as Known<Value>;
      } catch (error) {
        // This call has shown that the application lacks it: other sources are read from now on.
        if (error instanceof LeanNotOffered && !lacksDetails && this.#loaders.lacksDetails)
          return this.#read(payout, fact, pick);
        throw error;
      }
    }
    if (notListed) throw new LeanRowNotFound();
    const isOfRow = fact.from.every(source => source === 'row');
    if (isOfRow || (lacksDetails && !lacksPaymentFor(fact, payout))) throw new LeanNotOffered();
    return null;
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
        const row = await this.#listed.row(payout);
        // The rest of the list may hold it, so no other source may answer.
        if (row === undefined) throw new LeanRowNotFound();
        return row;
      }
      case 'record':
        return this.#listed.recorded(intentId);
      case 'history': {
        const owner = await this.#owner(payout);
        return owner && { ...bareOf(intentId), initiatedAt: owner.initiatedAt };
      }
    }
  }
}
