import type { PayoutEvents, PayoutUpdate } from '../payouts/payout-update.ts';
import { StoreUnavailable, SubscriberTooSlow, UpdatesCursorExpired } from '../errors/gateway-errors.ts';
import { updatePositionOf, type UpdatePosition } from '../payouts/update-cursor.ts';
import { eventLoopBatcher } from '../scheduling/event-loop-batcher.ts';
import { CoalescingWorker } from '../scheduling/coalescing-worker.ts';

export interface LiveUpdatesOptions {
  readonly events: Pick<PayoutEvents, 'publishedAfter'>;
  /** Called before subscribers get new updates. Reads from Lean that are in flight may be older than the updates. */
  readonly onNewUpdates?: (updates: readonly PayoutUpdate[]) => void;
  /** How often the store is read without a call of `wake()`, in ms. @default 5 s */
  readonly intervalMs?: number;
  /** Updates kept in memory, shared by all subscribers. @default 1000 */
  readonly maxKept?: number;
  /** How many updates a subscriber may be behind before it is dropped. @default 10000 */
  readonly maxBehind?: number;
}

export interface Subscription {
  /** Selects the updates of this subscription. */
  readonly matches: (update: PayoutUpdate) => boolean;
  /** Only updates after this position. `latest.position` selects the updates from now on. */
  readonly after: number;
  /** Ends the subscription when aborted. */
  readonly signal: AbortSignal;
}

/** The most updates that are read from the store at once. */
const pageSize = 500;

/**
 * Delivers published updates to any number of subscribers. The store is read once for all of them. Each subscriber
 * reads at its own pace from the updates in memory, or from the store if it is further behind. A slow subscriber does
 * not delay the others.
 */
export class LiveUpdates {
  readonly #options: Required<LiveUpdatesOptions>;
  /** The newest updates, oldest first, without gaps. */
  #kept: PayoutUpdate[] = [];
  #position = 0;
  /** The name of the store; undefined before the first read. */
  #store: string | undefined;
  /** Each call resumes a subscriber that waits for new updates. */
  #wakeCalls = new Set<() => void>();
  readonly #reader = new CoalescingWorker(() => this.#read());
  #closed = false;
  #timer: NodeJS.Timeout | undefined;
  #count = 0;

  constructor(options: LiveUpdatesOptions) {
    this.#options = {
      intervalMs: 5000,
      maxKept: 1000,
      maxBehind: 10_000,
      onNewUpdates: () => undefined,
      ...options,
    };
  }

  /** The position of the newest update that this gateway has read; undefined before the first read. */
  get latest(): UpdatePosition | undefined {
    return this.#store === undefined ? undefined : { store: this.#store, position: this.#position };
  }

  /**
   * The position of a cursor in this store.
   * @throws BadInput if the text is not a cursor; UpdatesCursorExpired if the cursor is too old or from another store;
   * StoreUnavailable
   */
  async positionAt(cursor: string): Promise<number> {
    const { store, position } = updatePositionOf(cursor);
    const { store: ours, first, last } = await this.#options.events.publishedAfter(position, 0);
    if (store !== ours || position < first - 1 || position > last) throw new UpdatesCursorExpired();
    return position;
  }

  /** The number of subscribers. */
  get subscribers(): number {
    return this.#count;
  }

  /**
   * Starts after the newest update in the store.
   * @throws StoreUnavailable
   */
  async start(): Promise<void> {
    const { store, last } = await this.#options.events.publishedAfter(0, 0);
    this.#store = store;
    this.#position = last;
    this.#timer = setInterval(() => {
      this.wake();
    }, this.#options.intervalMs).unref();
  }

  /** Reads new updates from the store. Does nothing before `start()`. */
  wake(): void {
    if (this.#timer !== undefined) this.#reader.wake();
  }

  /** Ends all subscriptions. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#wakeSubscribers();
    await this.#reader.stop();
  }

  /**
   * Yields the updates of a subscription, in order and each once. The iterator throws the errors.
   * @throws SubscriberTooSlow if the consumer falls more than `maxBehind` updates behind
   * @throws UpdatesCursorExpired if the store was replaced by another one
   * @throws StoreUnavailable if older updates cannot be read
   */
  async *subscribe({ matches, after, signal }: Subscription): AsyncGenerator<PayoutUpdate, void, undefined> {
    let position = after;
    const store = this.#store;
    // A subscriber that returns with an old cursor is not slow, so its backlog does not count.
    const maxBehind = Math.max(0, this.#position - after) + this.#options.maxBehind;
    this.#count += 1;
    try {
      while (!this.#closed && !signal.aborted) {
        if (this.#position - position > maxBehind) throw new SubscriberTooSlow();
        if (this.#store !== store) throw new UpdatesCursorExpired();
        const next =
          this.#keptAfter(position) ??
          (await this.#options.events.publishedAfter(position, pageSize)).updates;
        for (const update of next) {
          position = update.position;
          if (signal.aborted) return;
          if (matches(update)) yield update;
        }
        if (next.length === 0) await this.#nextUpdate(signal);
      }
    } finally {
      this.#count -= 1;
    }
  }

  /** The updates after a position; undefined if some of them are no longer in memory. */
  #keptAfter(position: number): readonly PayoutUpdate[] | undefined {
    if (position >= this.#position) return [];
    const [oldest] = this.#kept;
    if (oldest === undefined || oldest.position > position + 1) return undefined;
    return this.#kept.slice(position + 1 - oldest.position);
  }

  /** Resolves when there are new updates, or the signal is aborted. */
  #nextUpdate(signal: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      const wake = (): void => {
        this.#wakeCalls.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#wakeCalls.add(wake);
      signal.addEventListener('abort', wake, { once: true });
    });
  }

  #wakeSubscribers(): void {
    const wakeCalls = this.#wakeCalls;
    this.#wakeCalls = new Set();
    for (const wake of wakeCalls) eventLoopBatcher.run(this, wake);
  }

  async #read(): Promise<'more' | 'done'> {
    try {
      const { updates, store, last } = await this.#options.events.publishedAfter(this.#position, pageSize);
      if (store !== this.#store) {
        // A position has another meaning in another store, so subscribers must start again.
        this.#store = store;
        this.#position = last;
        this.#kept = [];
        this.#wakeSubscribers();
        return 'done';
      }
      if (updates.length === 0) return 'done';
      this.#options.onNewUpdates(updates);
      // After a gap, where old updates were deleted, the kept updates cannot be continued.
      const continues = updates[0]?.position === this.#position + 1;
      this.#kept = [...(continues ? this.#kept : []), ...updates].slice(-this.#options.maxKept);
      this.#position = updates.at(-1)?.position ?? this.#position;
      this.#wakeSubscribers();
      // Reads again only if the store has more updates. An announcement that comes during the read causes another read.
      return this.#position < last ? 'more' : 'done';
    } catch (error) {
      // The next read comes soon. Other users of the store report the failure.
      if (!(error instanceof StoreUnavailable)) throw error;
      return 'done';
    }
  }
}
