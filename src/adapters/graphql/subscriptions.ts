import type { DocumentNode } from 'graphql';
import { TooManySubscriptions } from '../../errors/gateway-errors.ts';
import { connectionLimits as limits } from '../http/connection-limits.ts';

/** A document, and the text that it was parsed from. */
export interface SubscribedDocument {
  readonly text: string;
  readonly document: DocumentNode;
}

/**
 * The open subscriptions, however their subscribers are connected. Bounds how many there are, and how many different
 * documents they keep: a syntax tree may take hundreds of kilobytes.
 */
export class Subscriptions {
  readonly #ofCallers = new Map<string, number>();
  readonly #documents = new Map<string, { readonly shared: SubscribedDocument; count: number }>();
  readonly #documentsOfCallers = new Map<string, Map<string, number>>();
  #count = 0;

  /** How many are open. */
  get count(): number {
    return this.#count;
  }

  /** The document that an open subscription with the same text has, or else the given one. */
  shared(given: SubscribedDocument): SubscribedDocument {
    return this.#documents.get(given.text)?.shared ?? given;
  }

  /**
   * Counts one more subscription.
   * @param caller undefined for a router, which subscribes for many callers
   * @param document from `shared`
   * @returns what is to be called when it is over
   * @throws TooManySubscriptions
   */
  begin(caller: string | undefined, document: SubscribedDocument): () => void {
    if (this.#count >= limits.subscriptions)
      throw new TooManySubscriptions(
        `This gateway already has ${String(limits.subscriptions)} subscriptions, the maximum. Try again later.`,
      );
    const own = caller === undefined ? 0 : (this.#ofCallers.get(caller) ?? 0);
    if (own >= limits.subscriptionsPerCaller)
      throw new TooManySubscriptions(
        `You already have ${String(limits.subscriptionsPerCaller)} subscriptions, the maximum for one caller. End some; one ` +
          'subscription without an id follows all payouts.',
      );
    this.#demandRoomFor(document, caller);
    this.#add(caller, document, 1);
    let over = false;
    return () => {
      if (!over) this.#add(caller, document, -1);
      over = true;
    };
  }

  #demandRoomFor({ text }: SubscribedDocument, caller: string | undefined): void {
    if (!this.#documents.has(text) && this.#documents.size >= limits.subscribedDocuments)
      throw new TooManySubscriptions(
        `The subscriptions of this gateway already have ${String(limits.subscribedDocuments)} different documents, the ` +
          'maximum. Try again later.',
      );
    const own = caller === undefined ? undefined : this.#documentsOfCallers.get(caller);
    if (own !== undefined && !own.has(text) && own.size >= limits.subscribedDocumentsPerCaller)
      throw new TooManySubscriptions(
        `Your subscriptions already have ${String(limits.subscribedDocumentsPerCaller)} different documents, the maximum ` +
          'for one caller. Give what differs as variables.',
      );
  }

  #add(caller: string | undefined, shared: SubscribedDocument, change: 1 | -1): void {
    const { text } = shared;
    this.#count += change;
    const document = this.#documents.get(text) ?? { shared, count: 0 };
    document.count += change;
    if (document.count === 0) this.#documents.delete(text);
    else this.#documents.set(text, document);
    if (caller === undefined) return;
    addTo(this.#ofCallers, caller, change);
    const own = this.#documentsOfCallers.get(caller) ?? new Map<string, number>();
    addTo(own, text, change);
    if (own.size === 0) this.#documentsOfCallers.delete(caller);
    else this.#documentsOfCallers.set(caller, own);
  }
}

function addTo(counts: Map<string, number>, key: string, change: 1 | -1): void {
  const count = (counts.get(key) ?? 0) + change;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}
