import type { CallOptions, LeanClient } from '../lean/client.ts';
import { isJsonObject } from '../json/json-object.ts';
import { withDeadline } from '../lean/deadline.ts';
import { LeanBadAnswer, LeanNotOffered, LeanRefused } from '../errors/lean-errors.ts';
import type { LeanHistory, LeanHistoryEntry, LeanHistoryEvent } from '../lean/wire.ts';
import { postInitiationStatusFromLean, statusOf } from './from-lean.ts';
import { optionalField, shortText, instantFromLean, leanId, objects, text } from './lean-values.ts';
import { showsPayment, type HistoryEvent, type HistoryEventType } from './history-event.ts';
import { payoutIdOf } from './values/ids.ts';
import { compareInstants, type Instant } from './values/instant.ts';

/** The id that a Lean application expects in the path of the history call. */
export type HistoryKey = 'payment_id' | 'payment_intent_id';

export interface PayoutIds {
  readonly paymentId: string | null;
  readonly intentId: string;
}

/**
 * The intent and the customer of a payment, from the payment's history. They are read there at Lean applications that
 * have no call for a single payment (UAE V1, KSA). A fact is `undefined` if the history does not carry it.
 */
export interface PaymentOwner {
  readonly intentId: string;
  readonly customerId: string | null | undefined;
  readonly initiatedAt: Instant | null | undefined;
}

/**
 * Reads the histories of payouts. Lean applications differ in the id that the history call expects. Unless it is
 * configured, the reader discovers it: it tries the payment's id, then the intent's id, and keeps the first one that
 * returns events, for as long as the process runs.
 */
export class PayoutHistories {
  readonly #client: LeanClient;
  #key: HistoryKey | undefined;
  /** Settles when the discovery in progress has ended, successfully or not. */
  #discovery: Promise<unknown> | undefined;

  constructor(client: LeanClient, key: HistoryKey | 'auto') {
    this.#client = client;
    this.#key = key === 'auto' ? undefined : key;
  }

  /**
   * The payout's events, oldest first; empty if Lean has none.
   * @throws LeanError
   */
  of(ids: PayoutIds, options: CallOptions): Promise<readonly HistoryEvent[]> {
    return this.#key === undefined
      ? this.#readWithDiscovery(ids, options)
      : this.#read(this.#key, ids, options);
  }

  async #readWithDiscovery(ids: PayoutIds, given: CallOptions): Promise<readonly HistoryEvent[]> {
    const deadline = given.deadline ?? this.#client.deadline();
    const options = { ...given, deadline };
    // Concurrent reads wait for the discovery in progress. If it fails, each of them tries both ids itself.
    const discovery = this.#discovery;
    if (discovery !== undefined)
      await withDeadline(discovery, deadline, 'Lean did not answer in time; nothing was sent.');
    const key = this.#key;
    if (key !== undefined) return this.#read(key, ids, options);
    if (ids.paymentId === null) return this.#tryKey('payment_intent_id', ids, options);
    const events = this.#tryBothKeys(ids, options);
    if (discovery !== undefined) return events;
    this.#discovery = events.then(noop, noop);
    return events.finally(() => (this.#discovery = undefined));
  }

  async #tryBothKeys(ids: PayoutIds, options: CallOptions): Promise<readonly HistoryEvent[]> {
    let refusal: LeanRefused | undefined;
    try {
      const events = await this.#tryKey('payment_id', ids, options);
      if (events.length > 0) return events;
    } catch (error) {
      // Lean may refuse the wrong kind of id as an invalid parameter.
      if (!(error instanceof LeanRefused && error.code === 'LEAN_REFUSED')) throw error;
      refusal = error;
    }
    const events = await this.#tryKey('payment_intent_id', ids, options);
    if (events.length === 0 && refusal !== undefined) throw refusal;
    return events;
  }

  /** Reads with one kind of id, and keeps it for later reads if it returns events of the payout. */
  async #tryKey(key: HistoryKey, ids: PayoutIds, options: CallOptions): Promise<readonly HistoryEvent[]> {
    const events = await this.#read(key, ids, options);
    if (showsPayment(events, ids.paymentId)) this.#key = key;
    return events;
  }

  #read(key: HistoryKey, ids: PayoutIds, options: CallOptions): Promise<readonly HistoryEvent[]> {
    const idInPath = key === 'payment_id' ? ids.paymentId : ids.intentId;
    if (idInPath === null) return Promise.resolve([]);
    return this.#client.getPayoutHistory(idInPath, options).then(history => {
      if (history === null) return [];
      const intentId = leanId(history.intent_id);
      if (intentId !== null && intentId !== ids.intentId) throw this.#client.reportMisroutedAnswer('history');
      const events = historyFromLean(history, ids.intentId);
      // Lean may add a payment late to the history of its intent, but not to the one that has the payment's id.
      const isOfPayment =
        key === 'payment_intent_id' || events.length === 0 || showsPayment(events, ids.paymentId);
      if (!isOfPayment) throw this.#client.reportMisroutedAnswer('history');
      return events;
    });
  }

  /**
   * The intent and customer of a payment, for Lean applications that have no call for a single payment.
   * @returns null if Lean does not know the payment
   * @throws LeanNotOffered if the history does not name the intent; LeanError
   */
  async ownerOf(paymentId: string, options: CallOptions): Promise<PaymentOwner | null> {
    const history = await this.#client.getPayoutHistory(paymentId, options);
    if (history === null) return null;
    const intentId = leanId(history.intent_id);
    if (intentId === null) throw new LeanNotOffered();
    const payments = objects<LeanHistoryEntry>(history.payments).filter(
      entry => leanId(entry.payment_id) !== null,
    );
    const payment = payments.find(entry => leanId(entry.payment_id) === paymentId);
    // A caller may have passed the id of an intent, which some applications also accept.
    const isOther = payment === undefined && payments.length > 0 && intentId !== paymentId;
    if (isOther) throw this.#client.reportMisroutedAnswer('history');
    return {
      intentId,
      customerId: optionalField(history, 'customer_id', shortText),
      initiatedAt: payment && optionalField(payment, 'initiation_timestamp', instantFromLean),
    };
  }
}

function noop(): void {
  // The caller of the read handles its result and its error.
}

/**
 * The events of all payments of an intent, oldest first, from either shape of Lean's history (`content` or `payments`).
 * @throws LeanBadAnswer if the history has neither shape, or if an event has no time and so cannot be sorted
 */
export function historyFromLean(history: LeanHistory, intentId: string): readonly HistoryEvent[] {
  const entries = [history.content, history.payments].filter(list => list != null);
  if (entries.length === 0 || !entries.every(Array.isArray)) throw badHistory('no list of payments');
  const events = entries.flat().flatMap(entry => {
    const { events: list } = isJsonObject(entry) ? (entry as LeanHistoryEntry) : {};
    if (!Array.isArray(list)) throw badHistory('a payment without events');
    return sortByTime(eventsOf(entry as LeanHistoryEntry, intentId));
  });
  return sortByTime(events);
}

function eventsOf(entry: LeanHistoryEntry, intentId: string): HistoryEvent[] {
  return (entry.events ?? []).map((event: unknown) => {
    const {
      published_at,
      status,
      event: name,
      post_initiation_status,
    } = isJsonObject(event) ? (event as LeanHistoryEvent) : {};
    const publishedAt = instantFromLean(published_at);
    if (publishedAt === null) throw badHistory('an event without a time');
    const leanStatus = shortText(status) ?? 'UNKNOWN';
    return {
      payoutId: payoutIdOf(intentId),
      paymentId: leanId(entry.payment_id),
      type: eventType(text(name)),
      status: statusOf(leanStatus),
      leanStatus,
      postInitiationStatus: postInitiationStatusFromLean(post_initiation_status),
      publishedAt,
    };
  });
}

function badHistory(problem: string): LeanBadAnswer {
  return new LeanBadAnswer(`Lean's history has ${problem} in it.`);
}

/**
 * Sorts events, oldest first. Events of the same instant keep Lean's order, which is reversed if Lean lists the newest
 * event first.
 */
function sortByTime(events: readonly HistoryEvent[]): readonly HistoryEvent[] {
  const [first, last] = [events[0], events.at(-1)];
  const isNewestFirst =
    first !== undefined && last !== undefined && compareInstants(first.publishedAt, last.publishedAt) > 0;
  const oldestFirst = isNewestFirst ? events.toReversed() : events;
  // Usually the events are in order now and need no sort.
  return oldestFirst.every(
    (event, index) => index === 0 || byTime(oldestFirst[index - 1] ?? event, event) <= 0,
  )
    ? oldestFirst
    : oldestFirst.toSorted(byTime);
}

function byTime(a: HistoryEvent, b: HistoryEvent): number {
  return compareInstants(a.publishedAt, b.publishedAt);
}

/** @param name the name of Lean's event, such as `payment.created` */
export function eventType(name: string | null): HistoryEventType {
  if (name === 'payment.created') return 'PAYMENT_CREATED';
  return name === 'payment.updated' ? 'PAYMENT_UPDATED' : 'UNKNOWN';
}
