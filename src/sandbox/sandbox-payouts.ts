import { accounts, destinations } from './fixtures.ts';
import { type Instant, instantFromMs, formatInstant } from './instant.ts';
import { lifecycleAtBank } from './lifecycle.ts';
import { Payout } from './payout.ts';
import type { PayoutStore } from './payout-store.ts';
import type { Profile } from './profile.ts';
import type { Random } from './random.ts';
import { customerId } from './seed.ts';
import {
  changedStep,
  type PayoutChange,
  requireInstant,
  seededLifecycle,
  type SeededPayout,
} from './seeded-payout.ts';
import { type StoredPayout, storedPayout } from './stored-payout.ts';
import type { EventPublisher } from './webhooks/event-publisher.ts';

interface Dependencies {
  readonly profile: Profile;
  /** Lean's clock in epoch ms. */
  readonly clock: () => number;
  readonly speed: number;
  readonly idRng: () => Random;
  readonly eventPublisher: EventPublisher;
  /** Finishes the creations whose processing time is over. */
  readonly runDueProcessing: () => void;
  /** Removes all events from the events API and cancels the ones that are not published yet. */
  readonly dropEvents: () => void;
}

/** Lets a test read and change the sandbox's payouts. */
export class SandboxPayouts {
  readonly #store: PayoutStore;
  readonly #dependencies: Dependencies;

  constructor(store: PayoutStore, dependencies: Dependencies) {
    this.#store = store;
    this.#dependencies = dependencies;
  }

  /**
   * Adds a payout and returns it. The events API also contains its steps before the sandbox's time, but no webhook is
   * sent for them. Throws a RangeError if the amount, a date-time, the account or the destination is invalid, and an
   * Error if another payout has the same payment id.
   */
  add(seeded: SeededPayout = {}): StoredPayout {
    const { profile, idRng, eventPublisher } = this.#dependencies;
    const now = this.#now();
    const random = idRng();
    const accountId = seeded.accountId ?? accounts.operating;
    const destinationId = seeded.destinationId ?? destinations.pays;
    const account = profile.accounts.get(accountId);
    const destination = profile.destinations.get(destinationId);
    if (account === undefined) throw new RangeError(`unknown account: ${accountId}`);
    if (destination === undefined) throw new RangeError(`unknown destination: ${destinationId}`);
    const createdAt = seeded.createdAt === undefined ? now : requireInstant(seeded.createdAt);
    const facts = {
      intentId: seeded.intentId ?? random.uuid(),
      paymentId: seeded.paymentId ?? random.uuid(),
      taskId: random.uuid(),
      customerId,
      amount: seeded.amount ?? '100',
      currency: seeded.currency ?? profile.country.currency,
      description: seeded.description ?? 'Seeded',
      externalReference: seeded.externalReference ?? null,
      account,
      destination,
      autoAuthorized: seeded.autoAuthorized ?? true,
      idempotencyKey: null,
      createdAt,
    };
    const payout = new Payout(facts, seededLifecycle(seeded, formatInstant(createdAt)));
    this.#store.insert(payout);
    eventPublisher.track(payout, now);
    return storedPayout(payout, now);
  }

  /** Whether a payout has this intent or payment id. */
  has(id: string): boolean {
    this.#dependencies.runDueProcessing();
    return this.#find(id) !== undefined;
  }

  /** All payouts, newest first. */
  all(): StoredPayout[] {
    const now = this.#now();
    return this.#store.newest(0, this.#store.size).map(payout => storedPayout(payout, now));
  }

  /** Authorises a waiting payout, found by its intent or payment id, as a person would. */
  authorize(id: string): 'authorized' | 'not_waiting' | 'unknown' {
    const { speed, idRng, eventPublisher } = this.#dependencies;
    const now = this.#now();
    const payout = this.#find(id);
    if (payout === undefined) return 'unknown';
    if (payout.at(now).currentStep.status !== 'AWAITING_AUTHORIZATION') return 'not_waiting';
    const options = { speed, bankTransactionReference: idRng().digits(9) };
    payout.replaceFutureSteps(lifecycleAtBank(payout.facts.destination.behaviour, now, options), now);
    eventPublisher.publishDue(payout);
    return 'authorized';
  }

  /**
   * Changes a payout, found by its intent or payment id, and returns it. All of Lean's responses show the change, and
   * a webhook reports it. The change replaces the rest of the payout's lifecycle. Throws a RangeError if there is no
   * such payout.
   */
  change(id: string, change: PayoutChange): StoredPayout {
    const now = this.#now();
    const payout = this.#find(id);
    if (payout === undefined) throw new RangeError(`no payout has the id ${id}`);
    payout.replaceFutureSteps([changedStep(payout.at(now).currentStep, change, now)], now);
    this.#dependencies.eventPublisher.publishDue(payout);
    return storedPayout(payout, this.#now());
  }

  /**
   * Removes all payouts and their events, and cancels their pending webhooks. Creations that are still being
   * processed are not payouts yet, so they stay.
   */
  clear(): void {
    this.#dependencies.runDueProcessing();
    this.#store.clear();
    this.#dependencies.dropEvents();
  }

  #find(id: string): Payout | undefined {
    return this.#store.byIntent(id).at(-1) ?? this.#store.byPayment(id);
  }

  /** Lean's time, after all processing that is due by then. */
  #now(): Instant {
    this.#dependencies.runDueProcessing();
    return instantFromMs(this.#dependencies.clock());
  }
}
