import { instantAt } from '../values/lean-time.ts';
import type { Instant } from '../values/instant.ts';
import type { FilterQuery } from './payout-filter.ts';

/** Hints where the row of a payout is in Lean's list: by when it was created or changed, and by its amount. */
export interface RowTimes {
  readonly intentId: string;
  /** Its amount, in decimal text. */
  readonly amount: string | undefined;
  readonly createdAt: Instant | null | undefined;
  readonly submittedAt: Instant | null | undefined;
  readonly initiatedAt: Instant | null | undefined;
  /** If this gateway created the payout: between which times by Lean's clock, in epoch ms. */
  readonly requested: { readonly from: number; readonly to: number } | undefined;
}

/** A part of Lean's list, and the payouts that are looked for in it. */
export interface RowWindow {
  readonly query: FilterQuery;
  readonly wanted: readonly RowTimes[];
}

/** Covers differences between Lean's own clocks, and bounds that Lean may treat as exclusive. */
const marginMs = 2000;

interface Span {
  /** `creation`: the row was made within the span. `change`: it was made before the end, and changed after the start. */
  readonly kind: 'creation' | 'change';
  readonly from: number;
  readonly to: number;
  readonly wanted: readonly RowTimes[];
}

/** The narrowest parts of Lean's list that hold the payouts; those that touch each other are one. */
export function windowsOf(wanted: readonly RowTimes[]): readonly RowWindow[] {
  const spans = wanted.map(spanOf);
  const known = spans.filter(span => span !== undefined).toSorted((a, b) => a.from - b.from);
  const merged: Span[] = [];
  for (const kind of ['creation', 'change'] as const)
    for (const span of known.filter(each => each.kind === kind)) {
      const last = merged.at(-1);
      if (last?.kind === kind && span.from <= last.to)
        merged[merged.length - 1] = {
          ...last,
          to: Math.max(last.to, span.to),
          wanted: [...last.wanted, ...span.wanted],
        };
      else merged.push(span);
    }
  const windows = merged.map(({ kind, from, to, wanted: within }) => ({
    query:
      kind === 'creation'
        ? { from: instantAt(from), to: instantAt(to) }
        : { to: instantAt(to), from_updated_at: instantAt(from) },
    wanted: within,
  }));
  // Payouts without any time are looked for one by one, by their amount.
  const timeless = wanted.filter((_, index) => spans[index] === undefined);
  return [...windows, ...timeless.map(each => ({ query: amountQuery(each) ?? {}, wanted: [each] }))];
}

/** By the amount alone; undefined where it is not known. */
export function amountQuery({ amount }: RowTimes): FilterQuery | undefined {
  return amount === undefined ? undefined : { amount_min: amount, amount_max: amount };
}

function spanOf(times: RowTimes): Span | undefined {
  const { createdAt, submittedAt, initiatedAt, requested } = times;
  const wanted = [times];
  if (createdAt != null) {
    const at = Date.parse(createdAt);
    return { kind: 'creation', from: at - marginMs, to: at + marginMs, wanted };
  }
  // Lean does not say which of the two comes first.
  const ofPayment = [submittedAt, initiatedAt].filter(at => at != null).map(at => Date.parse(at));
  if (ofPayment.length > 0) {
    const [first, last] = [Math.min(...ofPayment), Math.max(...ofPayment)];
    return { kind: 'change', from: first - marginMs, to: last + marginMs, wanted };
  }
  return (
    requested && { kind: 'creation', from: requested.from - marginMs, to: requested.to + marginMs, wanted }
  );
}
