import type { Destination } from './destination.ts';
import { type Instant, instantFromMs, seconds } from './instant.ts';
import {
  accepted,
  atBank,
  awaiting,
  created,
  failedAtBank,
  failedAtOnce,
  type Lifecycle,
} from './lifecycle.ts';
import { accounts, exampleIntentId, examplePayoutId, waitingIntentId } from './named.ts';
import { Payout, type PayoutFacts } from './payout.ts';
import type { Profile } from './profile.ts';
import { Random } from './random.ts';

/** The customer behind every intent, whom the create call does not name. */
export const customerId = 'f0000000-0000-4000-8000-000000000001';

/** The lives of seeded payouts: all their steps are past. The reference is the bank's. */
const lives = {
  example: (at: Instant, reference: string): Lifecycle => [
    created(at),
    awaiting(at + seconds(1.184)),
    atBank(at + seconds(20.5), 'PENDING_WITH_BANK'),
    accepted(at + seconds(24.25), reference),
    accepted(at + seconds(30.75), reference, 'PROCESSED'),
  ],
  paid: (at: Instant, reference: string): Lifecycle => [
    created(at),
    accepted(at + seconds(1.35), reference),
    accepted(at + seconds(38.2), reference, 'PROCESSED'),
  ],
  paidByHand: (at: Instant, reference: string): Lifecycle => [
    created(at),
    awaiting(at + seconds(0.84)),
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
    awaiting(at + seconds(0.9)),
    atBank(at + seconds(52.6), 'AUTHORISATION_FAILED'),
  ],
  waiting: (at: Instant): Lifecycle => [created(at), awaiting(at + seconds(0.77))],
  created: (at: Instant): Lifecycle => [created(at)],
  underReview: (at: Instant): Lifecycle => [created(at), atBank(at + seconds(3.3), 'UNDER_REVIEW')],
};

type Outcome = keyof typeof lives;

/** Used in rotation. Each payout has an intent of its own, because Lean is not known to pay an intent twice. */
// prettier-ignore
const outcomes: readonly Outcome[] = [
  'paid', 'waiting', 'paid', 'accepted', 'created', 'failed', 'paidByHand', 'rejected', 'pending', 'paid',
  'failedEarly', 'paid', 'authorisationFailed', 'underReview', 'paidByHand', 'paid', 'accepted', 'paid',
  'failed',
];

const newestAges = [180, 370, 610, 920, 1270];
const oldestAge = 60 * 24 * 3600;
const hour = 3600;
const largeAmount = '912345678901234.56';
const subjects = ['Invoice', 'Salary', 'Rent', 'Refund', 'Supplies', 'Commission', 'Delivery', 'Retainer'];

/**
 * Makes `count` payouts of the sixty days before `startMs`, oldest first, as rank falls to 0. Ids, amounts, texts and
 * times depend on nothing but the seed, the count and the start, so every profile has the same payouts.
 */
export function seedPayouts(profile: Profile, count: number, seed: number, startMs: number): Payout[] {
  const random = new Random(seed, 'payouts');
  const recipients = [...profile.destinations.values()].filter(({ behaviour }) => behaviour !== 'refused');
  const payouts: Payout[] = [];
  for (let rank = count - 1; rank >= 0; rank -= 1) {
    const outcome = outcomeOf(rank);
    const createdAt = instantFromMs(startMs) - createdBefore(rank, count, random);
    const drawn = drawFacts(profile, recipients, { rank, createdAt, random });
    const facts = fixedFacts(rank, { ...drawn, autoAuthorized: isAutomatic(outcome) });
    payouts.push(new Payout(facts, lives[outcome](createdAt, random.digits(9))));
  }
  return payouts;
}

/** The two newest payouts are the named ones; the rest take their turn. */
function outcomeOf(rank: number): Outcome {
  return rank === 0 ? 'example' : (outcomes[rank % outcomes.length] ?? 'paid');
}

function isAutomatic(outcome: Outcome): boolean {
  return !['example', 'paidByHand', 'waiting', 'authorisationFailed'].includes(outcome);
}

/** How long before the start, to the microsecond: a few minutes for the newest, then evenly back to sixty days. */
function createdBefore(rank: number, count: number, random: Random): bigint {
  const jitter = random.fraction();
  const recent = newestAges[rank];
  const slot = (oldestAge - hour) / Math.max(count - newestAges.length, 1);
  const age = recent === undefined ? hour + (rank - newestAges.length + jitter) * slot : recent + jitter;
  return (seconds(age) / 1000n) * 1000n;
}

function drawFacts(
  { accounts: open, market, takesReferences }: Profile,
  recipients: readonly Destination[],
  { rank, createdAt, random }: { rank: number; createdAt: Instant; random: Random },
) {
  const account = open.get(random.below(4) === 0 ? accounts.second : accounts.operating);
  const destination = random.pick(recipients);
  if (account === undefined) throw new Error('the profile has no source account');
  const year = new Date(Number(createdAt / 1_000_000n)).getUTCFullYear();
  const referenced = random.below(4) > 0;
  const number = String(rank + 1).padStart(4, '0');
  return {
    intentId: random.uuid(),
    paymentId: random.uuid(),
    taskId: random.uuid(),
    customerId,
    amount: drawAmount(random),
    currency: market.currency,
    description: `${random.pick(subjects)} ${number}`,
    externalReference: takesReferences && referenced ? `INV-${String(year)}-${number}` : null,
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

/** Gives the payouts that callers know by heart what they know of them. */
function fixedFacts(rank: number, facts: PayoutFacts): PayoutFacts {
  if (rank === 0) return { ...facts, intentId: exampleIntentId, paymentId: examplePayoutId };
  if (rank === 1) return { ...facts, intentId: waitingIntentId };
  return rank === 2 ? { ...facts, amount: largeAmount } : facts;
}
