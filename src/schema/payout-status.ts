import { builder } from './builder.ts';

export const PayoutStatusType = builder.enumType('PayoutStatus', {
  description:
    "How far a payout has come, by Lean's own status. It does not say whether money has arrived: `Payout.outcome` does.",
  values: {
    CREATED: { description: 'Recorded at Lean; nothing has reached the bank yet.' },
    AWAITING_AUTHORIZATION: {
      description: 'Queued; waits for a person, or for the authoriser, to authorise it.',
    },
    PENDING_WITH_BANK: {
      description:
        'The bank took it but gave no reference: it may still be processed, or fail. Reconcile it.',
    },
    ACCEPTED_BY_BANK: {
      description: 'The bank accepted it. Not final, and no proof of payment: the bank may still reject it.',
    },
    FAILED: { description: 'Not executed.' },
    AUTHORISATION_FAILED: {
      description:
        "Its authorisation failed, for example by a wrong one-time password. Lean's list and history have no such " +
        'status: there, and so in `payouts`, it is `FAILED`.',
    },
    UNKNOWN: {
      description: 'Lean gave no status, or one that this gateway does not know; see `leanStatus`.',
    },
  } as const,
});

export const PostInitiationStatusType = builder.enumType('PostInitiationStatus', {
  description: "What the bank's tracking of an accepted payout ended with.",
  values: {
    PROCESSED: { description: 'The bank executed the payout.' },
    REJECTED: { description: 'The bank rejected the payout after it had accepted it.' },
    UNKNOWN: { description: 'A word of Lean that this gateway does not know.' },
  } as const,
});

export const PayoutOutcomeType = builder.enumType('PayoutOutcome', {
  description:
    "What Lean's two statuses mean together: has the money gone to the recipient? Decide by this, not by `status`.",
  values: {
    IN_PROGRESS: { description: 'Not decided yet. `ACCEPTED_BY_BANK` is in here until the tracking ends.' },
    PAID: { description: 'The bank has executed it (`postInitiationStatus: PROCESSED`).' },
    NOT_PAID: { description: 'Failed, or rejected by the bank before or after it was accepted.' },
  } as const,
});
