import type { Destination } from '../destination.ts';
import type { LifecycleStep } from '../lifecycle.ts';
import type { PayoutSnapshot } from '../payout.ts';

/** One page of the list. */
export interface ListPage {
  readonly items: readonly PayoutSnapshot[];
  readonly number: number;
  /** The requested number of rows. */
  readonly size: number;
  /** The maximum number of rows on a page. It is smaller than `size` if `listCap` is. */
  readonly capacity: number;
  /** The number of rows on all pages. */
  readonly total: number;
  /** Whether the response contains the total numbers of payouts and pages. */
  readonly totalStated: boolean;
}

/** The format of the responses of one version of Lean's API. Every method returns JSON text. */
export interface WireFormat {
  /** The kind of id in the path of a history. */
  readonly historyKey: 'intent' | 'payment';
  list(page: ListPage): string;
  /** The history of an intent, given all its payouts, oldest first. */
  history(payouts: readonly [PayoutSnapshot, ...PayoutSnapshot[]]): string;
  created(payouts: readonly PayoutSnapshot[]): string;
  destination(destination: Destination): string;
  /** The reads of one payment and of one intent. Absent if the version does not have them. */
  readonly single?: { payment(payout: PayoutSnapshot): string; intent(payout: PayoutSnapshot): string };
}

/** An event in the history of a payout. */
export interface HistoryEvent {
  readonly event: 'payment.created' | 'payment.updated';
  readonly step: LifecycleStep;
}

/** The reached steps that a history contains, oldest first: all except CREATED. */
export function historyEvents(payout: PayoutSnapshot): HistoryEvent[] {
  return payout.reachedSteps
    .filter(step => step.status !== 'CREATED')
    .map((step, index) => ({ event: index === 0 ? 'payment.created' : 'payment.updated', step }));
}

/** The error message in a creation response, which has the status 200 even if Lean failed the payout at once. */
export function errorMessageOf({ currentStep }: PayoutSnapshot): string | null {
  return currentStep.status === 'FAILED' ? 'The beneficiary account is closed' : null;
}

/** Caches the rendered text of each snapshot, so that rendering a list page only joins texts. */
export function renderOnce(render: (payout: PayoutSnapshot) => unknown): (payout: PayoutSnapshot) => string {
  const cache = new WeakMap<PayoutSnapshot, string>();
  return payout => {
    const cached = cache.get(payout);
    if (cached !== undefined) return cached;
    const text = JSON.stringify(render(payout));
    cache.set(payout, text);
    return text;
  };
}
