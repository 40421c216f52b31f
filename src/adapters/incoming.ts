import type { Connection } from './connections.ts';

/**
 * Counts the bytes of bodies and messages that are held before anything is done with them: those that have not come in
 * whole, and those that wait for their turn. An honest body comes in within moments, so where it is too much in all, the
 * senders are ended whose bodies have been coming in for longest.
 */
export class Incoming {
  readonly #maxBytes: number;
  readonly #onEnd: (sender: Connection) => void;
  /** Not yet whole, in the order in which they began. */
  readonly #unfinished = new Set<IncomingBody>();
  #sum = 0;

  /** @param onEnd is to end a sender */
  constructor(maxBytes: number, onEnd: (sender: Connection) => void) {
    this.#maxBytes = maxBytes;
    this.#onEnd = onEnd;
  }

  get bytes(): number {
    return this.#sum;
  }

  /** To be called when a body holds more bytes than before, or less. */
  changed(body: IncomingBody, by: number, unfinished: boolean): void {
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

/** A body, or the messages of a connection one after another. */
export class IncomingBody {
  readonly sender: Connection;
  readonly #incoming: Incoming;
  #bytes = 0;
  #released = false;

  constructor(sender: Connection, incoming: Incoming) {
    this.sender = sender;
    this.#incoming = incoming;
  }

  /** More of it may come. */
  hold(bytes: number): void {
    this.#change(bytes, bytes > 0);
  }

  /** All of it is there. */
  whole(): void {
    this.#change(this.#bytes, false);
  }

  /** Nothing of it is held any more. */
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
