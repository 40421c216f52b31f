import type { LeanBehaviour } from './behaviour.ts';
import { Decimal } from '../decimal.ts';
import type { PayoutSnapshot } from '../payout.ts';

type Precision = Pick<LeanBehaviour, 'amounts' | 'references'>;

const maxReferenceLength = 10;

/** A payout as Lean's reads return it. With some settings it is less exact than the creation request. */
export function reportedPayout(
  payout: PayoutSnapshot,
  { amounts, references }: Readonly<Precision>,
): PayoutSnapshot {
  if (amounts === 'exact' && references === 'exact') return payout;
  const { facts } = payout;
  return {
    ...payout,
    facts: {
      ...facts,
      amount: amounts === 'rounded' ? rounded(facts.amount) : facts.amount,
      externalReference:
        facts.externalReference === null ? null : reportedReference(facts.externalReference, references),
    },
  };
}

function rounded(amount: string): string {
  return Decimal.parse(amount)?.rounded().toString() ?? amount;
}

function reportedReference(reference: string, references: Precision['references']): string | null {
  switch (references) {
    case 'exact':
      return reference;
    case 'trimmed':
      return reference.trim().replace(/\s+/g, ' ');
    case 'cut':
      return [...reference].slice(0, maxReferenceLength).join('');
    case 'lowercased':
      return reference.toLowerCase();
    case 'dropped':
      return null;
  }
}
