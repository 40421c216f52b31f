import { builder } from './builder.ts';

export const PayoutStatusType = builder.enumType('PayoutStatus', {
  description:
    "The progress of a payout, from Lean's own status. It does not say whether the money has arrived: use " +
    '`Payout.outcome` for that.',
  values: {
    CREATED: { description: 'Recorded at Lean. Nothing has reached the bank yet.' },
    AWAITING_AUTHORIZATION: {
      description: 'Waits until a person, or the authoriser, authorises it.',
    },
    PENDING_WITH_BANK: {
      description:
        'The bank received it but gave no reference. It may still be processed, or fail. Reconcile it.',
    },
    ACCEPTED_BY_BANK: {
      description:
        'The bank accepted it. This is not final and no proof of payment: the bank may still reject it.',
    },
    FAILED: { description: 'The payout was not executed.' },
    AUTHORISATION_FAILED: {
      description:
        "The authorisation failed, for example because of a wrong one-time password. Lean's list and history show " +
        '`FAILED` instead, and so does `payouts`.',
    },
    UNKNOWN: {
      description: 'Lean gave no status, or one that this gateway does not know; see `leanStatus`.',
    },
  } as const,
});

export const PostInitiationStatusType = builder.enumType('PostInitiationStatus', {
  description: "How the bank's tracking of an accepted payout ended.",
  values: {
    PROCESSED: { description: 'The bank executed the payout.' },
    REJECTED: { description: 'The bank rejected the payout after it had accepted it.' },
    UNKNOWN: { description: 'Lean gave a value that this gateway does not know.' },
  } as const,
});

export const PayoutOutcomeType = builder.enumType('PayoutOutcome', {
  description:
    "Whether the money has gone to the recipient, from Lean's two statuses together. Use this for decisions, not `status`.",
  values: {
    IN_PROGRESS: {
      description: 'Not decided yet. This includes `ACCEPTED_BY_BANK` until the tracking ends.',
    },
    PAID: { description: 'The bank has executed the payout (`postInitiationStatus: PROCESSED`).' },
    NOT_PAID: {
      description: 'The payout failed, or the bank rejected it before or after it had accepted it.',
    },
  } as const,
});
