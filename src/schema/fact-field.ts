import { costSentence, facts, type Fact, type FactName } from '../payouts/payout-facts.ts';

/** What a field may have to ask Lean for: a fact of the payout, its intent, or its history. */
export type Need = Fact | 'intent' | 'history';

/** For a field's definition: what it may have to ask Lean for. `lean-cost.ts` reads it. */
export function asksLean(need: Need): { readonly extensions: { readonly asksLean: Need } } {
  return { extensions: { asksLean: need } };
}

/** For the definition of a field that is a fact of a payout: its description, with what it costs. */
export function ofFact(name: FactName, description: string): ReturnType<typeof ofAnyFact> {
  return ofAnyFact(facts[name], description);
}

/** The same for any table of facts. */
export function ofAnyFact(fact: Fact, description: string) {
  return { ...asksLean(fact), description: `${description} ${costSentence(fact)}`.trim() };
}
