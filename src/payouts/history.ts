import type { CallOptions, LeanClient } from '../lean/client.ts';
import { beforeSending } from '../lean/deadline.ts';
import { LeanBadAnswer, LeanNotOffered, LeanRefused } from '../errors/lean-errors.ts';
import type { LeanHistory, LeanHistoryEntry, LeanHistoryEvent } from '../lean/wire.ts';
import { postInitiationStatusFromLean, statusOf } from './from-lean.ts';
import { carried, id, instantFromLean, isRecord, leanId, objects, text } from './lean-values.ts';
import type { HistoryEvent, HistoryEventType } from './history-event.ts';
import { payoutIdOf } from './values/ids.ts';
import { compareInstants, type Instant } from './values/instant.ts';

/** Which id a Lean application wants in the path of the history call. */
export type HistoryKey = 'payment_id' | 'payment_intent_id';

export interface PayoutIds {
  readonly paymentId: string | null;
  readonly intentId: string;
}

/**
 * The facts that a payment's history carries beside its events. They are needed at Lean applications that have no call for
 * a payment (UAE V1, KSA). A fact is `undefined` if the history does not carry it.
 */
export interface PaymentOwner {
  readonly intentId: string;
  readonly customerId: string | null | undefined;
  readonly initiatedAt: Instant | null | undefined;
}

/**
 * Payouts' histories, and which id this Lean application keys them by. Unless told, that is found out by asking:
 * the payment's id first, then the intent's; whichever first brings events is remembered for the process.
 */
export class PayoutHistories {
  readonly #client: LeanClient;
  #key: HistoryKey | undefined;
  #finding: Promise<unknown> | undefined;

  constructor(client: LeanClient, key: HistoryKey | 'auto') {
    this.#client = client;
    this.#key = key === 'auto' ? undefined : key;
  }

  /** The payout's events, oldest first; none where Lean knows of none. */
  of(ids: PayoutIds, options: CallOptions): Promise<readonly HistoryEvent[]> {
    return this.#key === undefined ? this.#asked(ids, options) : this.#read(this.#key, ids, options);
  }

  async #asked(ids: PayoutIds, given: CallOptions): Promise<readonly HistoryEvent[]> {
    const deadline = given.deadline ?? this.#client.deadline();
    const options = { ...given, deadline };
    // Others wait for the first to find out; if it could not, each of them looks for itself.
    const alone = this.#finding === undefined;
    if (!alone)
      await beforeSending(
        this.#finding ?? Promise.resolve(),
        deadline,
        'Lean did not answer in time; nothing was sent.',
      );
    // Set meanwhile, maybe: the compiler does not see that waiting lets others run.
    const found = this.#key as HistoryKey | undefined;
    if (found !== undefined) return this.#read(found, ids, options);
    if (ids.paymentId === null) return this.#try('payment_intent_id', ids, options);
    const finding = this.#find(ids, options);
    if (!alone) return finding;
    this.#finding = finding.then(noop, noop);
    return finding.finally(() => (this.#finding = undefined));
  }

  async #find(ids: PayoutIds, options: CallOptions): Promise<readonly HistoryEvent[]> {
    let refusal: LeanRefused | undefined;
    try {
      const events = await this.#try('payment_id', ids, options);
      if (events.length > 0) return events;
    } catch (error) {
      // The wrong kind of id may also be refused as a bad parameter.
      if (!(error instanceof LeanRefused && error.code === 'LEAN_REFUSED')) throw error;
      refusal = error;
    }
    const events = await this.#try('payment_intent_id', ids, options);
    if (events.length === 0 && refusal !== undefined) throw refusal;
    return events;
  }

  async #try(key: HistoryKey, ids: PayoutIds, options: CallOptions): Promise<readonly HistoryEvent[]> {
    const events = await this.#read(key, ids, options);
    if (events.length > 0) this.#key = key;
    return events;
  }

  #read(key: HistoryKey, ids: PayoutIds, options: CallOptions): Promise<readonly HistoryEvent[]> {
    const idInPath = key === 'payment_id' ? ids.paymentId : ids.intentId;
    if (idInPath === null) return Promise.resolve([]);
    return this.#client
      .getPayoutHistory(idInPath, options)
      .then(history => (history === null ? [] : historyFromLean(history, ids.intentId)));
  }

  /**
   * The intent of a payment by its history, for Lean applications that have no call for the payment. Null if Lean does
   * not know the payment.
   * @throws LeanNotOffered if the history does not name the intent; LeanError
   */
  async ownerOf(paymentId: string, options: CallOptions): Promise<PaymentOwner | null> {
    const history = await this.#client.getPayoutHistory(paymentId, options);
    if (history === null) return null;
    const intentId = leanId(history.intent_id);
    if (intentId === null) throw new LeanNotOffered();
    const payment = objects<LeanHistoryEntry>(history.payments).find(
      entry => leanId(entry.payment_id) === paymentId,
    );
    return {
      intentId,
      customerId: carried(history, 'customer_id', id),
      initiatedAt: payment && carried(payment, 'initiation_timestamp', instantFromLean),
    };
  }
}

function noop(): void {
  // The outcome is the business of whoever asked.
}

/**
 * The events of a payout from either shape of Lean's history: those of all payments of its intent, oldest first.
 * @throws LeanBadAnswer if the history has neither shape, or if an event has no time, so that it cannot be placed
 */
export function historyFromLean(history: LeanHistory, intentId: string): readonly HistoryEvent[] {
  const entries = [history.content, history.payments].filter(list => list != null);
  if (entries.length === 0 || !entries.every(Array.isArray)) throw unreadable('no payments');
  const events = entries.flat().flatMap(entry => {
    const { events: list } = isRecord(entry) ? (entry as LeanHistoryEntry) : {};
    if (!Array.isArray(list)) throw unreadable('a payment without events');
    return inOrderOfTime(eventsOf(entry as LeanHistoryEntry, intentId));
  });
  return inOrderOfTime(events);
}

function eventsOf(entry: LeanHistoryEntry, intentId: string): HistoryEvent[] {
  return (entry.events ?? []).map((event: unknown) => {
    const {
      published_at,
      status,
      event: word,
      post_initiation_status,
    } = isRecord(event) ? (event as LeanHistoryEvent) : {};
    const publishedAt = instantFromLean(published_at);
    if (publishedAt === null) throw unreadable('an event without a time');
    const leanStatus = id(status) ?? 'UNKNOWN';
    return {
      payoutId: payoutIdOf(intentId),
      paymentId: leanId(entry.payment_id),
      type: eventType(text(word)),
      status: statusOf(leanStatus),
      leanStatus,
      postInitiationStatus: postInitiationStatusFromLean(post_initiation_status),
      publishedAt,
    };
  });
}

function unreadable(what: string): LeanBadAnswer {
  return new LeanBadAnswer('LEAN_BAD_RESPONSE', `Lean's history has ${what} in it.`, { retryable: false });
}

/** Stable for events of one instant: those keep Lean's order, turned round where Lean's is newest first. */
function inOrderOfTime(events: readonly HistoryEvent[]): readonly HistoryEvent[] {
  const [first, last] = [events[0], events.at(-1)];
  const newestFirst =
    first !== undefined && last !== undefined && compareInstants(first.publishedAt, last.publishedAt) > 0;
  const rising = newestFirst ? events.toReversed() : events;
  // Mostly they are in order by now.
  return rising.every((event, index) => index === 0 || byTime(rising[index - 1] ?? event, event) <= 0)
    ? rising
    : rising.toSorted(byTime);
}

function byTime(a: HistoryEvent, b: HistoryEvent): number {
  return compareInstants(a.publishedAt, b.publishedAt);
}

export function eventType(word: string | null): HistoryEventType {
  if (word === 'payment.created') return 'PAYMENT_CREATED';
  return word === 'payment.updated' ? 'PAYMENT_UPDATED' : 'UNKNOWN';
}
