import type { ServerResponse } from 'node:http';
import { onTestFinished } from 'vitest';
import { startServer } from './started-server.ts';

/** A payout's state at Lean, final or not. */
export type LeanState = readonly [status: string, tracking: string | null];

export const finalStates: readonly LeanState[] = [
  ['ACCEPTED_BY_BANK', 'PROCESSED'],
  ['ACCEPTED_BY_BANK', 'REJECTED'],
  ['FAILED', null],
];

/** A value that Lean shows from a moment on. Moments number all events at Lean, from 1. */
interface Version<Value> {
  readonly value: Value;
  readonly moment: number;
}

export type DetailKind = 'intent' | 'payment' | 'history';

/** An answer for a payout's details. */
interface DetailAnswer {
  readonly kind: DetailKind;
  readonly intentId: string;
  readonly moment: number;
  /** Null if Lean said that it does not know the payout. */
  readonly version: number | null;
}

interface Row {
  readonly state: LeanState;
  /** Epoch ms; undefined if this row never carries it. */
  readonly updatedAt: number | undefined;
  /** A different text for each version of the row. */
  readonly reference: string;
}

/** A payout at Lean with all its former states. */
export interface ChangingPayout {
  readonly intentId: string;
  readonly paymentId: string;
  readonly rows: Version<Row>[];
  /** The versions of its details. The intent, the payment and the history all show the version's number. */
  readonly details: Version<number>[];
  /** Details that appear later than the row that they belong to. */
  late: { readonly at: number; readonly state: LeanState } | undefined;
  /** The state that the details show. */
  detailState: LeanState;
}

/**
 * A Lean whose payouts change in every way that Lean's documentation allows, on a clock that the test sets. It records
 * what it has shown at which moment.
 */
export class ChangingLean {
  /** Epoch ms. */
  now = Math.ceil(Date.now() / 1000) * 1000;
  readonly payouts: readonly ChangingPayout[];
  /** The moments at which the list was read. */
  readonly lists: number[] = [];
  readonly detailAnswers: DetailAnswer[] = [];
  /** Whether intents carry the tracking of their payment. */
  readonly intentsHaveTracking: boolean;
  /** The status of the next answer for a kind of details, instead of 200. */
  nextFailure: { readonly kind: DetailKind; readonly status: 404 | 500 } | undefined;
  /** Called once, after the response to a request for details was made and before it is sent. */
  whileAnswering: (() => Promise<void> | void) | undefined;
  #moment = 0;
  readonly #times: number[] = [];

  constructor(count: number, options: { readonly intentsHaveTracking: boolean; readonly undated: boolean }) {
    this.intentsHaveTracking = options.intentsHaveTracking;
    this.payouts = Array.from({ length: count }, (_, index) => {
      const digits = String(index).padStart(12, '0');
      const state = finalStates[index % finalStates.length] ?? ['CREATED', null];
      const updatedAt = options.undated && index === 0 ? undefined : this.now - 3_600_000;
      return {
        intentId: `a0000000-0000-4000-8000-${digits}`,
        paymentId: `b0000000-0000-4000-8000-${digits}`,
        rows: [{ value: { state, updatedAt, reference: 'row 0' }, moment: this.nextMoment() }],
        details: [{ value: 0, moment: this.nextMoment() }],
        late: undefined,
        detailState: state,
      };
    });
  }

  /** The number of the next moment. */
  nextMoment(): number {
    this.#moment += 1;
    this.#times[this.#moment] = this.now;
    return this.#moment;
  }

  /** The time at a moment, in epoch ms. */
  timeAt(moment: number): number {
    return this.#times[moment] ?? this.now;
  }

  /** Advances the clock. Late details appear when they are due. */
  advance(ms: number): void {
    const end = this.now + ms;
    for (const payout of this.payouts.filter(({ late }) => late !== undefined && late.at <= end)) {
      this.now = Math.max(this.now, payout.late?.at ?? 0);
      this.#showLate(payout);
    }
    this.now = end;
  }

  /** Changes a payout's state. Its details follow after `lagMs`. */
  changeState(payout: ChangingPayout, state: LeanState, lagMs: number): void {
    if (payout.late !== undefined) this.#showLate(payout);
    this.#addRow(payout, { state, updatedAt: this.now });
    payout.late = { at: this.now + lagMs, state };
    if (lagMs === 0) this.#showLate(payout);
  }

  /** Changes a row and its details, but not the time of the last change. */
  changeQuietly(payout: ChangingPayout): void {
    this.#addRow(payout, {});
    this.changeDetails(payout);
  }

  /** Changes the details and not the row, as when Lean adds to a history late. */
  changeDetails(payout: ChangingPayout): void {
    payout.details.push({ value: payout.details.length, moment: this.nextMoment() });
  }

  #showLate(payout: ChangingPayout): void {
    if (payout.late !== undefined) payout.detailState = payout.late.state;
    payout.late = undefined;
    this.changeDetails(payout);
  }

  #addRow(payout: ChangingPayout, change: Partial<Row>): void {
    const last = payout.rows.at(-1)?.value;
    if (last === undefined) throw new Error('every payout has a row');
    const updatedAt = last.updatedAt === undefined ? undefined : (change.updatedAt ?? last.updatedAt);
    const reference = `row ${String(payout.rows.length)}`;
    payout.rows.push({ value: { ...last, ...change, updatedAt, reference }, moment: this.nextMoment() });
  }

  async answer(target: string, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(target, 'http://lean');
    const isList = pathname === '/payouts/v1/payments';
    const { status, body } = isList ? { status: 200, body: this.#list() } : this.#detailsAt(pathname);
    const date = new Date(this.now).toUTCString();
    if (!isList) {
      const { whileAnswering } = this;
      this.whileAnswering = undefined;
      await whileAnswering?.();
    }
    response.writeHead(status, { 'content-type': 'application/json', date }).end(JSON.stringify(body));
  }

  #list(): object {
    this.lists.push(this.nextMoment());
    const content = this.payouts.map(({ intentId, paymentId, rows }) => {
      const { state, updatedAt, reference } = rows.at(-1)?.value ?? { state: ['CREATED', null] };
      return {
        payment_intent_id: intentId,
        payment_id: paymentId,
        status: state[0],
        post_initiation_status: state[1],
        amount: 12.5,
        currency: 'AED',
        created_at: '2026-01-01T08:00:00Z',
        ...(updatedAt !== undefined && { updated_at: new Date(updatedAt).toISOString() }),
        bank_transaction_reference: reference,
      };
    });
    return { content, page: { number: 0, size: 50, total_elements: content.length } };
  }

  #detailsAt(pathname: string): { readonly status: number; readonly body: object } {
    const id = /[0-9a-f-]{36}/.exec(pathname)?.[0];
    const payout = this.payouts.find(({ intentId, paymentId }) => id === intentId || id === paymentId);
    if (payout === undefined) throw new Error(`Lean has no payout ${String(id)}`);
    const { intentId } = payout;
    const kind = pathname.endsWith('/history')
      ? 'history'
      : pathname.includes('/intents/')
        ? 'intent'
        : 'payment';
    const shown = payout.details.at(-1)?.value ?? 0;
    const moment = this.nextMoment();
    const status = this.nextFailure?.kind === kind ? this.nextFailure.status : 200;
    if (status !== 200) this.nextFailure = undefined;
    if (status !== 500)
      this.detailAnswers.push({ kind, intentId, moment, version: status === 404 ? null : shown });
    if (status !== 200) return { status, body: { timestamp: '', status: 'UNKNOWN_PAYMENT', message: 'No.' } };
    return { status, body: this.#detailsOf(payout, kind, String(shown)) };
  }

  #detailsOf(
    { intentId, paymentId, detailState }: ChangingPayout,
    kind: DetailKind,
    version: string,
  ): object {
    if (kind === 'history') return { payments: [{ payment_id: paymentId, events: [historyEvent(version)] }] };
    const amount = { amount: 12.5, currency: 'AED' };
    const tracking = { post_initiation_status: detailState[1], status_additional_details: version };
    const payment = { id: paymentId, payment_intent_id: intentId, ...amount, status: detailState[0] };
    if (kind === 'payment') return { ...payment, ...tracking };
    const carried = { ...payment, ...(this.intentsHaveTracking && tracking) };
    return { payment_intent_id: intentId, ...amount, external_reference: version, payment: carried };
  }
}

function historyEvent(version: string): object {
  return { event: 'payment.updated', status: version, published_at: '2026-01-01T08:00:00Z' };
}

/** Starts a server for it, which closes when the test ends. */
export async function startChangingLean(lean: ChangingLean): Promise<string> {
  const { url, close } = await startServer((request, response) => {
    request.resume().on('end', () => void lean.answer(request.url ?? '', response));
  });
  onTestFinished(close);
  return url;
}
