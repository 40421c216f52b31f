import type { Announcer } from './webhooks/announcer.ts';
import { type Instant, instantFromMs, printInstant } from './instant.ts';
import { lifecycleAtBank } from './lifecycle.ts';
import { accounts, destinations } from './named.ts';
import { Payout } from './payout.ts';
import type { PayoutStore } from './payout-store.ts';
import {
  changedStep,
  instantOf,
  type PayoutChange,
  seededLifecycle,
  type SeededPayout,
} from './seeded-payout.ts';
import type { Profile } from './profile.ts';
import type { Random } from './random.ts';
import { customerId } from './seed.ts';
import { type StoredPayout, storedPayout } from './stored-payout.ts';

interface Surroundings {
  readonly profile: Profile;
  /** Lean's clock. */
  readonly clock: () => number;
  readonly speed: number;
  readonly ids: () => Random;
  readonly announcer: Announcer;
  /** Makes the payouts whose processing is over by now. */
  readonly catchUp: () => void;
  /** Drops every event, told or to come. */
  readonly forget: () => void;
}

/** The sandbox's payouts, for the hands of a test. */
export class SandboxPayouts {
  readonly #store: PayoutStore;
  readonly #profile: Profile;
  readonly #clock: () => number;
  readonly #speed: number;
  readonly #ids: () => Random;
  readonly #announcer: Announcer;
  readonly #catchUp: () => void;
  readonly #forget: () => void;

  constructor(store: PayoutStore, surroundings: Surroundings) {
    this.#store = store;
    this.#announcer = surroundings.announcer;
    this.#catchUp = surroundings.catchUp;
    this.#forget = surroundings.forget;
    this.#profile = surroundings.profile;
    this.#clock = surroundings.clock;
    this.#speed = surroundings.speed;
    this.#ids = surroundings.ids;
  }

  /**
   * Plants a payout and returns it as it stands. Steps before the sandbox's time are in the events API, and no webhook
   * tells of them. Throws a RangeError on what no payout can have.
   */
  add(planted: SeededPayout = {}): StoredPayout {
    const now = this.#now();
    const random = this.#ids();
    const accountId = planted.accountId ?? accounts.operating;
    const destinationId = planted.destinationId ?? destinations.pays;
    const account = this.#profile.accounts.get(accountId);
    const destination = this.#profile.destinations.get(destinationId);
    if (account === undefined) throw new RangeError(`unknown account: ${accountId}`);
    if (destination === undefined) throw new RangeError(`unknown destination: ${destinationId}`);
    const createdAt = planted.createdAt === undefined ? now : instantOf(planted.createdAt);
    const facts = {
      intentId: planted.intentId ?? random.uuid(),
      paymentId: planted.paymentId ?? random.uuid(),
      taskId: random.uuid(),
      customerId,
      amount: planted.amount ?? '100',
      currency: planted.currency ?? this.#profile.market.currency,
      description: planted.description ?? 'Planted',
      externalReference: planted.externalReference ?? null,
      account,
      destination,
      autoAuthorized: planted.autoAuthorized ?? true,
      idempotencyKey: null,
      createdAt,
    };
    const payout = new Payout(facts, seededLifecycle(planted, printInstant(createdAt)));
    this.#store.insert(payout);
    this.#announcer.follow(payout, now);
    return storedPayout(payout, now);
  }

  /** Whether a payout has this intent or payment id. */
  has(id: string): boolean {
    this.#catchUp();
    return this.#find(id) !== undefined;
  }

  /** Every payout as it stands, newest first. */
  all(): StoredPayout[] {
    const now = this.#now();
    return this.#store.newest(0, this.#store.size).map(payout => storedPayout(payout, now));
  }

  /** Authorises, as a person would, the payout of an intent or payment id that waits for it. */
  authorize(id: string): 'authorized' | 'not_waiting' | 'unknown' {
    const now = this.#now();
    const payout = this.#find(id);
    if (payout === undefined) return 'unknown';
    if (payout.at(now).current.status !== 'AWAITING_AUTHORIZATION') return 'not_waiting';
    const pace = { speed: this.#speed, bankTransactionReference: this.#ids().digits(9) };
    payout.continueWith(lifecycleAtBank(payout.facts.destination.behaviour, now, pace), now);
    this.#announcer.tell(payout);
    return 'authorized';
  }

  /**
   * Changes the payout of an intent or payment id, and returns it as it then stands: every answer of Lean's agrees with
   * it, and a webhook tells of it. What would have become of the payout by itself does not happen any more. Throws a
   * RangeError when there is no such payout.
   */
  change(id: string, change: PayoutChange): StoredPayout {
    const now = this.#now();
    const payout = this.#find(id);
    if (payout === undefined) throw new RangeError(`no payout has the id ${id}`);
    payout.continueWith([changedStep(payout.at(now).current, change, now)], now);
    this.#announcer.tell(payout);
    return storedPayout(payout, this.#now());
  }

  /**
   * Removes every payout, and its events; what was to be sent of them is not sent any more. Creations that are still
   * being processed are no payouts yet, and stay.
   */
  clear(): void {
    this.#catchUp();
    this.#store.clear();
    this.#forget();
  }

  #find(id: string): Payout | undefined {
    return this.#store.byIntent(id).at(-1) ?? this.#store.byPayment(id);
  }

  /** Lean's time; all that is due by then is done. */
  #now(): Instant {
    this.#catchUp();
    return instantFromMs(this.#clock());
  }
}
