const pattern = /^(-?\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/;

/** An exact decimal number of any length: `digits` divided by ten to the power of `scale`. */
export class Decimal {
  readonly digits: bigint;
  /** The number of digits after the decimal point, without trailing zeros. */
  readonly scale: number;

  private constructor(digits: bigint, scale: number) {
    this.digits = digits;
    this.scale = scale;
  }

  /** Parses plain or exponent notation. Undefined if the text is not a number or its exponent has over three digits. */
  static parse(text: string): Decimal | undefined {
    const [, whole, fraction = '', exponent = '0'] = pattern.exec(text) ?? [];
    if (whole === undefined) return undefined;
    const writtenScale = fraction.length - Number(exponent);
    const significant = whole + fraction;
    const zeros = /0*$/.exec(significant)?.[0].length ?? 0;
    const dropped = Math.min(zeros, Math.max(writtenScale, 0));
    const digits = BigInt(significant.slice(0, significant.length - dropped) || '0');
    if (digits === 0n) return new Decimal(0n, 0);
    return writtenScale < 0
      ? new Decimal(digits * 10n ** BigInt(-writtenScale), 0)
      : new Decimal(digits, writtenScale - dropped);
  }

  /** Negative if this is less than `other`, zero if equal, positive if greater. */
  compare(other: Decimal): number {
    const mine = scaled(this.digits, other.scale - this.scale);
    const theirs = scaled(other.digits, this.scale - other.scale);
    return mine < theirs ? -1 : mine > theirs ? 1 : 0;
  }

  /** The nearest whole number. A half is rounded up, towards positive infinity. */
  rounded(): Decimal {
    if (this.scale === 0) return this;
    const unit = 10n ** BigInt(this.scale);
    const doubled = this.digits * 2n + unit;
    // BigInt division truncates towards zero, so a negative quotient with a remainder must go down by one.
    const quotient = doubled / (unit * 2n);
    return new Decimal(doubled < 0n && doubled % (unit * 2n) !== 0n ? quotient - 1n : quotient, 0);
  }

  /** The shortest exact text, such as `16` for 16.00. */
  toString(): string {
    if (this.scale === 0) return this.digits.toString();
    const sign = this.digits < 0n ? '-' : '';
    const digits = (this.digits < 0n ? -this.digits : this.digits).toString().padStart(this.scale + 1, '0');
    return `${sign}${digits.slice(0, -this.scale)}.${digits.slice(-this.scale)}`;
  }
}

/** Multiplies by ten to the power of `places`. Returns `digits` unchanged if `places` is zero or negative. */
function scaled(digits: bigint, places: number): bigint {
  return places > 0 ? digits * 10n ** BigInt(places) : digits;
}
