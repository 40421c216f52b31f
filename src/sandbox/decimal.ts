const pattern = /^(-?\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/;

/** An exact decimal of any length: `digits` divided by ten to the power of `scale`. */
export class Decimal {
  readonly digits: bigint;
  /** How many digits follow the point when trailing zeros are dropped. */
  readonly scale: number;

  private constructor(digits: bigint, scale: number) {
    this.digits = digits;
    this.scale = scale;
  }

  /** Reads plain or exponent notation; undefined when the text is no number, or an absurdly large one. */
  static parse(text: string): Decimal | undefined {
    const [, whole, fraction = '', exponent = '0'] = pattern.exec(text) ?? [];
    if (whole === undefined) return undefined;
    const written = fraction.length - Number(exponent);
    const significant = whole + fraction;
    const zeros = /0*$/.exec(significant)?.[0].length ?? 0;
    const dropped = Math.min(zeros, Math.max(written, 0));
    const digits = BigInt(significant.slice(0, significant.length - dropped) || '0');
    if (digits === 0n) return new Decimal(0n, 0);
    return written < 0
      ? new Decimal(digits * 10n ** BigInt(-written), 0)
      : new Decimal(digits, written - dropped);
  }

  /** Negative, zero or positive as this is less than, equal to or greater than `other`. */
  compare(other: Decimal): number {
    const mine = scaled(this.digits, other.scale - this.scale);
    const theirs = scaled(other.digits, this.scale - other.scale);
    return mine < theirs ? -1 : mine > theirs ? 1 : 0;
  }

  /** The nearest whole number; a half goes up. */
  rounded(): Decimal {
    if (this.scale === 0) return this;
    const unit = 10n ** BigInt(this.scale);
    const twice = this.digits * 2n + unit;
    // Division drops the fraction, which would round a negative number up.
    const up = twice / (unit * 2n);
    return new Decimal(twice < 0n && twice % (unit * 2n) !== 0n ? up - 1n : up, 0);
  }

  /** The shortest exact text: `16`, not `16.00`. */
  toString(): string {
    if (this.scale === 0) return this.digits.toString();
    const sign = this.digits < 0n ? '-' : '';
    const digits = (this.digits < 0n ? -this.digits : this.digits).toString().padStart(this.scale + 1, '0');
    return `${sign}${digits.slice(0, -this.scale)}.${digits.slice(-this.scale)}`;
  }
}

/** Multiplies by ten to the power of `places`, when that is any. */
function scaled(digits: bigint, places: number): bigint {
  return places > 0 ? digits * 10n ** BigInt(places) : digits;
}
