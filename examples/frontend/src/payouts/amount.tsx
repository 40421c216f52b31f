interface Props {
  /** An exact decimal, as text. */
  readonly amount: string;
  readonly currency: string;
}

/** An amount with all its digits: `Intl.NumberFormat` reads text digit by digit, and never as a binary number. */
export function Amount({ amount, currency }: Props) {
  const format = new Intl.NumberFormat(undefined, {
    style: 'currency',
    currency,
    currencyDisplay: 'code',
    maximumFractionDigits: 20,
  });
  return <span className="amount">{format.format(amount as `${number}`)}</span>;
}
