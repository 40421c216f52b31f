import type { Payout, PayoutParty } from './payout.ts';

/**
 * A source of a fact of a payout: Lean's `intent`, which carries its newest payment; that `payment`, by its own
 * call; the `row` in Lean's list; the `history` of the payment; or our own `record` of the creation, which costs no Lean
 * call.
 */
export type Source = 'intent' | 'payment' | 'row' | 'history' | 'record';

/** The way by which a payout was reached: a source, or the answer to its creation. It decides which facts are at hand. */
export type Origin = Exclude<Source, 'history' | 'record'> | 'creation';

export interface Fact {
  /** The answers that carry it. */
  readonly carriedBy: readonly Origin[];
  /** The sources to read it from if it is not at hand, in this order, until one carries it. */
  readonly from: readonly Source[];
  /** The same for a Lean application that has no calls for intents and payments (UAE V1, KSA). */
  readonly fromOlder: readonly Source[];
  /** Whether only a payment has it. It is null before there is a payment. */
  readonly ofPayment?: true;
  /** Whether it never changes, so that a row that was read earlier still tells it. */
  readonly isConstant?: true;
}

const everywhere: Fact = {
  carriedBy: ['row', 'payment', 'intent'],
  from: ['intent'],
  fromOlder: ['row'],
};
const ofRow: Fact = { carriedBy: ['row'], from: ['row'], fromOlder: ['row'] };
const constantOfRow: Fact = { ...ofRow, isConstant: true };
const ofPayment: Fact = {
  carriedBy: ['payment', 'intent'],
  from: ['intent'],
  fromOlder: [],
  ofPayment: true,
};
/** Recorded answers have these in the intent's payment; Lean's documentation lacks them there. */
const ofTracking: Fact = { ...ofPayment, from: ['intent', 'payment'] };

/**
 * The facts of a payout that may have to be read. This table decides where a field gets its value, what that costs, and
 * what the field's description says about the cost.
 * @see https://docs.leantech.me/v2.0-UAE/reference/createpayout and the calls beside it
 */
export const facts = {
  amount: everywhere,
  description: everywhere,
  paymentId: everywhere,
  // Before there is a payment, only the list has it, or our record if the list does not show the payout yet.
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
  initiatedAt: { ...ofPayment, fromOlder: ['history'] },
  autoAuthorized: constantOfRow,
  pendingManualAuthorization: ofRow,
  createdAt: constantOfRow,
  updatedAt: ofRow,
} as const satisfies Partial<Record<keyof Payout, Fact>>;

/** The same for the parties of a payout. */
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

/**
 * The call that a fact costs if the payout was reached by `origin`; undefined if it costs none. It assumes that Lean
 * answers as it was recorded.
 */
export function callFor(fact: Fact, origin: Origin): Source | undefined {
  return fact.carriedBy.includes(origin) ? undefined : fact.from.find(source => source !== origin);
}

/** The sentence about cost at the end of a field's description. */
export function costSentence(fact: Fact): string {
  if (fact === facts.state)
    return "Before there is a payment, this field is read from Lean's list: one or two Lean calls, unless the payout came from a list.";
  if (fact.from[0] === 'row') {
    const cost =
      'Lists carry it. A payout that did not come from a list costs one or two Lean calls for all such fields together';
    return fact.isConstant === true ? `${cost}, or none if a list showed it lately.` : `${cost}.`;
  }
  if (!fact.carriedBy.includes('row'))
    return 'On a list it costs one Lean call per payout, shared by all such fields and `intent`.';
  if (!fact.carriedBy.includes('payment'))
    return 'For a payout from `payoutByPayment` it costs one more Lean call, shared with `intent`.';
  return '';
}
