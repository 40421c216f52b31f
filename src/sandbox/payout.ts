import type { Account } from './account.ts';
import { Decimal } from './decimal.ts';
import type { Destination } from './destination.ts';
import type { Instant } from './instant.ts';
import type { Lifecycle, Step } from './lifecycle.ts';

const initiationDelay = 160_000_000n;

/** What never changes about a payout. */
export interface PayoutFacts {
  readonly intentId: string;
  /** The id that the payment has, or will have once there is one. */
  readonly paymentId: string;
  readonly taskId: string;
  readonly customerId: string;
  /** Exact decimal text, written on the wire as it is here. */
  readonly amount: string;
  readonly currency: string;
  readonly description: string;
  readonly externalReference: string | null;
  readonly account: Account;
  readonly destination: Destination;
  /** Whether it was to be authorised without a person. */
  readonly autoAuthorized: boolean;
  /** The key of the request that made it; null when it had none, or when no request made it. */
  readonly idempotencyKey: string | null;
  readonly createdAt: Instant;
}

/** A payout as it stands at a moment. The same object is returned until the next step is reached. */
export interface Progress {
  readonly facts: PayoutFacts;
  /** The step that holds now. */
  readonly current: Step;
  /** All steps so far, oldest first. */
  readonly past: readonly Step[];
  /** Undefined while Lean has made no payment of the intent. */
  readonly paymentId: string | undefined;
  /** When Lean handed the payment to the bank; the creation while there is none. */
  readonly submittedAt: Instant;
  /** When the bank began with it, a moment later. */
  readonly initiatedAt: Instant;
}

/** One attempt to pay an intent: its facts, and the timed steps of its life, which reading at a moment folds. */
export class Payout {
  readonly facts: PayoutFacts;
  readonly amount: Decimal;
  #steps: Lifecycle;
  #progress: Progress | undefined;

  /** Throws a RangeError when the amount is no decimal. */
  constructor(facts: PayoutFacts, steps: Lifecycle) {
    const amount = Decimal.parse(facts.amount);
    if (amount === undefined) throw new RangeError(`not a decimal amount: ${facts.amount}`);
    this.facts = facts;
    this.amount = amount;
    this.#steps = steps;
  }

  /** The payout as it stands at `now`. Its first step holds from the beginning, whatever its time. */
  at(now: Instant): Progress {
    let reached = this.#steps.length;
    while (reached > 1 && (this.#steps[reached - 1]?.at ?? now) > now) reached -= 1;
    if (this.#progress?.past.length === reached) return this.#progress;
    const past = this.#steps.slice(0, reached);
    const current = past.at(-1) ?? this.#steps[0];
    const submittedAt = past.find(step => step.payment)?.at ?? this.facts.createdAt;
    this.#progress = {
      facts: this.facts,
      current,
      past,
      paymentId: current.payment ? this.facts.paymentId : undefined,
      submittedAt,
      initiatedAt: submittedAt + initiationDelay,
    };
    return this.#progress;
  }

  /** When the next step is reached; undefined when there is none to come. */
  nextAfter(now: Instant): Instant | undefined {
    return this.#steps[this.at(now).past.length]?.at;
  }

  /** Replaces what is still to come after `now`. */
  continueWith(future: readonly Step[], now: Instant): void {
    const [first, ...rest] = this.at(now).past;
    this.#steps = [first ?? this.#steps[0], ...rest, ...future];
    this.#progress = undefined;
  }
}
