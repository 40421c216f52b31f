import type { CallOptions, LeanClient } from '../lean/client.ts';
import { beforeSending } from '../lean/deadline.ts';
import { LeanRefused } from '../lean/errors.ts';
import type { LeanHistory, LeanHistoryEntry, LeanHistoryEvent } from '../lean/wire.ts';
import { id, instantFromLean, objects, postInitiationStatusFromLean, statusOf, text } from './from-lean.ts';
import type { HistoryEvent, HistoryEventType } from './history-event.ts';
import { payoutId } from './ids.ts';
import { compareInstants } from './instant.ts';

/** Which id a Lean application wants in the path of the history call. */
export type HistoryKey = 'payment_id' | 'payment_intent_id';

export interface PayoutIds {
  readonly paymentId: string | null;
  readonly intentId: string | null;
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
    const leanId = key === 'payment_id' ? ids.paymentId : ids.intentId;
    if (leanId === null) return Promise.resolve([]);
    return this.#client
      .getPayoutHistory(leanId, options)
      .then(history => (history === null ? [] : historyFromLean(history, ids)));
  }
}

function noop(): void {
  // The outcome is the business of whoever asked.
}

/**
 * The events of one payout out of either shape of Lean's history, oldest first whatever order they came in. An
 * intent may have had several payments: only this payout's events stay, and those from before there was a payment
 * when there has been no other one. An event without a time cannot be placed and is left out.
 */
export function historyFromLean(history: LeanHistory, ids: PayoutIds): readonly HistoryEvent[] {
  const entries = [
    ...objects<LeanHistoryEntry>(history.content),
    ...objects<LeanHistoryEntry>(history.payments),
  ];
  const isOther = (payment: string | null): boolean => payment !== null && payment !== ids.paymentId;
  const shared = ids.paymentId !== null && entries.some(entry => isOther(id(entry.payment_id)));
  const ours = shared ? entries.filter(entry => id(entry.payment_id) === ids.paymentId) : entries;
  const events = ours.flatMap(entry => inOrderOfTime(eventsOf(entry, ids)));
  return inOrderOfTime(events);
}

function eventsOf(entry: LeanHistoryEntry, ids: PayoutIds): HistoryEvent[] {
  const events: HistoryEvent[] = [];
  for (const event of objects<LeanHistoryEvent>(entry.events)) {
    const publishedAt = instantFromLean(event.published_at);
    if (publishedAt === null) continue;
    const leanStatus = id(event.status) ?? 'UNKNOWN';
    events.push({
      payoutId: payoutId(ids.paymentId ?? id(entry.payment_id), ids.intentId) ?? '',
      type: eventType(text(event.event)),
      status: statusOf(leanStatus),
      leanStatus,
      postInitiationStatus: postInitiationStatusFromLean(event.post_initiation_status),
      publishedAt,
    });
  }
  return events;
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
