import type { LeanBehaviour } from './behaviour.ts';
import { Decimal } from '../decimal.ts';
import type { Progress } from '../payout.ts';

type Losses = Pick<LeanBehaviour, 'amounts' | 'references'>;

const cutLength = 10;

/** A payout as Lean's reads give it back, which may be less exact than what Lean was asked to pay. */
export function reportedPayout(payout: Progress, { amounts, references }: Readonly<Losses>): Progress {
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

function reportedReference(reference: string, references: Losses['references']): string | null {
  switch (references) {
    case 'exact':
      return reference;
    case 'trimmed':
      return reference.trim().replace(/\s+/g, ' ');
    case 'cut':
      return [...reference].slice(0, cutLength).join('');
    case 'lowercased':
      return reference.toLowerCase();
    case 'dropped':
      return null;
  }
}
