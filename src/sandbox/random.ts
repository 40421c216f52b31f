const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

/**
 * A deterministic random number generator (mulberry32): the same seed and stream name always give the same sequence.
 * Each purpose has its own stream, so that additional draws for one purpose do not change the draws for another. The
 * stream name is part of the seed: another name gives other numbers and ids.
 */
export class Random {
  #state: number;

  constructor(seed: number, stream: string) {
    this.#state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b);
    for (const character of stream) {
      this.#state = Math.imul(this.#state ^ (character.codePointAt(0) ?? 0), 0x01000193);
    }
  }

  /** A whole number from 0 to 2^32 - 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  /** A number from 0 (inclusive) to 1 (exclusive). */
  fraction(): number {
    return this.next() / 2 ** 32;
  }

  /** A whole number from 0 (inclusive) to `limit` (exclusive). */
  below(limit: number): number {
    return Math.floor(this.fraction() * limit);
  }

  /** One of `choices`, which must not be empty. */
  pick<Choice>(choices: readonly Choice[]): Choice {
    return choices[this.below(choices.length)] as Choice; // the index is always within bounds
  }

  /** Lower-case hex digits. `length` must be a multiple of eight. */
  hex(length: number): string {
    let text = '';
    while (text.length < length) text += this.next().toString(16).padStart(8, '0');
    return text;
  }

  /** Mixed-case ASCII letters. */
  letters(length: number): string {
    let text = '';
    while (text.length < length) text += letters.charAt(this.below(letters.length));
    return text;
  }

  /** Decimal digits. The first one is not zero. */
  digits(length: number): string {
    let text = String(1 + this.below(9));
    while (text.length < length) text += this.below(10);
    return text;
  }

  /** An RFC 9562 version 4 UUID. */
  uuid(): string {
    const hex = this.hex(32);
    const variant = '89ab'.charAt(this.below(4));
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
  }
}
