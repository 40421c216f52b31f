import type { Payout, PayoutParty } from './payout.ts';

/**
 * Where a fact of a payout can be asked for: Lean's `intent`, which carries its newest payment; that `payment` by its own
 * call; its `row` in Lean's list; our own `record` of its creation, which costs no Lean call.
 */
export type Source = 'intent' | 'payment' | 'row' | 'record';

/** How a payout was reached, and so what is at hand of it: by a source, or in the answer to its creation. */
export type Origin = Exclude<Source, 'record'> | 'creation';

export interface Fact {
  /** The answers that carry it. */
  readonly carriedBy: readonly Origin[];
  /** Where it is asked for when it is not at hand, in this order, until one of them carries it. */
  readonly from: readonly Source[];
  /** The same for a Lean application that has no calls for intents and payments (UAE V1, KSA). */
  readonly fromOlder: readonly Source[];
  /** Whether only a payment has it: null before there is one. */
  readonly ofPayment?: true;
}

const everywhere: Fact = {
  carriedBy: ['row', 'payment', 'intent'],
  from: ['intent'],
  fromOlder: ['row'],
};
const byListAlone: Fact = { carriedBy: ['row'], from: ['row'], fromOlder: ['row'] };
const ofPayment: Fact = {
  carriedBy: ['payment', 'intent'],
  from: ['intent'],
  fromOlder: [],
  ofPayment: true,
};
/** An intent's payment has these as recorded, and lacks them by Lean's document. */
const ofTracking: Fact = { ...ofPayment, from: ['intent', 'payment'] };

/**
 * The facts of a payout that may have to be asked for. This table decides a field's value, its cost and what its
 * description says of the cost.
 * @see https://docs.leantech.me/v2.0-UAE/reference/createpayout and the calls beside it
 */
export const facts = {
  amount: everywhere,
  description: everywhere,
  paymentId: everywhere,
  // Before there is a payment only the list tells, and our record of a creation that the list does not show yet.
  state: {
    carriedBy: ['row', 'payment'],
    from: ['intent', 'row', 'record'],
    fromOlder: ['row', 'record'],
  },
  postInitiationStatus: { ...ofTracking, carriedBy: ['row', 'payment', 'intent'] },
  bankTransactionReference: { ...ofPayment, carriedBy: ['row', 'payment', 'intent'] },
  granularStatusCode: ofTracking,
  statusDetails: ofTracking,
  sender: { ...ofPayment, from: ['intent', 'record'], fromOlder: ['record'] },
  paymentSourceId: ofPayment,
  submittedAt: ofPayment,
  initiatedAt: ofPayment,
  autoAuthorized: byListAlone,
  pendingManualAuthorization: byListAlone,
  createdAt: byListAlone,
  updatedAt: byListAlone,
} as const satisfies Partial<Record<keyof Payout, Fact>>;

/** The facts of a payout's parties, in the same way. */
export const partyFacts = {
  legalName: { carriedBy: ['payment', 'intent'], from: ['intent'], fromOlder: [] },
  displayName: {
    carriedBy: ['row', 'intent', 'creation'],
    from: ['intent', 'row'],
    fromOlder: ['row'],
  },
  accountNumber: {
    carriedBy: ['payment', 'intent', 'creation'],
    from: ['intent'],
    fromOlder: ['record'],
  },
  iban: { carriedBy: ['row', 'payment', 'intent', 'creation'], from: ['intent'], fromOlder: ['row'] },
  bankName: { carriedBy: ['row', 'intent'], from: ['intent', 'row'], fromOlder: ['row'] },
} as const satisfies Record<keyof PayoutParty, Fact>;

export type FactName = keyof typeof facts;

/** The call that a fact may cost for a payout that was reached by `origin`, at a Lean that answers as it was recorded. */
export function callFor(fact: Fact, origin: Origin): Source | undefined {
  return fact.carriedBy.includes(origin) ? undefined : fact.from.find(source => source !== origin);
}

/** What a field's description says of its cost. */
export function costSentence(fact: Fact): string {
  if (fact === facts.state)
    return 'A payout without a payment takes it from Lean’s list: one Lean call, or two, unless it was read there.';
  if (fact.from[0] === 'row')
    return (
      'Lists carry it. Of a payout that was reached another way it costs nothing where a list showed it lately, else ' +
      'one Lean call, or two, for all such fields together.'
    );
  const [carried, costs] = [fact.carriedBy.includes('row'), fact.carriedBy.includes('payment')];
  if (!carried)
    return 'On a list it costs one Lean call per payout, for all such fields and `intent` together.';
  return costs
    ? ''
    : 'Of a payout that was reached by its payment it costs one Lean call, shared with `intent`.';
}
