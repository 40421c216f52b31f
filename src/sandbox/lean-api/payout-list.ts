import { type Instant, seconds } from '../instant.ts';
import { wireOf, type Lean } from './lean.ts';
import type { Parameters } from './parameters.ts';
import type { Payout } from '../payout.ts';
import { parsePayoutQuery, type PayoutQuery } from './payout-query.ts';
import { Random } from '../random.ts';
import { reportedPayout } from './reported-payout.ts';

/** One page of the list as JSON. Throws a Refusal on a parameter that is not what it should be. */
export function payoutList(lean: Lean, parameters: Parameters, now: Instant): string {
  const { behaviour, store } = lean;
  const query = parsePayoutQuery(parameters, lean.maxPageSize);
  const { pageNumber: number, pageSize: size } = query;
  const capacity = Math.min(size, behaviour.listCap ?? size);
  const offset = number * capacity;
  const found = findPayouts(lean, query, now);
  const payouts = found?.slice(offset, offset + capacity) ?? store.newest(offset, capacity);
  return wireOf(lean).list({
    items: payouts.map(payout => reportedPayout(payout.at(now), behaviour)),
    number,
    size,
    capacity,
    total: found?.length ?? store.size,
    totalStated: behaviour.listTotal === 'stated',
  });
}

/** The payouts that the list covers, in its order; undefined when they are all of them, newest first. */
function findPayouts({ behaviour, store }: Lean, { keeps }: PayoutQuery, now: Instant): Payout[] | undefined {
  const { listingMs, listOrder } = behaviour;
  if (keeps === undefined && listingMs === 0 && listOrder === 'newest') return undefined;
  const newest = now - seconds(listingMs / 1000);
  const found = store.filter(payout => {
    const listed = listingMs === 0 || payout.facts.createdAt <= newest;
    return listed && (keeps === undefined || keeps(payout, now));
  });
  return listOrder === 'newest' ? found : shuffled(found);
}

/** Orders payouts by a hash of their intent, so that the same payouts always come in the same order. */
function shuffled(payouts: readonly Payout[]): Payout[] {
  return payouts
    .map(payout => ({ payout, rank: new Random(0, payout.facts.intentId).next() }))
    .sort((left, right) => left.rank - right.rank)
    .map(({ payout }) => payout);
}
