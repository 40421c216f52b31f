/** Credentials that the sandbox takes: a token that is ready at once, or a client that asks for one. */
export const sandboxCredentials = {
  token: 'sandbox-token',
  clientId: 'sandbox',
  clientSecret: 'sandbox-secret',
} as const;

/** Source accounts by what they are for. */
export const accounts = {
  operating: 'a0000000-0000-4000-8000-000000000001',
  second: 'a0000000-0000-4000-8000-000000000002',
  withoutBalance: 'a0000000-0000-4000-8000-000000000003',
} as const;

/** Destinations by what becomes of a payout to them. */
export const destinations = {
  /** Accepted by the bank, then paid. */
  pays: 'd0000000-0000-4000-8000-000000000001',
  /** Waits for a person, for ever, also when it was to be authorised automatically. */
  waitsForAuthorization: 'd0000000-0000-4000-8000-000000000002',
  /** Answered with 200 and FAILED inside; no payment is ever made. */
  failsAtOnce: 'd0000000-0000-4000-8000-000000000003',
  /** The bank takes it, then fails it. */
  failsAtBank: 'd0000000-0000-4000-8000-000000000004',
  /** Accepted by the bank, then rejected by it. */
  rejectedAfterAcceptance: 'd0000000-0000-4000-8000-000000000005',
  /** The bank takes it and never says more. */
  staysPending: 'd0000000-0000-4000-8000-000000000006',
  /** The authorisation step fails. */
  authorisationFails: 'd0000000-0000-4000-8000-000000000007',
  /** Taken at once, answered late, then paid. */
  slow: 'd0000000-0000-4000-8000-000000000008',
  /** Refused with 422: the beneficiary is not active yet. */
  refused: 'd0000000-0000-4000-8000-000000000009',
} as const;

/** What becomes of a payout, named after the destination that shows it. */
export type Behaviour = keyof typeof destinations;

/** A seeded payout that was paid after every step a payout can take. */
export const examplePayoutId = 'b0000000-0000-4000-8000-000000000001';
/** The intent of the example payout. */
export const exampleIntentId = 'c0000000-0000-4000-8000-000000000001';
/** A seeded intent that waits for its authorisation for ever. */
export const waitingIntentId = 'c0000000-0000-4000-8000-000000000002';
