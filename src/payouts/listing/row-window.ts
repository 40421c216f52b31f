import { instantAt, type Instant } from '../values/instant.ts';
import type { FilterQuery } from './payout-filter.ts';

/** Facts by which a payout's row can be found in Lean's list: its amount, and when it was created or changed. */
export interface RowHints {
  readonly intentId: string;
  /** As decimal text. */
  readonly amount: string | undefined;
  readonly createdAt: Instant | null | undefined;
  readonly submittedAt: Instant | null | undefined;
  readonly initiatedAt: Instant | null | undefined;
  /** When this gateway requested the payout, by Lean's clock, in epoch ms; undefined for payouts of other origin. */
  readonly requested: { readonly from: number; readonly to: number } | undefined;
}

/** A query for a part of Lean's list, and the payouts that are searched for in it. */
export interface RowWindow {
  readonly query: FilterQuery;
  readonly hints: readonly RowHints[];
}

/** Covers differences between the clocks of Lean's servers, and bounds that Lean may treat as exclusive. */
const marginMs = 2000;

interface TimeSpan {
  /**
   * `creation`: the row was created within the span. `change`: it was created before the end and changed after the
   * start.
   */
  readonly kind: 'creation' | 'change';
  /** Epoch ms. */
  readonly from: number;
  readonly to: number;
  readonly hints: readonly RowHints[];
}

/** The narrowest windows that hold the payouts' rows. Overlapping windows of the same kind are merged. */
export function rowWindowsOf(hints: readonly RowHints[]): readonly RowWindow[] {
  const spans = hints.map(timeSpanOf);
  const known = spans.filter(span => span !== undefined).toSorted((a, b) => a.from - b.from);
  const merged: TimeSpan[] = [];
  for (const kind of ['creation', 'change'] as const)
    for (const span of known.filter(each => each.kind === kind)) {
      const last = merged.at(-1);
      if (last?.kind === kind && span.from <= last.to)
        merged[merged.length - 1] = {
          ...last,
          to: Math.max(last.to, span.to),
          hints: [...last.hints, ...span.hints],
        };
      else merged.push(span);
    }
  const windows = merged.map(({ kind, from, to, hints: within }) => ({
    query:
      kind === 'creation'
        ? { from: instantAt(from), to: instantAt(to) }
        : { to: instantAt(to), from_updated_at: instantAt(from) },
    hints: within,
  }));
  // A payout without any known time gets a window of its own, by its amount.
  const timeless = hints.filter((_, index) => spans[index] === undefined);
  return [...windows, ...timeless.map(each => ({ query: amountQuery(each) ?? {}, hints: [each] }))];
}

/** A query for the amount alone; undefined if the amount is not known. */
export function amountQuery({ amount }: RowHints): FilterQuery | undefined {
  return amount === undefined ? undefined : { amount_min: amount, amount_max: amount };
}

/** By creation time if it is known, else by the payment's times, else by when the payout was requested. */
function timeSpanOf(hint: RowHints): TimeSpan | undefined {
  const { createdAt, submittedAt, initiatedAt, requested } = hint;
  const hints = [hint];
  if (createdAt != null) {
    const at = Date.parse(createdAt);
    return { kind: 'creation', from: at - marginMs, to: at + marginMs, hints };
  }
  // Lean does not document which of the two times is earlier.
  const paymentTimes = [submittedAt, initiatedAt].filter(at => at != null).map(at => Date.parse(at));
  if (paymentTimes.length > 0) {
    const [first, last] = [Math.min(...paymentTimes), Math.max(...paymentTimes)];
    return { kind: 'change', from: first - marginMs, to: last + marginMs, hints };
  }
  return (
    requested && { kind: 'creation', from: requested.from - marginMs, to: requested.to + marginMs, hints }
  );
}
