import { type Instant, seconds } from '../instant.ts';
import { wireFormatOf, type LeanState } from './lean-state.ts';
import type { QueryParameters } from './parameters.ts';
import type { Payout } from '../payout.ts';
import { parsePayoutQuery, type PayoutQuery } from './payout-query.ts';
import { Random } from '../random.ts';
import { reportedPayout } from './reported-payout.ts';

/** One page of the list as JSON text. Throws a Refusal if a parameter is invalid. */
export function payoutList(lean: LeanState, parameters: QueryParameters, now: Instant): string {
  const { behaviour, store } = lean;
  const query = parsePayoutQuery(parameters, lean.maxPageSize);
  const { pageNumber: number, pageSize: size } = query;
  const capacity = Math.min(size, behaviour.listCap ?? size);
  const offset = number * capacity;
  const found = findPayouts(lean, query, now);
  const payouts = found?.slice(offset, offset + capacity) ?? store.newest(offset, capacity);
  return wireFormatOf(lean).list({
    items: payouts.map(payout => reportedPayout(payout.at(now), behaviour)),
    number,
    size,
    capacity,
    total: found?.length ?? store.size,
    totalStated: behaviour.listTotal === 'stated',
  });
}

/** The payouts of the list, in its order. Undefined for the fast case of all payouts, newest first. */
function findPayouts(
  { behaviour, store }: LeanState,
  { matches }: PayoutQuery,
  now: Instant,
): Payout[] | undefined {
  const { listingMs, listOrder } = behaviour;
  if (matches === undefined && listingMs === 0 && listOrder === 'newest') return undefined;
  const newestListed = now - seconds(listingMs / 1000);
  const found = store.filter(payout => {
    const isListed = listingMs === 0 || payout.facts.createdAt <= newestListed;
    return isListed && (matches === undefined || matches(payout, now));
  });
  return listOrder === 'newest' ? found : shuffled(found);
}

/** Orders payouts by a hash of their intent id, so that the same payouts always have the same order. */
function shuffled(payouts: readonly Payout[]): Payout[] {
  return payouts
    .map(payout => ({ payout, rank: new Random(0, payout.facts.intentId).next() }))
    .sort((left, right) => left.rank - right.rank)
    .map(({ payout }) => payout);
}
