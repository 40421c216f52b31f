import type { PayoutEvents, PayoutUpdate } from '../payouts/payout-update.ts';
import { StoreUnavailable, SubscriberTooSlow, UpdatesCursorExpired } from '../errors/gateway-errors.ts';
import { updatePlaceOf, type UpdatePlace } from '../payouts/update-cursor.ts';
import { eventLoop } from '../scheduling/event-loop-batcher.ts';
import { CoalescingWorker } from '../scheduling/coalescing-worker.ts';

export interface LiveUpdatesOptions {
  readonly events: Pick<PayoutEvents, 'toldAfter'>;
  /** Called before subscribers are told something new, because reads in flight may be older than the news. */
  readonly onNews?: () => void;
  /** How often the store is read though nobody has said that there is something new. @default 5 s */
  readonly everyMs?: number;
  /** Updates kept in memory, for all subscribers together. @default 1000 */
  readonly keep?: number;
  /** How many updates a subscriber may be behind before it is dropped. @default 10000 */
  readonly mostBehind?: number;
}

export interface Subscription {
  /** Only updates that this fits. */
  readonly wants: (update: PayoutUpdate) => boolean;
  /** From behind this position on: `position` for what comes from now on. */
  readonly after: number;
  /** Ends it when aborted. */
  readonly signal: AbortSignal;
}

const perRead = 500;

/**
 * What has been told, as it comes, for any number of subscribers: the store is read once for all of them, and each
 * goes on at its own pace from what is kept in memory, or from the store when it is further behind. A slow one costs
 * the others nothing.
 */
export class LiveUpdates {
  readonly #options: Required<LiveUpdatesOptions>;
  /** The newest, oldest first, without gaps. */
  #kept: PayoutUpdate[] = [];
  #position = 0;
  /** Undefined before the store has been read. */
  #store: string | undefined;
  #waiting = new Set<() => void>();
  readonly #reading = new CoalescingWorker(() => this.#read());
  #closed = false;
  #timer: NodeJS.Timeout | undefined;
  #count = 0;

  constructor(options: LiveUpdatesOptions) {
    this.#options = { everyMs: 5000, keep: 1000, mostBehind: 10_000, onNews: () => undefined, ...options };
  }

  /** The place of the newest update that this gateway has read; undefined before the first read. */
  get place(): UpdatePlace | undefined {
    return this.#store === undefined ? undefined : { store: this.#store, position: this.#position };
  }

  /**
   * The position of a cursor.
   * @throws BadInput if it is not a cursor; UpdatesCursorExpired if it is too old or of another store; StoreUnavailable
   */
  async positionAt(cursor: string): Promise<number> {
    const { store, position } = updatePlaceOf(cursor);
    const { store: ours, first, last } = await this.#options.events.toldAfter(position, 0);
    if (store !== ours || position < first - 1 || position > last) throw new UpdatesCursorExpired();
    return position;
  }

  /** How many subscribers there are. */
  get subscribers(): number {
    return this.#count;
  }

  /**
   * Goes on from what has been told last.
   * @throws StoreUnavailable
   */
  async start(): Promise<void> {
    const { store, last } = await this.#options.events.toldAfter(0, 0);
    this.#store = store;
    this.#position = last;
    this.#timer = setInterval(() => {
      this.wake();
    }, this.#options.everyMs).unref();
  }

  /** There may be something new. */
  wake(): void {
    if (this.#timer !== undefined) this.#reading.wake();
  }

  /** Ends all subscriptions. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#wakeSubscribers();
    await this.#reading.stop();
  }

  /**
   * @throws SubscriberTooSlow from the iterator, when it is not read for long
   * @throws UpdatesCursorExpired from the iterator, when another store has taken this one's place
   * @throws StoreUnavailable from the iterator
   */
  async *subscribe({ wants, after, signal }: Subscription): AsyncGenerator<PayoutUpdate, void, undefined> {
    let at = after;
    const store = this.#store;
    // Who comes back from far behind is not slow.
    const mostBehind = Math.max(0, this.#position - after) + this.#options.mostBehind;
    this.#count += 1;
    try {
      while (!this.#closed && !signal.aborted) {
        if (this.#position - at > mostBehind) throw new SubscriberTooSlow();
        if (this.#store !== store) throw new UpdatesCursorExpired();
        const next = this.#keptAfter(at) ?? (await this.#options.events.toldAfter(at, perRead)).updates;
        for (const update of next) {
          at = update.position;
          if (signal.aborted) return;
          if (wants(update)) yield update;
        }
        if (next.length === 0) await this.#news(signal);
      }
    } finally {
      this.#count -= 1;
    }
  }

  /** Undefined when some of it is no longer in memory. */
  #keptAfter(position: number): readonly PayoutUpdate[] | undefined {
    if (position >= this.#position) return [];
    const [oldest] = this.#kept;
    if (oldest === undefined || oldest.position > position + 1) return undefined;
    return this.#kept.slice(position + 1 - oldest.position);
  }

  #news(signal: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener('abort', wake, { once: true });
    });
  }

  #wakeSubscribers(): void {
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const wake of waiting) eventLoop.run(this, wake);
  }

  async #read(): Promise<'more' | 'done'> {
    try {
      const { updates: fresh, store, last } = await this.#options.events.toldAfter(this.#position, perRead);
      if (store !== this.#store) {
        // Another store has taken this one's place, and its positions may mean something else.
        this.#store = store;
        this.#position = last;
        this.#kept = [];
        this.#wakeSubscribers();
        return 'done';
      }
      if (fresh.length === 0) return 'done';
      this.#options.onNews();
      // A gap, where old updates have been forgotten, makes what is kept useless.
      const continues = fresh[0]?.position === this.#position + 1;
      this.#kept = [...(continues ? this.#kept : []), ...fresh].slice(-this.#options.keep);
      this.#position = fresh.at(-1)?.position ?? this.#position;
      this.#wakeSubscribers();
      return 'more';
    } catch (error) {
      // Whoever uses the store for more says so; the next look comes soon.
      if (!(error instanceof StoreUnavailable)) throw error;
      return 'done';
    }
  }
}
