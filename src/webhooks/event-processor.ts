import type { LeanClient } from '../lean/client.ts';
import { LeanError } from '../errors/lean-errors.ts';
import { StoreUnavailable } from '../errors/gateway-errors.ts';
import type { Instant } from '../payouts/values/instant.ts';
import { instantAt, leanTime } from '../payouts/values/lean-time.ts';
import type { Payout } from '../payouts/payout.ts';
import type { PayoutEvents, TakenEvent } from '../payouts/payout-update.ts';
import { isSameSighting, PayoutSightings, type Sighting, type SightingSources } from './payout-sightings.ts';
import { isDoubtful, stepsOf } from './payout-steps.ts';
import { CoalescingWorker } from '../scheduling/coalescing-worker.ts';

export interface EventProcessorOptions extends SightingSources {
  readonly client: LeanClient;
  readonly events: PayoutEvents;
  /** Told after there is something new for subscribers. */
  readonly onTold: (steps: number) => void;
  /** Told of events of payments that are no payouts. */
  readonly onForeign?: (events: number) => void;
  /** Told when looking fails, once until it succeeds, and then with undefined. */
  readonly onTrouble?: (error: Error | undefined) => void;
  /** How often it looks whether something is due that nobody has told it of. @default 5 s */
  readonly everyMs?: number;
}

/** Events looked at together, and payouts read side by side. */
const perRound = 500;
const atOnce = 16;

/** Lean may announce a payment before it can be read. */
const foreignTries = 3;

const longestPauseMs = 60_000;

/** How often a payout is read anew while what was read of it may be old, before it is left for later. */
const mostLooks = 5;

/**
 * Looks at Lean for what received events claim, and tells subscribers what is so: a payout's steps in their order, each
 * once, however often, late or out of order they were announced.
 */
export class EventProcessor {
  readonly #options: EventProcessorOptions;
  readonly #sightings: PayoutSightings;
  #since: Promise<Instant> | undefined;
  readonly #looking = new CoalescingWorker(() => this.#look());
  #timer: NodeJS.Timeout | undefined;
  #trouble = false;

  constructor(options: EventProcessorOptions) {
    this.#options = options;
    this.#sightings = new PayoutSightings(options);
  }

  /** Looks now, and from now on every while. */
  start(): void {
    const { everyMs = 5000 } = this.#options;
    this.#timer = setInterval(() => {
      this.wake();
    }, everyMs).unref();
    this.wake();
  }

  /** There is something to look at. */
  wake(): void {
    this.#looking.wake();
  }

  /** Ends the looking; a look under way is waited for. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking.stop();
  }

  async #look(): Promise<'more' | 'done'> {
    const { events, onTrouble } = this.#options;
    try {
      const taken = await events.take(perRound);
      if (taken.length === 0) return 'done';
      await this.#lookAt(Map.groupBy(taken, ({ paymentId }) => paymentId));
      if (this.#trouble) onTrouble?.(undefined);
      this.#trouble = false;
      return 'more';
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      if (!this.#trouble) onTrouble?.(error);
      this.#trouble = true;
      return 'done';
    }
  }

  async #lookAt(byPayment: ReadonlyMap<string, readonly TakenEvent[]>): Promise<void> {
    const waiting = [...byPayment.entries()];
    const worker = async (): Promise<void> => {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) await this.#lookAtOne(...next);
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
  }

  async #lookAtOne(paymentId: string, taken: readonly TakenEvent[]): Promise<void> {
    const { events, onForeign, onTrouble } = this.#options;
    const ids = taken.map(({ eventId }) => eventId);
    const tries = Math.min(...taken.map(event => event.tries));
    try {
      const outcome = await this.#tellOfPayment(paymentId, taken);
      if (outcome === 'unsettled')
        return await events.putOff(ids, Math.min(1000 * 2 ** tries, longestPauseMs));
      if (outcome !== undefined) return await events.done(ids);
      if (tries + 1 < foreignTries) return await events.putOff(ids, 1000 * 2 ** tries);
      onForeign?.(ids.length);
      await events.done(ids);
    } catch (error) {
      if (!(error instanceof LeanError)) throw error;
      if (!this.#trouble) onTrouble?.(error);
      this.#trouble = true;
      await events.putOff(ids, Math.min(1000 * 2 ** tries, longestPauseMs));
    }
  }

  /**
   * Where the updates stand: for what is read from Lean after this, and told of before anything else is of the same
   * payout.
   */
  async place(): Promise<number> {
    const { events, client } = this.#options;
    const place = await events.lastPosition();
    // A read that is under way may be older than what has been told.
    client.startAfresh();
    return place;
  }

  /** Tells what is new of the payout that a payment is of. Undefined when Lean knows no such payout. */
  async #tellOfPayment(paymentId: string, claims: readonly TakenEvent[]): Promise<Outcome> {
    const options = { deadline: this.#options.client.deadline() };
    const claimed = claims.find(claim => claim.intentId !== null)?.intentId ?? undefined;
    return this.#tell(() => this.#sightings.ofPayment(paymentId, claimed, options), options);
  }

  /**
   * Tells what is new of a payout that Lean's list has shown, also where Lean has made no payment of it. How many steps
   * those were.
   * @param place where the updates stood before the list was read: from `place()`
   * @throws LeanError, StoreUnavailable
   */
  async tellOfRow(row: Payout, place: number): Promise<number> {
    const options = { deadline: this.#options.client.deadline() };
    const see = (): Promise<Sighting> => this.#sightings.ofRow(row, options);
    const seeAgain = (): Promise<Sighting | undefined> => this.#sightings.afresh(row, options);
    const outcome = await this.#tell(seeAgain, options, { place, see });
    // The next comparison's list has the payouts that have not settled.
    return typeof outcome === 'number' ? outcome : 0;
  }

  /**
   * Tells what a sighting shows that is new, and looks again when it may be old: when something has been told of the
   * payout since, or when it lies behind that.
   */
  async #tell(
    see: () => Promise<Sighting | undefined>,
    options: { readonly deadline: number },
    first?: { readonly place: number; readonly see: () => Promise<Sighting> },
  ): Promise<Outcome> {
    let before: Sighting | undefined;
    for (let looks = 1; looks <= mostLooks; looks += 1) {
      const given = looks === 1 ? first : undefined;
      const place = given?.place ?? (await this.place());
      const sighting = await (given?.see ?? see)();
      if (sighting === undefined) return looks === 1 ? undefined : 'unsettled';
      const outcome = await this.#tellOnce(sighting, place, isSameSighting(before, sighting), options);
      if (outcome !== 'unsettled') return outcome;
      before = sighting;
    }
    return 'unsettled';
  }

  /** @param isConfirmed whether the look before has shown the same */
  async #tellOnce(
    { intentId, paymentId, payout }: Sighting,
    place: number,
    isConfirmed: boolean,
    options: { readonly deadline: number },
  ): Promise<Outcome> {
    const { events, onTold } = this.#options;
    const history = await this.#sightings.history({ intentId, paymentId, payout }, options);
    const since = await this.#noticedSince();
    // Without a call for the single payout, only a history shows that Lean knows it.
    if (payout === undefined && history.length === 0) return undefined;
    const known = {
      ...(await events.knownOf(intentId, paymentId)),
      intentId,
      paymentId,
      payout,
      history,
      since,
    };
    const last = known.told.at(-1)?.paymentId ?? paymentId;
    if (last !== paymentId && !(await this.#sightings.isNewest(paymentId, intentId, options))) return 0;
    if (!isConfirmed && isDoubtful(known)) return 'unsettled';
    const told = await events.tell(stepsOf(known), place);
    if (told === undefined) return 'unsettled';
    if (told > 0) onTold(told);
    return told;
  }

  #noticedSince(): Promise<Instant> {
    const { events, client } = this.#options;
    this.#since ??= leanTime(client)
      .then(now => events.since(instantAt(now ?? Date.now())))
      .catch((error: unknown) => {
        this.#since = undefined;
        throw error;
      });
    return this.#since;
  }
}

/** How many steps were told; undefined where Lean knows no such payout. `unsettled`: what was read may be old. */
type Outcome = number | 'unsettled' | undefined;
