import { LeanNotOffered, LeanRowNotFound } from '../errors/lean-errors.ts';
import type { HistoryEvent } from '../payouts/history-event.ts';
import { facts, partyFacts, type Fact, type FactName, type Source } from '../payouts/payout-facts.ts';
import type { PayoutDestination, PayoutIntent } from '../payouts/payout-intent.ts';
import { emptyPayout, type Payout, type PayoutParty, type PayoutRow } from '../payouts/payout.ts';
import { lacksPaymentFor, mayHaveUnknownPaymentId, sourcesOf } from './fact-sources.ts';
import { ListedPayouts } from './listed-payouts.ts';
import type { Loaders } from './loaders.ts';
import type { MaybePromise } from './maybe-promise.ts';

type Known<Value> = Exclude<Value, undefined> | null;

/**
 * Finds payouts and their facts. A fact has the same value however its payout was found: if the response that the
 * payout was read from lacks it, it is read from the sources in `payout-facts.ts`. A request reads nothing twice.
 */
export class PayoutLookup {
  readonly #loaders: Loaders;
  readonly #listed: ListedPayouts;

  /** @param loaders the request's loaders */
  constructor(loaders: Loaders) {
    this.#loaders = loaders;
    this.#listed = new ListedPayouts(loaders);
  }

  /**
   * A payout by its intent id; null if Lean does not know it.
   * @throws LeanNotOffered if this Lean application has no call for it and its list does not hold it; LeanError
   */
  payout(intentId: string): Promise<Payout | null> {
    return this.intent(intentId).then(intent => intent?.payout ?? null);
  }

  /**
   * A payout by the id of one of its payments; null if Lean does not know the payment.
   * @throws LeanNotOffered, LeanError as `payout` does
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
    const payout = await this.#listed.findPayout({ ...emptyPayout(intentId), initiatedAt });
    return { ...payout, paymentId: payout.paymentId ?? paymentId };
  }

  /**
   * An intent; null if Lean does not know it. The list and the gateway's own record are used instead if this Lean
   * application has no call for intents, or if Lean does not return a new intent yet.
   * @throws LeanNotOffered, LeanError as `payout` does
   */
  async intent(intentId: string): Promise<PayoutIntent | null> {
    try {
      const intent = await this.#loaders.intent(intentId);
      // Lean may not return a payout yet that it has just created.
      const isNew = intent === null && (await this.#loaders.record(intentId))?.isNew === true;
      if (!isNew) return intent;
    } catch (error) {
      if (!(error instanceof LeanNotOffered)) throw error;
    }
    const [payout, record] = await Promise.all([
      this.#listed.findPayout(emptyPayout(intentId)),
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

  /** Adds the rows of a list that the request has read. */
  addRows(rows: readonly PayoutRow[]): void {
    this.#loaders.addPage(rows);
    for (const row of rows) this.#listed.add(row);
  }

  /** The payout of a list row. If a newer payment of the intent is known, the payout is that of the newer payment. */
  payoutOfRow(row: PayoutRow): Payout {
    return this.#newest(this.#listed.rowOf(row.intentId) ?? row);
  }

  /**
   * A fact of a payout.
   * @throws LeanRowNotFound, LeanNotOffered if no source has it; LeanError
   */
  fact<Name extends FactName>(payout: Payout, name: Name): MaybePromise<Known<Payout[Name]>> {
    const value = payout[name];
    if (value !== undefined && !(name === 'paymentId' && mayHaveUnknownPaymentId(payout)))
      return value as Known<Payout[Name]>;
    const fact: Fact = facts[name];
    if (fact.isConstant === true) {
      const row: Partial<Payout> | undefined = this.#loaders.cachedRow(payout.intentId);
      const cached = row?.[name];
      if (cached !== undefined) return cached as Known<Payout[Name]>;
    }
    const pick = (other: Payout): Payout[Name] | undefined =>
      name === 'paymentId' && mayHaveUnknownPaymentId(other) ? undefined : other[name];
    return this.#read<Payout[Name]>(payout, fact, pick);
  }

  /** A fact of the recipient. */
  recipientFact(payout: Payout, name: keyof PayoutParty): MaybePromise<string | null> {
    const value = payout.recipient[name];
    if (value !== undefined) return value;
    return this.#read(payout, partyFacts[name], ({ recipient }) => recipient[name]);
  }

  /** A fact of the sender, which is the account that was or will be debited. */
  senderFact(payout: Payout, name: keyof PayoutParty): MaybePromise<string | null> {
    const value = payout.sender?.[name];
    if (value !== undefined) return value;
    // Lean names the sender's bank only in its response to the creation, which the gateway records.
    if (name === 'bankName') return this.#senderBank(payout);
    return this.#read(payout, facts.sender, ({ sender }) => sender?.[name]);
  }

  /** @throws LeanError */
  destination(destinationId: string): Promise<PayoutDestination | null> {
    return this.#loaders.destination(destinationId);
  }

  /**
   * A fact of a destination.
   * @throws LeanNotOffered if neither the given destination nor Lean's call for it carries the fact; LeanError
   */
  destinationFact<Name extends keyof PayoutDestination>(
    destination: PayoutDestination,
    name: Name,
  ): MaybePromise<Known<PayoutDestination[Name]>> {
    const value = destination[name];
    if (value !== undefined) return value as Known<PayoutDestination[Name]>;
    return this.destination(destination.id).then(read => {
      const readValue = read === null ? null : read[name];
      if (readValue === undefined)
        throw new LeanNotOffered(undefined, "Lean's response for this destination does not carry the field.");
      return readValue as Known<PayoutDestination[Name]>;
    });
  }

  /**
   * The customer of an intent. If this Lean application has no call for intents, the payment's history names it.
   * @throws LeanNotOffered if neither has it; LeanError
   */
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

  /** The intent and customer of the newest payment, from its history; null before there is a payment. */
  async #owner(payout: Payout): ReturnType<Loaders['ownerOf']> {
    const paymentId = await this.fact(payout, 'paymentId');
    return paymentId === null ? null : this.#loaders.ownerOf(paymentId);
  }

  /** The payout itself, or one without facts if a newer payment is known, so that all facts are read from that one. */
  #newest(payout: Payout): Payout {
    return this.#loaders.isSuperseded(payout) ? emptyPayout(payout.intentId) : payout;
  }

  /** Reads a fact from its sources, in order, until one carries it. */
  async #read<Value>(
    payout: Payout,
    fact: Fact,
    pick: (payout: Payout) => Value | undefined,
  ): Promise<Known<Value>> {
    const { lacksDetailCalls } = this.#loaders;
    const sources = sourcesOf(fact, payout, this.#loaders);
    let notListed = false;
    for (const source of sources) {
      try {
        const found = await this.#readSource(source, payout);
        if (source === 'row') notListed = found === null;
        const value = found === null ? undefined : pick(found);
        if (value !== undefined) return value as Known<Value>;
      } catch (error) {
        // This call has just shown that the application lacks detail calls, so the other sources are used instead.
        if (error instanceof LeanNotOffered && !lacksDetailCalls && this.#loaders.lacksDetailCalls)
          return this.#read(payout, fact, pick);
        throw error;
      }
    }
    if (notListed) throw new LeanRowNotFound();
    const isRowFact = fact.sources.every(source => source === 'row');
    if (isRowFact || (lacksDetailCalls && !lacksPaymentFor(fact, payout))) throw new LeanNotOffered();
    return null;
  }

  async #readSource(source: Source, payout: Payout): Promise<Payout | null> {
    const { intentId } = payout;
    switch (source) {
      case 'intent':
        return (await this.#loaders.intent(intentId))?.payout ?? null;
      case 'payment': {
        const paymentId = payout.paymentId ?? (await this.#readSource('intent', payout))?.paymentId ?? null;
        return paymentId === null ? null : this.#loaders.payment(paymentId, intentId);
      }
      case 'row': {
        const row = await this.#listed.findRow(payout);
        // The part of the list that was not read may hold the row, so no other source may be used instead.
        if (row === undefined) throw new LeanRowNotFound();
        return row;
      }
      case 'record':
        return this.#listed.recorded(intentId);
      case 'history': {
        const owner = await this.#owner(payout);
        return owner && { ...emptyPayout(intentId), initiatedAt: owner.initiatedAt };
      }
    }
  }
}
