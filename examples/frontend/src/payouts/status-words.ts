import type { PayoutStatus, PostInitiationStatus } from '../gql/graphql';

const words: Record<PayoutStatus, string> = {
  CREATED: 'Created',
  AWAITING_AUTHORIZATION: 'Waits for authorisation',
  PENDING_WITH_BANK: 'Pending with the bank',
  ACCEPTED_BY_BANK: 'Accepted by the bank',
  FAILED: 'Failed',
  AUTHORISATION_FAILED: 'Authorisation failed',
  UNKNOWN: 'Unknown',
};

const endWords: Record<PostInitiationStatus, string> = {
  PROCESSED: 'Executed by the bank',
  REJECTED: 'Rejected by the bank',
  UNKNOWN: 'Unknown',
};

/** The two statuses as one sentence for people. */
export function statusWords(state: {
  readonly status: PayoutStatus;
  readonly postInitiationStatus: PostInitiationStatus | null;
}): string {
  return state.postInitiationStatus === null ? words[state.status] : endWords[state.postInitiationStatus];
}
