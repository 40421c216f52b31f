/** A number of a JSON request that a binary float might change, as its own digits: `Decimal` alone reads it. */
export class ExactNumber {
  readonly digits: string;

  constructor(digits: string) {
    this.digits = digits;
  }

  /** What error messages show. */
  toJSON(): string {
    return this.digits;
  }
}
