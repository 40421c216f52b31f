import type { LeanClient } from '../lean/client.ts';
import { concernsOneRequest, LeanError } from '../errors/lean-errors.ts';
import { StoreUnavailable } from '../errors/gateway-errors.ts';
import { PollingLoop } from '../scheduling/polling-loop.ts';
import { instantAt } from '../payouts/values/instant.ts';
import { isAtBank, isBeforePayment, type Payout } from '../payouts/payout.ts';
import type { EventProcessor } from './event-processor.ts';
import { listedPages } from './listed-pages.ts';

export interface FollowedPayoutsOptions {
  readonly client: LeanClient;
  readonly processor: Pick<EventProcessor, 'beginRead' | 'publishRow'>;
  /** Between two reads of the list, in ms. @default 3 s */
  readonly intervalMs?: number;
  /** How long a payout is followed, in ms of Lean's clock. @default 2 min */
  readonly followMs?: number;
  /** The most payouts that are followed at once. Beyond them, the oldest ones are left to the backfill. @default 1000 */
  readonly maxFollowed?: number;
}

const maxPages = 10;

/** A creation may take this long. Lean may have recorded the payout at its start, before it is followed. */
const creationMs = 60_000;

/**
 * Publishes the states of payouts that this gateway has just created, until Lean makes a payment, because Lean sends no
 * webhook before that. Reads one list for all of them every few seconds. After `followMs` the backfill takes over.
 */
export class FollowedPayouts {
  readonly #options: Required<FollowedPayoutsOptions>;
  /** By intent id, oldest first: when it was added (Lean's clock, epoch ms), and the last status that was read. */
  readonly #followed = new Map<string, { readonly since: number; leanStatus: string | undefined }>();
  readonly #loop: PollingLoop;

  constructor(options: FollowedPayoutsOptions) {
    this.#options = { intervalMs: 3000, followMs: 120_000, maxFollowed: 1000, ...options };
    this.#loop = new PollingLoop({
      poll: () => this.#readList(),
      intervalMs: this.#options.intervalMs,
      isTransient: error => error instanceof LeanError || error instanceof StoreUnavailable,
      // The next read comes soon, and the backfill reads what the last one missed.
      onFailure: () => undefined,
    });
  }

  /** The number of followed payouts. */
  get count(): number {
    return this.#followed.size;
  }

  /** Reads the list every `intervalMs` from now on while any payouts are followed. */
  start(): void {
    this.#loop.start();
  }

  follow(intentIds: readonly string[]): void {
    for (const intentId of intentIds)
      this.#followed.set(intentId.toLowerCase(), { since: this.#leanNow(), leanStatus: undefined });
    for (const oldest of this.#followed.keys()) {
      if (this.#followed.size <= this.#options.maxFollowed) break;
      this.#followed.delete(oldest);
    }
  }

  /** Waits for a read in flight. */
  stop(): Promise<void> {
    return this.#loop.stop();
  }

  #leanNow(): number {
    return this.#options.client.clock.now() ?? Date.now();
  }

  async #readList(): Promise<void> {
    const { client, processor, followMs } = this.#options;
    const now = this.#leanNow();
    for (const [intentId, { since }] of this.#followed)
      if (now - since > followMs) this.#followed.delete(intentId);
    const [oldest] = this.#followed.values();
    if (oldest === undefined) return;
    const from = instantAt(oldest.since - creationMs);
    const unseen = new Set(this.#followed.keys());
    const isStopped = (): boolean => this.#loop.stopped;
    for await (const { rows, position } of listedPages(
      { from },
      { client, processor, maxPages, isStopped },
    )) {
      for (const row of rows) {
        if (isStopped()) return;
        unseen.delete(row.intentId);
        await this.#publishIfChanged(row, position).catch((error: unknown) => {
          // A payout that cannot be read must not keep the others from being published.
          if (!(error instanceof LeanError && concernsOneRequest(error))) throw error;
        });
      }
      if (unseen.size === 0) return;
    }
  }

  async #publishIfChanged(row: Payout, position: number): Promise<void> {
    const { intentId } = row;
    const followed = this.#followed.get(intentId);
    const { state } = row;
    if (followed === undefined || state?.leanStatus == null || followed.leanStatus === state.leanStatus)
      return;
    // From the payment on, Lean sends webhooks. Some lists show no payment ids; then the status shows the payment.
    const hasPayment = row.paymentId !== null || isAtBank(state.status);
    if (!hasPayment) await this.#options.processor.publishRow(row, position);
    followed.leanStatus = state.leanStatus;
    if (hasPayment || !isBeforePayment(row)) this.#followed.delete(intentId);
  }
}
