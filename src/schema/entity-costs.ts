import { requiredSource, type Origin } from '../payouts/payout-facts.ts';
import type { LeanRead } from './fact-field.ts';

/**
 * The estimated Lean calls of the entities of one request. An id costs its calls once, because a request reads nothing
 * twice. If several fields ask for it, it costs the calls for the selections of all of them.
 */
export class EntityCosts {
  readonly #maxCalls: number;
  readonly #entities = new Map<unknown, { readonly reads: ReadonlySet<LeanRead>; readonly cost: number }>();
  #sum = 0;

  /** @param maxCalls how many Lean calls the entities may cost together */
  constructor(maxCalls: number) {
    this.#maxCalls = maxCalls;
  }

  /** The Lean calls of all entities that were added. It is never more than `maxCalls`. */
  get sum(): number {
    return this.#sum;
  }

  /**
   * Adds a representation, unless its calls would exceed the limit. It is not validated yet, so an invalid one costs as
   * much as a valid one.
   * @param readsOf the reads for the selections on an entity type
   * @returns whether it was added
   */
  tryAdd(representation: unknown, readsOf: (type: string) => ReadonlySet<LeanRead>): boolean {
    const { __typename, id, intentId, paymentId } = (representation ?? {}) as Readonly<
      Record<string, unknown>
    >;
    const type = typeof __typename === 'string' ? __typename : '';
    const [kind, key] =
      id != null ? ['id', id] : intentId != null ? ['intent', intentId] : ['payment', paymentId];
    // Valid types and ids contain no spaces, so an invalid representation cannot have the key of a valid one.
    const entity = typeof key === 'string' ? `${type} ${kind} ${key}` : representation;
    const known = this.#entities.get(entity);
    const reads = readsOf(type);
    if (known?.reads === reads) return true;
    const allReads = known === undefined ? reads : known.reads.union(reads);
    const origin = kind === 'payment' ? 'payment' : 'intent';
    // The call that finds a destination also reads all of its fields.
    const cost = 1 + (type === 'PayoutDestination' ? 0 : callsFor(allReads, origin));
    const sum = this.#sum + cost - (known?.cost ?? 0);
    if (sum > this.#maxCalls) return false;
    this.#entities.set(entity, { reads: allReads, cost });
    this.#sum = sum;
    return true;
  }
}

/** The Lean calls of a payout after the one that found it: one for each source, however many fields need it. */
export function callsFor(reads: ReadonlySet<LeanRead>, origin: Origin): number {
  const calls = new Set<string>();
  for (const read of reads)
    if (typeof read === 'string') {
      if (read !== origin) calls.add(read);
    } else {
      // The `payout` field of a created payout or of an update reads the payout by its intent.
      const source = origin === 'creation' && reads.has('intent') ? 'intent' : origin;
      const call = requiredSource(read, source);
      if (call !== undefined) calls.add(call);
    }
  return calls.size;
}
