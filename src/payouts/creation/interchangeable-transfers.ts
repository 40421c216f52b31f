import type { PayoutIntent } from '../payout-intent.ts';
import type { CreatedTransfer } from './created-transfer.ts';
import type { ReferencedTransfer } from './transfer.ts';

/** The most intents that are read at the same time, so that a batch does not delay the reads of callers. */
const concurrentIntentReads = 8;

/**
 * Corrects the order of Lean's answers to transfers of a batch with the same destination and amount. Lean documents no
 * order, and its answers do not show which is which, but the references of their intents do. If no intent can be read, or
 * Lean shows no references, the order stays as it is.
 * @param answers one for each transfer, in Lean's order
 * @param transfers each has a reference of its own
 * @param positions of the transfers whose answers may be exchanged
 * @param readIntent undefined if it cannot be read
 * @returns undefined if the order is certainly wrong, and the right one is not known
 */
export async function sortByReference(
  answers: readonly CreatedTransfer[],
  transfers: readonly ReferencedTransfer[],
  positions: readonly number[],
  readIntent: (intentId: string) => Promise<PayoutIntent | null | undefined>,
): Promise<readonly CreatedTransfer[] | undefined> {
  const positionOf = new Map(positions.map(at => [transfers[at]?.externalReference, at]));
  const sorted = [...answers];
  let known = 0;
  let isInOrder = true;
  for (let next = 0; next < positions.length; next += concurrentIntentReads) {
    const chunk = positions.slice(next, next + concurrentIntentReads);
    const intents = await Promise.all(chunk.map(at => readIntent(answers[at]?.intentId ?? '')));
    for (const [index, from] of chunk.entries()) {
      const to = positionOf.get(intents[index]?.externalReference ?? undefined);
      const [answer, replaced] = [answers[from], to === undefined ? undefined : answers[to]];
      if (to === undefined || answer === undefined || replaced === undefined) continue;
      sorted[to] = { ...answer, amount: replaced.amount };
      known += 1;
      isInOrder &&= from === to;
    }
  }
  return isInOrder || known === positions.length ? sorted : undefined;
}
