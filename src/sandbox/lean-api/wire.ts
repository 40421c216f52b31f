import type { Destination } from '../destination.ts';
import type { Step } from '../lifecycle.ts';
import type { Progress } from '../payout.ts';

/** One page of the list. */
export interface ListPage {
  readonly items: readonly Progress[];
  readonly number: number;
  /** How many rows were asked for. */
  readonly size: number;
  /** How many rows a page holds, which may be fewer. */
  readonly capacity: number;
  readonly total: number;
  /** Whether the answer says how many payouts and pages there are. */
  readonly totalStated: boolean;
}

/** How one of Lean's documented versions writes its answers. Every method returns JSON text. */
export interface Wire {
  /** Which id the history path takes. */
  readonly historyKey: 'intent' | 'payment';
  list(page: ListPage): string;
  /** The history of an intent, given every attempt to pay it, oldest first. */
  history(attempts: readonly [Progress, ...Progress[]]): string;
  created(payouts: readonly Progress[]): string;
  destination(destination: Destination): string;
  /** The reads of one payment and of one intent; absent where the version has none. */
  readonly single?: { payment(payout: Progress): string; intent(payout: Progress): string };
}

/** A public change of a payout. */
export interface HistoryEvent {
  readonly event: 'payment.created' | 'payment.updated';
  readonly step: Step;
}

/** The steps that Lean tells of, oldest first: being CREATED is not among them. */
export function eventsOf(payout: Progress): HistoryEvent[] {
  return payout.past
    .filter(step => step.status !== 'CREATED')
    .map((step, index) => ({ event: index === 0 ? 'payment.created' : 'payment.updated', step }));
}

/** What Lean says of a payout that it failed inside a 200. */
export function errorMessageOf({ current }: Progress): string | null {
  return current.status === 'FAILED' ? 'The beneficiary account is closed' : null;
}

/** Renders each standing of a payout once: a page of a list is then a matter of joining texts. */
export function renderOnce(render: (payout: Progress) => unknown): (payout: Progress) => string {
  const rendered = new WeakMap<Progress, string>();
  return payout => {
    const known = rendered.get(payout);
    if (known !== undefined) return known;
    const text = JSON.stringify(render(payout));
    rendered.set(payout, text);
    return text;
  };
}
