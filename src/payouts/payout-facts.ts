import type { Payout, PayoutParty } from './payout.ts';

/**
 * A source of a payout's facts: `intent` is Lean's intent, which carries its newest payment; `payment`, that payment
 * from its own call; `row`, the row in Lean's list; `history`, the history of the payment; `record`, the gateway's
 * own record of the creation, which costs no Lean call.
 */
export type Source = 'intent' | 'payment' | 'row' | 'history' | 'record';

/**
 * The response that a payout was read from: a source, or Lean's response to its creation. It decides which facts it
 * has.
 */
export type Origin = Exclude<Source, 'history' | 'record'> | 'creation';

export interface Fact {
  /** The responses that carry it. */
  readonly carriedBy: readonly Origin[];
  /** If the payout lacks it, it is read from these sources, in this order, until one carries it. */
  readonly sources: readonly Source[];
  /** The sources at a Lean application that has no calls for a single intent or payment (UAE V1, KSA). */
  readonly sourcesWithoutDetailCalls: readonly Source[];
  /** Whether only a payment has it. It is null before there is a payment. */
  readonly requiresPayment?: true;
  /** Whether it never changes, so that a cached row is as good as a new one. */
  readonly isConstant?: true;
}

const inAllResponses: Fact = {
  carriedBy: ['row', 'payment', 'intent'],
  sources: ['intent'],
  sourcesWithoutDetailCalls: ['row'],
};
const rowFact: Fact = { carriedBy: ['row'], sources: ['row'], sourcesWithoutDetailCalls: ['row'] };
const constantRowFact: Fact = { ...rowFact, isConstant: true };
const paymentFact: Fact = {
  carriedBy: ['payment', 'intent'],
  sources: ['intent'],
  sourcesWithoutDetailCalls: [],
  requiresPayment: true,
};
/**
 * In recorded responses of Lean, the payment inside an intent has these facts. By Lean's documentation only the
 * payment's own call has them.
 */
const trackingFact: Fact = { ...paymentFact, sources: ['intent', 'payment'] };

/**
 * The facts of a payout that may have to be read from Lean. This table decides from where a field is read, what that
 * costs, and what the field's description says about the cost.
 * @see https://docs.leantech.me/v2.0-UAE/reference/createpayout and the calls beside it
 */
export const facts = {
  amount: inAllResponses,
  description: inAllResponses,
  paymentId: inAllResponses,
  // Before there is a payment, only the list has it, or the gateway's record while the list lacks the payout.
  state: {
    carriedBy: ['row', 'payment'],
    sources: ['intent', 'row', 'record'],
    sourcesWithoutDetailCalls: ['row', 'record'],
  },
  postInitiationStatus: { ...trackingFact, carriedBy: ['row', 'payment', 'intent'] },
  bankTransactionReference: { ...paymentFact, carriedBy: ['row', 'payment', 'intent'] },
  granularStatusCode: trackingFact,
  statusDetails: trackingFact,
  sender: { ...paymentFact, sources: ['intent', 'record'], sourcesWithoutDetailCalls: ['record'] },
  paymentSourceId: paymentFact,
  submittedAt: paymentFact,
  initiatedAt: { ...paymentFact, sourcesWithoutDetailCalls: ['history'] },
  autoAuthorized: constantRowFact,
  pendingManualAuthorization: rowFact,
  createdAt: constantRowFact,
  updatedAt: rowFact,
} as const satisfies Partial<Record<keyof Payout, Fact>>;

/** The facts of a payout's parties. */
export const partyFacts = {
  legalName: { carriedBy: ['payment', 'intent'], sources: ['intent'], sourcesWithoutDetailCalls: [] },
  displayName: {
    carriedBy: ['row', 'intent', 'creation'],
    sources: ['intent', 'row'],
    sourcesWithoutDetailCalls: ['row'],
  },
  accountNumber: {
    carriedBy: ['payment', 'intent', 'creation'],
    sources: ['intent'],
    sourcesWithoutDetailCalls: ['record'],
  },
  iban: {
    carriedBy: ['row', 'payment', 'intent', 'creation'],
    sources: ['intent'],
    sourcesWithoutDetailCalls: ['row'],
  },
  bankName: { carriedBy: ['row', 'intent'], sources: ['intent', 'row'], sourcesWithoutDetailCalls: ['row'] },
} as const satisfies Record<keyof PayoutParty, Fact>;

export type FactName = keyof typeof facts;

/**
 * The source that a fact must be read from if the payout came from `origin`; undefined if the payout has it already. It
 * assumes that Lean's responses carry what the recorded ones carry.
 */
export function requiredSource(fact: Fact, origin: Origin): Source | undefined {
  return fact.carriedBy.includes(origin) ? undefined : fact.sources.find(source => source !== origin);
}

/** The sentence about the cost of a fact, for the end of its field's description. */
export function costSentence(fact: Fact): string {
  if (fact === facts.state)
    return "Before there is a payment, this field is read from Lean's list: one or two Lean calls, unless the payout came from a list.";
  if (fact.sources[0] === 'row') {
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
