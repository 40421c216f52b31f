import type { Account } from './account.ts';
import { Decimal } from './decimal.ts';
import type { Destination } from './destination.ts';
import type { Instant } from './instant.ts';
import type { Lifecycle, LifecycleStep } from './lifecycle.ts';

/** Nanoseconds from the submission of a payment until the bank starts on it. */
const initiationDelay = 160_000_000n;

/** The fields of a payout that never change. */
export interface PayoutFacts {
  readonly intentId: string;
  /** The id that the payment has, or will have once Lean creates it. */
  readonly paymentId: string;
  readonly taskId: string;
  readonly customerId: string;
  /** Exact decimal text in major units. Responses contain it digit for digit. */
  readonly amount: string;
  readonly currency: string;
  readonly description: string;
  readonly externalReference: string | null;
  readonly account: Account;
  readonly destination: Destination;
  /** Whether the payout needs no authorisation by a person. */
  readonly autoAuthorized: boolean;
  /** The idempotency key of the creation request. Null if there was no key or no request. */
  readonly idempotencyKey: string | null;
  readonly createdAt: Instant;
}

/** A payout at one point in time. `Payout.at` returns the same object until the next step is reached. */
export interface PayoutSnapshot {
  readonly facts: PayoutFacts;
  readonly currentStep: LifecycleStep;
  /** The steps up to and including the current one, oldest first. */
  readonly reachedSteps: readonly LifecycleStep[];
  /** Undefined until Lean has created a payment for the intent. */
  readonly paymentId: string | undefined;
  /** When Lean handed the payment to the bank. The time of the creation while there is no payment. */
  readonly submittedAt: Instant;
  /** When the bank started on the payment: 160 ms after `submittedAt`. */
  readonly initiatedAt: Instant;
}

/** One attempt to pay an intent: its facts and its timed lifecycle. */
export class Payout {
  readonly facts: PayoutFacts;
  readonly amount: Decimal;
  #steps: Lifecycle;
  #snapshot: PayoutSnapshot | undefined;

  /** Throws a RangeError if the amount is not a decimal number. */
  constructor(facts: PayoutFacts, steps: Lifecycle) {
    const amount = Decimal.parse(facts.amount);
    if (amount === undefined) throw new RangeError(`not a decimal amount: ${facts.amount}`);
    this.facts = facts;
    this.amount = amount;
    this.#steps = steps;
  }

  /** The payout at `now`. Its first step always counts as reached, even if its time is later than `now`. */
  at(now: Instant): PayoutSnapshot {
    let reached = this.#steps.length;
    while (reached > 1 && (this.#steps[reached - 1]?.at ?? now) > now) reached -= 1;
    if (this.#snapshot?.reachedSteps.length === reached) return this.#snapshot;
    const reachedSteps = this.#steps.slice(0, reached);
    const currentStep = reachedSteps.at(-1) ?? this.#steps[0];
    const submittedAt = reachedSteps.find(step => step.payment)?.at ?? this.facts.createdAt;
    this.#snapshot = {
      facts: this.facts,
      currentStep,
      reachedSteps,
      paymentId: currentStep.payment ? this.facts.paymentId : undefined,
      submittedAt,
      initiatedAt: submittedAt + initiationDelay,
    };
    return this.#snapshot;
  }

  /** The time of the next step after `now`. Undefined if there is none. */
  nextStepAt(now: Instant): Instant | undefined {
    return this.#steps[this.at(now).reachedSteps.length]?.at;
  }

  /** Replaces the steps after `now`. */
  replaceFutureSteps(future: readonly LifecycleStep[], now: Instant): void {
    const [first, ...rest] = this.at(now).reachedSteps;
    this.#steps = [first ?? this.#steps[0], ...rest, ...future];
    this.#snapshot = undefined;
  }
}
