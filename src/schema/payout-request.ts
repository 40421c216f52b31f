import type { RequestSummary } from '../payouts/creation/request-summary.ts';
import { builder } from './builder.ts';
import { CreatePayoutResult } from './creation-result.ts';
import { requiresReadScope } from './scope-rules.ts';

const PayoutRequestType = builder.objectRef<RequestSummary>('PayoutRequest').implement({
  description: 'A request with an idempotency key, and its results.',
  fields: t => ({
    idempotencyKey: t.exposeString('idempotencyKey', { description: 'The idempotency key of the request.' }),
    requestedAt: t.expose('requestedAt', {
      type: 'DateTime',
      description: 'When the gateway recorded the request.',
    }),
    results: t.expose('results', {
      type: [CreatePayoutResult],
      description:
        'One entry for each transfer, in order: its recorded result, or `PayoutOutcomeUnknown` while it is in flight or ' +
        'its outcome is unknown. `PayoutCreated.status` is the status at creation; `PayoutCreated.payout` has the current ' +
        'one.',
    }),
  }),
});

builder.queryField('payoutRequest', t =>
  t.field({
    type: PayoutRequestType,
    nullable: true,
    ...requiresReadScope,
    description:
      'Your request with an idempotency key, and its results. This query sends no payout and changes nothing. It costs no ' +
      'Lean call, except for `payout`, `intent`, and the fields of `sender` and `recipient` that are missing in the ' +
      'recorded result. Null means that there is no record: the key never arrived, nothing was sent for it, or the record ' +
      'was deleted after the retention period. **Null does not allow you to pay again under another key.**',
    args: {
      idempotencyKey: t.arg.string({ required: true, description: 'The idempotency key of the request.' }),
    },
    resolve: (_root, { idempotencyKey }, { creation, caller }) =>
      creation.findRequest({ caller: caller.subject, idempotencyKey }),
  }),
);
