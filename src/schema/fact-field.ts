import { costSentence, facts, type Fact, type FactName } from '../payouts/payout-facts.ts';

/** A read that a field may need: a fact of the payout, its intent or history, or a destination. */
export type Need = Fact | 'intent' | 'history' | 'destination';

/** Marks the definition of a field with what it may have to read from Lean. `lean-cost.ts` counts it. */
export function asksLean(need: Need): { readonly extensions: { readonly asksLean: Need } } {
  return { extensions: { asksLean: need } };
}

/** For a field that is a fact of a payout: marks it, and adds its cost to the description. */
export function ofFact(name: FactName, description: string): ReturnType<typeof ofAnyFact> {
  return ofAnyFact(facts[name], description);
}

/** The same for a fact of any table. */
export function ofAnyFact(fact: Fact, description: string) {
  return { ...asksLean(fact), description: `${description} ${costSentence(fact)}`.trim() };
}
