import type { HistoryEvent } from '../payouts/history-event.ts';
import { builder } from './builder.ts';
import { PayoutStatusType, PostInitiationStatusType } from './payout-status.ts';

export const HistoryEventTypeType = builder.enumType('HistoryEventType', {
  description: 'The kind of an event.',
  values: {
    PAYMENT_CREATED: { description: 'Lean made a payment; it may have ended at once (`payment.created`).' },
    PAYMENT_UPDATED: { description: 'Something about it changed (`payment.updated`).' },
    UNKNOWN: { description: 'A kind that this gateway does not know.' },
  } as const,
});

export const HistoryEventType = builder.objectRef<HistoryEvent>('HistoryEvent').implement({
  description: 'Something that happened to a payout, as Lean announced it.',
  fields: t => ({
    payoutId: t.exposeID('payoutId', { description: 'The payout, as in `Payout.id`.' }),
    paymentId: t.exposeID('paymentId', {
      nullable: true,
      description: "Lean's id of the payment that it happened to; null if there was none yet.",
    }),
    type: t.expose('type', { type: HistoryEventTypeType, description: 'The kind of the event.' }),
    status: t.expose('status', { type: PayoutStatusType, description: "The payout's status from then on." }),
    leanStatus: t.exposeString('leanStatus', { description: "Lean's own word for that status." }),
    postInitiationStatus: t.expose('postInitiationStatus', {
      type: PostInitiationStatusType,
      nullable: true,
      description:
        "What the bank's tracking had ended with by then; null: it had not ended, or Lean did not say.",
    }),
    publishedAt: t.expose('publishedAt', { type: 'DateTime', description: 'When Lean announced it.' }),
  }),
});
