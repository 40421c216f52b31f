import type { PayoutIntent } from '../payout-intent.ts';
import type { CreatedTransfer } from './created-transfer.ts';
import { readInChunks } from './intent-reads.ts';
import type { ReferencedTransfer } from './transfer.ts';

/**
 * Corrects the order of Lean's answers to transfers of a batch with the same destination and amount. Lean documents no
 * order, and only the references of the intents show which answer is whose. If no intent can be read, or Lean shows no
 * references, the order stays as it is.
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
  const intents = await readInChunks(positions, at => readIntent(answers[at]?.intentId ?? ''));
  const sorted = [...answers];
  const intentAt = new Map<number, string>();
  let known = 0;
  let isInOrder = true;
  for (const [index, from] of positions.entries()) {
    const to = positionOf.get(intents[index]?.externalReference ?? undefined);
    const [answer, replaced] = [answers[from], to === undefined ? undefined : answers[to]];
    if (to === undefined || answer === undefined || replaced === undefined) continue;
    // Transfers may share an intent. Two intents with the same reference leave a transfer without one.
    if ((intentAt.get(to) ?? answer.intentId) !== answer.intentId) return undefined;
    intentAt.set(to, answer.intentId);
    sorted[to] = { ...answer, amount: replaced.amount };
    known += 1;
    isInOrder &&= from === to;
  }
  return isInOrder || known === positions.length ? sorted : undefined;
}
