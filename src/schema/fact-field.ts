import { costSentence, facts, type Fact, type FactName } from '../payouts/payout-facts.ts';

/** Something that a field may have to read from Lean: a fact of the payout, its intent or history, or a destination. */
export type LeanRead = Fact | 'intent' | 'history' | 'destination';

/** Options of a field that may read from Lean. `lean-cost.ts` counts the calls. */
export function readsLean(read: LeanRead): { readonly extensions: { readonly leanRead: LeanRead } } {
  return { extensions: { leanRead: read } };
}

/** Options of a field that is a fact of a payout. Adds the cost to the description. */
export function factOptions(name: FactName, description: string): ReturnType<typeof factOptionsOf> {
  return factOptionsOf(facts[name], description);
}

/** As `factOptions`, for a fact of any table. */
export function factOptionsOf(fact: Fact, description: string) {
  return { ...readsLean(fact), description: `${description} ${costSentence(fact)}`.trim() };
}
