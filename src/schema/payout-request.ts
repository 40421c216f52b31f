import type { RequestReport } from '../payouts/creation/request-report.ts';
import { builder } from './builder.ts';
import { CreatePayoutResult } from './creation-result.ts';
import { forReaders } from './scope-rules.ts';

const PayoutRequestType = builder.objectRef<RequestReport>('PayoutRequest').implement({
  description: 'A request under an idempotency key, and what became of it.',
  fields: t => ({
    idempotencyKey: t.exposeString('idempotencyKey', { description: 'The key of the request.' }),
    requestedAt: t.expose('requestedAt', {
      type: 'DateTime',
      description: 'When the gateway recorded the request.',
    }),
    results: t.expose('results', {
      type: [CreatePayoutResult],
      description:
        'One entry for each transfer, in order: its recorded answer, or `PayoutOutcomeUnknown` while it is in flight or ' +
        'open. `PayoutCreated.status` is the status at creation; its `payout` has the current one.',
    }),
  }),
});

builder.queryField('payoutRequest', t =>
  t.field({
    type: PayoutRequestType,
    nullable: true,
    ...forReaders,
    description:
      'Your request under an idempotency key, with its results. The query sends nothing and writes nothing. `payout` and ' +
      "`intent` cost Lean calls, and so do fields of `sender` and `recipient` that Lean's answer did not carry. " +
      'Null means that there is no record: the key never arrived, nothing was sent for it, or ' +
      'the record is older than the retention. **Null does not allow you to pay again under another key.**',
    args: {
      idempotencyKey: t.arg.string({ required: true, description: 'The key, as it was sent.' }),
    },
    resolve: (_root, { idempotencyKey }, { creation, caller }) =>
      creation.report({ caller: caller.subject, idempotencyKey }),
  }),
);
