import type { LeanClient } from '../lean/client.ts';
import { concernsOneRequest, LeanError } from '../errors/lean-errors.ts';
import { StoreUnavailable } from '../errors/gateway-errors.ts';
import { goesOn, readablePage } from '../payouts/from-lean.ts';
import { instantAt } from '../payouts/values/lean-time.ts';
import { isAtBank, isBeforePayment, type Payout } from '../payouts/payout.ts';
import type { EventProcessor } from './event-processor.ts';

export interface FollowedPayoutsOptions {
  readonly client: LeanClient;
  readonly teller: Pick<EventProcessor, 'place' | 'tellOfRow'>;
  /** @default 3 s */
  readonly everyMs?: number;
  /** How long a payout is followed, by Lean's clock. @default 2 min */
  readonly forMs?: number;
  /** The most payouts that are followed at once; beyond that, the comparison finds the oldest. @default 1000 */
  readonly most?: number;
}

const pageSize = 100;
const mostPages = 10;

/** A creation may take this long, and Lean may have made the payout at the start of it. */
const marginMs = 60_000;

/**
 * Follows payouts that this gateway has just created, because Lean sends no webhook before it has made a payment. Reads
 * one list for all of them every few seconds. After a while the comparison takes over.
 */
export class FollowedPayouts {
  readonly #options: Required<FollowedPayoutsOptions>;
  /** By intent, oldest first: since when, by Lean's clock, and the status that was seen last. */
  readonly #followed = new Map<string, { readonly since: number; leanStatus: string | undefined }>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #stopped = false;

  constructor(options: FollowedPayoutsOptions) {
    this.#options = { everyMs: 3000, forMs: 120_000, most: 1000, ...options };
  }

  /** How many are followed. */
  get count(): number {
    return this.#followed.size;
  }

  follow(intentIds: readonly string[]): void {
    for (const intentId of intentIds)
      this.#followed.set(intentId.toLowerCase(), { since: this.#leanNow(), leanStatus: undefined });
    for (const oldest of this.#followed.keys()) {
      if (this.#followed.size <= this.#options.most) break;
      this.#followed.delete(oldest);
    }
    this.#lookLater();
  }

  /** Waits for a read that is in flight. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#looking;
  }

  #leanNow(): number {
    return this.#options.client.clock.now() ?? Date.now();
  }

  #lookLater(): void {
    if (this.#stopped || this.#timer !== undefined || this.#followed.size === 0) return;
    this.#timer = setTimeout(() => {
      this.#looking = this.#look().finally(() => {
        this.#timer = undefined;
        this.#lookLater();
      });
    }, this.#options.everyMs).unref();
  }

  async #look(): Promise<void> {
    const { client, teller, forMs } = this.#options;
    const now = this.#leanNow();
    for (const [intentId, { since }] of this.#followed)
      if (now - since > forMs) this.#followed.delete(intentId);
    const [oldest] = this.#followed.values();
    if (oldest === undefined) return;
    const from = instantAt(oldest.since - marginMs);
    const unseen = new Set(this.#followed.keys());
    let read = 0;
    try {
      for (let page = 0; page < mostPages && !this.#stopped; page += 1) {
        const query = { page_number: String(page), page_size: String(pageSize), from };
        const place = await teller.place();
        const { page: wire, answer } = await client.listPayouts(query);
        const listed = readablePage(wire, answer);
        for (const row of listed.rows) {
          if (this.#stopped) return;
          unseen.delete(row.intentId);
          await this.#seen(row, place).catch((error: unknown) => {
            // One payout that cannot be read keeps no other one from being told.
            if (!(error instanceof LeanError && concernsOneRequest(error))) throw error;
          });
        }
        read += listed.listed;
        if (unseen.size === 0 || !goesOn(listed, read, pageSize)) return;
      }
    } catch (error) {
      // The next read comes soon, and after the last one the comparison takes over.
      if (!(error instanceof LeanError || error instanceof StoreUnavailable)) throw error;
    }
  }

  async #seen(row: Payout, place: number): Promise<void> {
    const { intentId } = row;
    const followed = this.#followed.get(intentId);
    const { state } = row;
    if (followed === undefined || state?.leanStatus == null || followed.leanStatus === state.leanStatus)
      return;
    // Lean sends webhooks once there is a payment.
    const isFollowed = row.paymentId === null && !isAtBank(state.status);
    if (isFollowed) await this.#options.teller.tellOfRow(row, place);
    followed.leanStatus = state.leanStatus;
    if (!isFollowed || !isBeforePayment(row)) this.#followed.delete(intentId);
  }
}
