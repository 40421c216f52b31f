import type { HistoryEvent } from '../payouts/history-event.ts';
import { builder } from './builder.ts';
import { PayoutStatusType, PostInitiationStatusType } from './payout-status.ts';

export const HistoryEventTypeType = builder.enumType('HistoryEventType', {
  description: 'The type of an event.',
  values: {
    PAYMENT_CREATED: {
      description: 'Lean has made a payment (`payment.created`). The payment may already have ended.',
    },
    PAYMENT_UPDATED: {
      description:
        'The payment has changed (`payment.updated`). An update of a payout without a payment also has this type. So the ' +
        'first update of a payout is usually `PAYMENT_UPDATED` with the status `CREATED`, before `PAYMENT_CREATED`.',
    },
    UNKNOWN: { description: 'A type that this gateway does not know.' },
  } as const,
});

export const HistoryEventType = builder.objectRef<HistoryEvent>('HistoryEvent').implement({
  description: 'An event in the history of a payout, as Lean published it.',
  fields: t => ({
    payoutId: t.exposeID('payoutId', { description: 'The id of the payout, as in `Payout.id`.' }),
    paymentId: t.exposeID('paymentId', {
      nullable: true,
      description:
        "Lean's payment_id of the payment that the event is about; null if there was no payment yet.",
    }),
    type: t.expose('type', { type: HistoryEventTypeType, description: 'The type of the event.' }),
    status: t.expose('status', {
      type: PayoutStatusType,
      description: "The payout's status after the event.",
    }),
    leanStatus: t.exposeString('leanStatus', {
      description: "Lean's own name of the status, such as `ACCEPTED_BY_BANK`.",
    }),
    postInitiationStatus: t.expose('postInitiationStatus', {
      type: PostInitiationStatusType,
      nullable: true,
      description:
        "How the bank's tracking had ended by then; null if it had not ended, or Lean did not report it.",
    }),
    publishedAt: t.expose('publishedAt', { type: 'DateTime', description: 'When Lean published the event.' }),
  }),
});
