/** A smaller body is dropped only if the limit would be exceeded even without all larger ones. */
const smallBytes = 16 * 1024;

/** Large bodies are dropped until the total is at most this share of the limit, so that one pass is enough for a while. */
const reliefShare = 0.9;

/**
 * Counts the bytes of request bodies and messages that are incomplete or wait in the event loop batcher. When the total
 * exceeds `maxBytes`, it drops the largest incomplete bodies and closes their connections, the oldest first among equal
 * ones. An attack needs large bodies to fill the memory, and an honest client that is slow usually has a small one.
 */
export class IncomingBytes<Sender> {
  readonly #maxBytes: number;
  readonly #onLimitExceeded: (sender: Sender) => void;
  /** Incomplete bodies, the oldest first. */
  readonly #incomplete = new Set<IncomingBody<Sender>>();
  #total = 0;

  /** @param onLimitExceeded closes a sender's connection */
  constructor(maxBytes: number, onLimitExceeded: (sender: Sender) => void) {
    this.#maxBytes = maxBytes;
    this.#onLimitExceeded = onLimitExceeded;
  }

  get bytes(): number {
    return this.#total;
  }

  /** Called by a body when the number of bytes that it holds changes by `difference`. */
  update(body: IncomingBody<Sender>, difference: number, incomplete: boolean): void {
    this.#total += difference;
    if (incomplete) this.#incomplete.add(body);
    else this.#incomplete.delete(body);
    if (this.#total > this.#maxBytes) this.#closeLargest();
  }

  #closeLargest(): void {
    const largestFirst = [...this.#incomplete].sort((a, b) => b.bytes - a.bytes);
    for (const body of largestFirst) {
      const limit = body.bytes < smallBytes ? this.#maxBytes : this.#maxBytes * reliefShare;
      if (this.#total <= limit) return;
      this.#incomplete.delete(body);
      this.#total -= body.drop();
      this.#onLimitExceeded(body.sender);
    }
  }
}

/** The bytes held for one request body, or for the messages of one WebSocket, one message after another. */
export class IncomingBody<Sender> {
  readonly sender: Sender;
  readonly #incoming: IncomingBytes<Sender>;
  #bytes = 0;
  #released = false;

  constructor(sender: Sender, incoming: IncomingBytes<Sender>) {
    this.sender = sender;
    this.#incoming = incoming;
  }

  /** Sets how many bytes are held of an incomplete body or message. */
  hold(bytes: number): void {
    this.#update(bytes, bytes > 0);
  }

  /** Marks the body as complete. Its bytes count until `release`. */
  complete(): void {
    this.#update(this.#bytes, false);
  }

  /** Ends the count for this body: later calls change nothing. */
  release(): void {
    this.#update(0, false);
    this.#released = true;
  }

  /** Like `release`, but without a call of `update`, which may be its caller. @returns the bytes that were held */
  drop(): number {
    const held = this.#bytes;
    this.#bytes = 0;
    this.#released = true;
    return held;
  }

  get bytes(): number {
    return this.#bytes;
  }

  #update(bytes: number, incomplete: boolean): void {
    if (this.#released) return;
    const difference = bytes - this.#bytes;
    this.#bytes = bytes;
    this.#incoming.update(this, difference, incomplete);
  }
}
