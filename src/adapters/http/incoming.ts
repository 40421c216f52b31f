/**
 * Counts the bytes of bodies and messages that are incomplete, or wait for their turn. If all of them together are too
 * many, it ends the senders of the incomplete bodies that began first, because an honest body comes in within moments.
 */
export class Incoming<Sender> {
  readonly #maxBytes: number;
  readonly #onEnd: (sender: Sender) => void;
  /** Incomplete bodies, in the order in which they began. */
  readonly #unfinished = new Set<IncomingBody<Sender>>();
  #sum = 0;

  /** @param onEnd ends a sender's connection */
  constructor(maxBytes: number, onEnd: (sender: Sender) => void) {
    this.#maxBytes = maxBytes;
    this.#onEnd = onEnd;
  }

  get bytes(): number {
    return this.#sum;
  }

  /** Called by a body when the number of bytes that it holds has changed. */
  changed(body: IncomingBody<Sender>, by: number, unfinished: boolean): void {
    this.#sum += by;
    if (unfinished) this.#unfinished.add(body);
    else this.#unfinished.delete(body);
    if (this.#sum <= this.#maxBytes) return;
    for (const oldest of this.#unfinished) {
      if (this.#sum <= this.#maxBytes) return;
      oldest.release();
      this.#onEnd(oldest.sender);
    }
  }
}

/** The bytes held of one body, or of the messages of a connection, one after another. */
export class IncomingBody<Sender> {
  readonly sender: Sender;
  readonly #incoming: Incoming<Sender>;
  #bytes = 0;
  #released = false;

  constructor(sender: Sender, incoming: Incoming<Sender>) {
    this.sender = sender;
    this.#incoming = incoming;
  }

  /** Sets how many bytes are held of an incomplete body or message. */
  hold(bytes: number): void {
    this.#change(bytes, bytes > 0);
  }

  /** The body is complete and waits for its turn. */
  whole(): void {
    this.#change(this.#bytes, false);
  }

  /** The body is no longer held. */
  release(): void {
    this.#change(0, false);
    this.#released = true;
  }

  #change(bytes: number, unfinished: boolean): void {
    if (this.#released) return;
    const by = bytes - this.#bytes;
    this.#bytes = bytes;
    this.#incoming.changed(this, by, unfinished);
  }
}
