import type { DocumentNode } from 'graphql';
import { TooManySubscriptions } from '../../../errors/gateway-errors.ts';
import { connectionLimits as limits } from '../../http/connection-limits.ts';
import { bytesOfDocument } from '../documents/document-cache.ts';

/** A document and the text that it was parsed from. */
export interface SubscribedDocument {
  readonly text: string;
  readonly document: DocumentNode;
}

/** A larger document of a router counts as several, because the limit protects the memory. */
const bytesPerDocument = 1024 * 1024;

/**
 * Counts the open subscriptions of all transports. It limits their number and the number of different documents that
 * they keep, for each caller and in total, because the syntax tree of a document may take hundreds of kilobytes.
 */
export class Subscriptions {
  readonly #countsByCaller = new Map<string, number>();
  /** By text. */
  readonly #documents = new Map<string, { readonly shared: SubscribedDocument; count: number }>();
  /** The number of documents; a large one counts as several. */
  #documentCount = 0;
  /** For each caller, the number of subscriptions by the text of their document. */
  readonly #documentsByCaller = new Map<string, Map<string, number>>();
  #count = 0;

  /** The number of open subscriptions. */
  get count(): number {
    return this.#count;
  }

  /** The document of an open subscription with the same text; the new document if there is none. */
  shared(document: SubscribedDocument): SubscribedDocument {
    return this.#documents.get(document.text)?.shared ?? document;
  }

  /**
   * Counts one more subscription.
   * @param caller undefined for a router, which subscribes for many callers and has no limit of its own
   * @param document the result of `shared`
   * @returns a function to call when the subscription ends; further calls do nothing
   * @throws TooManySubscriptions
   */
  begin(caller: string | undefined, document: SubscribedDocument): () => void {
    if (this.#count >= limits.subscriptions)
      throw new TooManySubscriptions(
        `This gateway already has ${String(limits.subscriptions)} subscriptions, the maximum. Try again later.`,
      );
    const own = caller === undefined ? 0 : (this.#countsByCaller.get(caller) ?? 0);
    if (own >= limits.subscriptionsPerCaller)
      throw new TooManySubscriptions(
        `You already have ${String(limits.subscriptionsPerCaller)} subscriptions, the maximum for one caller. End some; one ` +
          'subscription without an id follows all payouts.',
      );
    this.#checkDocumentLimits(document, caller);
    this.#add(caller, document, 1);
    let ended = false;
    return () => {
      if (!ended) this.#add(caller, document, -1);
      ended = true;
    };
  }

  /** @throws TooManySubscriptions if the subscription would keep one document too many */
  #checkDocumentLimits(shared: SubscribedDocument, caller: string | undefined): void {
    const { text } = shared;
    if (!this.#documents.has(text) && this.#documentCount + countOf(shared) > limits.subscribedDocuments)
      throw new TooManySubscriptions(
        `The subscriptions of this gateway already have ${String(limits.subscribedDocuments)} different documents, the ` +
          'maximum. Try again later.',
      );
    const own = caller === undefined ? undefined : this.#documentsByCaller.get(caller);
    if (own !== undefined && !own.has(text) && own.size >= limits.subscribedDocumentsPerCaller)
      throw new TooManySubscriptions(
        `Your subscriptions already have ${String(limits.subscribedDocumentsPerCaller)} different documents, the maximum ` +
          'for one caller. Use one document with different variables.',
      );
  }

  #add(caller: string | undefined, shared: SubscribedDocument, change: 1 | -1): void {
    const { text } = shared;
    this.#count += change;
    const document = this.#documents.get(text) ?? { shared, count: 0 };
    if (document.count === 0) this.#documentCount += countOf(shared);
    document.count += change;
    if (document.count === 0) {
      this.#documents.delete(text);
      this.#documentCount -= countOf(shared);
    } else this.#documents.set(text, document);
    if (caller === undefined) return;
    addTo(this.#countsByCaller, caller, change);
    const own = this.#documentsByCaller.get(caller) ?? new Map<string, number>();
    addTo(own, text, change);
    if (own.size === 0) this.#documentsByCaller.delete(caller);
    else this.#documentsByCaller.set(caller, own);
  }
}

/** How many documents a document counts as. */
function countOf({ text, document }: SubscribedDocument): number {
  return Math.max(1, Math.ceil((2 * text.length + bytesOfDocument(document)) / bytesPerDocument));
}

/** Changes a count, and removes it when it reaches 0. */
function addTo(counts: Map<string, number>, key: string, change: 1 | -1): void {
  const count = (counts.get(key) ?? 0) + change;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}
