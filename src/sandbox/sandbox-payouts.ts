import { instantFromMs, printInstant } from './instant.ts';
import { lifeAtBank } from './life.ts';
import { accounts, destinations } from './named.ts';
import { Payout } from './payout.ts';
import type { PayoutStore } from './payout-store.ts';
import { instantOf, plantedLife, type PlantedPayout } from './planted-payout.ts';
import type { Profile } from './profile.ts';
import type { Random } from './random.ts';
import { customerId } from './seed.ts';

/** A payout as it stands when asked for. */
export interface StoredPayout {
  readonly intentId: string;
  readonly paymentId: string | null;
  readonly amount: string;
  readonly currency: string;
  readonly description: string;
  readonly externalReference: string | null;
  readonly accountId: string;
  readonly destinationId: string;
  readonly status: string;
  readonly postInitiationStatus: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** The sandbox's payouts, for the hands of a test. */
export class SandboxPayouts {
  readonly #store: PayoutStore;
  readonly #profile: Profile;
  readonly #clock: () => number;
  readonly #speed: number;
  readonly #ids: () => Random;

  constructor(
    store: PayoutStore,
    surroundings: { profile: Profile; clock: () => number; speed: number; ids: () => Random },
  ) {
    this.#store = store;
    this.#profile = surroundings.profile;
    this.#clock = surroundings.clock;
    this.#speed = surroundings.speed;
    this.#ids = surroundings.ids;
  }

  /** Plants a payout and returns it as it stands. Throws a RangeError on what no payout can have. */
  add(planted: PlantedPayout = {}): StoredPayout {
    const random = this.#ids();
    const accountId = planted.accountId ?? accounts.operating;
    const destinationId = planted.destinationId ?? destinations.pays;
    const account = this.#profile.accounts.get(accountId);
    const destination = this.#profile.destinations.get(destinationId);
    if (account === undefined) throw new RangeError(`unknown account: ${accountId}`);
    if (destination === undefined) throw new RangeError(`unknown destination: ${destinationId}`);
    const createdAt =
      planted.createdAt === undefined ? instantFromMs(this.#clock()) : instantOf(planted.createdAt);
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
      createdAt,
    };
    const payout = new Payout(facts, plantedLife(planted, printInstant(createdAt)));
    this.#store.insert(payout);
    return this.#stored(payout);
  }

  /** Every payout as it stands, newest first. */
  all(): StoredPayout[] {
    return this.#store.newest(0, this.#store.size).map(payout => this.#stored(payout));
  }

  /** Authorises, as a person would, the payout of an intent or payment id that waits for it. */
  authorize(id: string): 'authorized' | 'not_waiting' | 'unknown' {
    const now = instantFromMs(this.#clock());
    const payout = this.#store.byIntent(id).at(-1) ?? this.#store.byPayment(id);
    if (payout === undefined) return 'unknown';
    if (payout.at(now).current.status !== 'AWAITING_AUTHORIZATION') return 'not_waiting';
    const pace = { speed: this.#speed, bankTransactionReference: this.#ids().digits(9) };
    payout.continueWith(lifeAtBank(payout.facts.destination.behaviour, now, pace), now);
    return 'authorized';
  }

  /** Removes every payout. */
  clear(): void {
    this.#store.clear();
  }

  #stored(payout: Payout): StoredPayout {
    const { facts, current, paymentId = null } = payout.at(instantFromMs(this.#clock()));
    const { intentId, amount, currency, description, externalReference } = facts;
    return {
      intentId,
      paymentId,
      amount,
      currency,
      description,
      externalReference,
      accountId: facts.account.id,
      destinationId: facts.destination.id,
      status: current.status,
      postInitiationStatus: current.postInitiationStatus,
      createdAt: printInstant(facts.createdAt),
      updatedAt: printInstant(current.at),
    };
  }
}
