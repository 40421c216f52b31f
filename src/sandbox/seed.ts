import type { Destination } from './destination.ts';
import { type Instant, instantFromMs, seconds } from './instant.ts';
import {
  accepted,
  atBank,
  awaitingAuthorization,
  created,
  failedAtBank,
  failedAtOnce,
  type Lifecycle,
} from './lifecycle.ts';
import { accounts, exampleIntentId, examplePayoutId, waitingIntentId } from './fixtures.ts';
import { Payout, type PayoutFacts } from './payout.ts';
import type { Profile } from './profile.ts';
import { Random } from './random.ts';

/** The customer of every intent. A creation request does not name one, so all intents have the same. */
export const customerId = 'f0000000-0000-4000-8000-000000000001';

/** The lifecycles of seeded payouts, from the creation `at`. `reference` is the bank's transaction reference. */
const lifecycles = {
  example: (at: Instant, reference: string): Lifecycle => [
    created(at),
    awaitingAuthorization(at + seconds(1.184)),
    atBank(at + seconds(20.5), 'PENDING_WITH_BANK'),
    accepted(at + seconds(24.25), reference),
    accepted(at + seconds(30.75), reference, 'PROCESSED'),
  ],
  paid: (at: Instant, reference: string): Lifecycle => [
    created(at),
    accepted(at + seconds(1.35), reference),
    accepted(at + seconds(38.2), reference, 'PROCESSED'),
  ],
  paidAfterAuthorization: (at: Instant, reference: string): Lifecycle => [
    created(at),
    awaitingAuthorization(at + seconds(0.84)),
    accepted(at + seconds(41.107), reference),
    accepted(at + seconds(60.9), reference, 'PROCESSED'),
  ],
  accepted: (at: Instant, reference: string): Lifecycle => [
    created(at),
    accepted(at + seconds(1.6), reference),
  ],
  rejected: (at: Instant, reference: string): Lifecycle => [
    created(at),
    accepted(at + seconds(2.1), reference),
    accepted(at + seconds(75.4), reference, 'REJECTED'),
  ],
  pending: (at: Instant): Lifecycle => [created(at), atBank(at + seconds(1.9), 'PENDING_WITH_BANK')],
  failed: (at: Instant): Lifecycle => [
    created(at),
    atBank(at + seconds(2.3), 'PENDING_WITH_BANK'),
    failedAtBank(at + seconds(33.031)),
  ],
  failedEarly: (at: Instant): Lifecycle => [created(at), failedAtOnce(at + seconds(0.412))],
  authorisationFailed: (at: Instant): Lifecycle => [
    created(at),
    awaitingAuthorization(at + seconds(0.9)),
    atBank(at + seconds(52.6), 'AUTHORISATION_FAILED'),
  ],
  waiting: (at: Instant): Lifecycle => [created(at), awaitingAuthorization(at + seconds(0.77))],
  created: (at: Instant): Lifecycle => [created(at)],
  underReview: (at: Instant): Lifecycle => [created(at), atBank(at + seconds(3.3), 'UNDER_REVIEW')],
};

type Outcome = keyof typeof lifecycles;

/**
 * The outcomes of seeded payouts, used in rotation. Every payout has its own intent, because Lean is not known to pay
 * an intent twice.
 */
// prettier-ignore
const outcomes: readonly Outcome[] = [
  'paid', 'waiting', 'paid', 'accepted', 'created', 'failed', 'paidAfterAuthorization', 'rejected', 'pending', 'paid',
  'failedEarly', 'paid', 'authorisationFailed', 'underReview', 'paidAfterAuthorization', 'paid', 'accepted', 'paid',
  'failed',
];

/** Ages of the newest payouts, in seconds. */
const newestAges = [180, 370, 610, 920, 1270];
/** Sixty days, in seconds. */
const oldestAge = 60 * 24 * 3600;
const hour = 3600;
/** An amount that a double cannot represent. */
const largeAmount = '912345678901234.56';
const subjects = ['Invoice', 'Salary', 'Rent', 'Refund', 'Supplies', 'Commission', 'Delivery', 'Retainer'];

/**
 * Creates `count` payouts of the sixty days before `startMs` (epoch ms), oldest first. A payout's rank is 0 for the
 * newest. Ids, amounts, texts and times depend only on the seed, the count and the start, so that every profile has
 * the same payouts.
 */
export function seedPayouts(profile: Profile, count: number, seed: number, startMs: number): Payout[] {
  const random = new Random(seed, 'payouts');
  const recipients = [...profile.destinations.values()].filter(({ behaviour }) => behaviour !== 'refused');
  const payouts: Payout[] = [];
  for (let rank = count - 1; rank >= 0; rank -= 1) {
    const outcome = outcomeOf(rank);
    const createdAt = instantFromMs(startMs) - drawAge(rank, count, random);
    const drawn = drawFacts(profile, recipients, { rank, createdAt, random });
    const facts = withFixedFacts(rank, { ...drawn, autoAuthorized: isAutoAuthorized(outcome) });
    payouts.push(new Payout(facts, lifecycles[outcome](createdAt, random.digits(9))));
  }
  return payouts;
}

/** The newest payout is the example. All others take their outcome from the rotation. */
function outcomeOf(rank: number): Outcome {
  return rank === 0 ? 'example' : (outcomes[rank % outcomes.length] ?? 'paid');
}

function isAutoAuthorized(outcome: Outcome): boolean {
  return !['example', 'paidAfterAuthorization', 'waiting', 'authorisationFailed'].includes(outcome);
}

/**
 * The age of a payout at the start in nanoseconds, a whole number of microseconds: a few minutes for the newest
 * payouts, then evenly distributed over sixty days.
 */
function drawAge(rank: number, count: number, random: Random): bigint {
  const jitter = random.fraction();
  const recent = newestAges[rank];
  const slot = (oldestAge - hour) / Math.max(count - newestAges.length, 1);
  const age = recent === undefined ? hour + (rank - newestAges.length + jitter) * slot : recent + jitter;
  return (seconds(age) / 1000n) * 1000n;
}

function drawFacts(
  { accounts: knownAccounts, country, checksAllFields }: Profile,
  recipients: readonly Destination[],
  { rank, createdAt, random }: { rank: number; createdAt: Instant; random: Random },
) {
  const account = knownAccounts.get(random.below(4) === 0 ? accounts.second : accounts.operating);
  const destination = random.pick(recipients);
  if (account === undefined) throw new Error('the profile has no source account');
  const year = new Date(Number(createdAt / 1_000_000n)).getUTCFullYear();
  const hasReference = random.below(4) > 0;
  const number = String(rank + 1).padStart(4, '0');
  return {
    intentId: random.uuid(),
    paymentId: random.uuid(),
    taskId: random.uuid(),
    customerId,
    amount: drawAmount(random),
    currency: country.currency,
    description: `${random.pick(subjects)} ${number}`,
    externalReference: checksAllFields && hasReference ? `INV-${String(year)}-${number}` : null,
    account,
    destination,
    idempotencyKey: null,
    createdAt,
  };
}

function drawAmount(random: Random): string {
  const whole = random.pick([50, 500, 5000, 50_000]);
  const major = whole / 10 + random.below(whole);
  const minor = random.below(3) === 0 ? 0 : random.below(100);
  return minor === 0 ? String(major) : `${String(major)}.${String(minor).padStart(2, '0').replace(/0$/, '')}`;
}

/** Replaces the drawn ids and amount of the three newest payouts with fixed values that tests and examples rely on. */
function withFixedFacts(rank: number, facts: PayoutFacts): PayoutFacts {
  if (rank === 0) return { ...facts, intentId: exampleIntentId, paymentId: examplePayoutId };
  if (rank === 1) return { ...facts, intentId: waitingIntentId };
  return rank === 2 ? { ...facts, amount: largeAmount } : facts;
}
