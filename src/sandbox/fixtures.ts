/** Credentials that the sandbox accepts: a fixed access token, or a client that requests one. */
export const sandboxCredentials = {
  token: 'sandbox-token',
  clientId: 'sandbox',
  clientSecret: 'sandbox-secret',
} as const;

/** Ids of the source accounts. */
export const accounts = {
  operating: 'a0000000-0000-4000-8000-000000000001',
  second: 'a0000000-0000-4000-8000-000000000002',
  withoutBalance: 'a0000000-0000-4000-8000-000000000003',
} as const;

/** Ids of the destinations, named after what happens to a payout to them. */
export const destinations = {
  /** The bank accepts the payout and then pays it. */
  pays: 'd0000000-0000-4000-8000-000000000001',
  /** The payout waits for a person, even if the request asked for automatic authorisation. */
  waitsForAuthorization: 'd0000000-0000-4000-8000-000000000002',
  /** The creation returns 200 with the status FAILED in its body. No payment is created. */
  failsAtOnce: 'd0000000-0000-4000-8000-000000000003',
  /** The bank takes the payout and then fails it. */
  failsAtBank: 'd0000000-0000-4000-8000-000000000004',
  /** The bank accepts the payout and then rejects it. */
  rejectedAfterAcceptance: 'd0000000-0000-4000-8000-000000000005',
  /** The bank takes the payout, and its status never changes again. */
  staysPending: 'd0000000-0000-4000-8000-000000000006',
  /** The authorisation fails. */
  authorisationFails: 'd0000000-0000-4000-8000-000000000007',
  /** Like `pays`, but the response to the creation comes three seconds late (at speed 1). */
  slow: 'd0000000-0000-4000-8000-000000000008',
  /** The creation is refused with 422, because the beneficiary is not active yet. */
  refused: 'd0000000-0000-4000-8000-000000000009',
} as const;

/** The lifecycle of a payout, by the name of the destination whose payouts have it. */
export type DestinationBehaviour = keyof typeof destinations;

/** The payment id of a seeded payout that went through every step up to paid. */
export const examplePayoutId = 'b0000000-0000-4000-8000-000000000001';
/** The intent id of the example payout. */
export const exampleIntentId = 'c0000000-0000-4000-8000-000000000001';
/** A seeded intent that waits for its authorisation until a test authorises it. */
export const waitingIntentId = 'c0000000-0000-4000-8000-000000000002';
