import type { RequestReport } from '../payouts/creation/request-report.ts';
import { builder } from './builder.ts';
import { CreatePayoutResult } from './creation-result.ts';
import { forReaders } from './scope-rules.ts';

const PayoutRequestType = builder.objectRef<RequestReport>('PayoutRequest').implement({
  description: 'What was asked for under an idempotency key, and what became of it.',
  fields: t => ({
    idempotencyKey: t.exposeString('idempotencyKey', { description: 'The key of the request.' }),
    requestedAt: t.expose('requestedAt', {
      type: 'DateTime',
      description: 'When the gateway recorded the request.',
    }),
    results: t.expose('results', {
      type: [CreatePayoutResult],
      description:
        'One for each transfer, in order: the recorded answer, or `PayoutOutcomeUnknown` while it is in flight or open, ' +
        'as a repetition of the key would be told. `PayoutCreated.status` is that of the moment of creation; ' +
        'its `payout` tells how it stands now.',
    }),
  }),
});

builder.queryField('payoutRequest', t =>
  t.field({
    type: PayoutRequestType,
    nullable: true,
    ...forReaders,
    description:
      'What became of an idempotency key of yours. It sends nothing, writes nothing and makes no Lean call but those of ' +
      'the `payout` and `intent` that are selected. Null: there is no record, because the key never came, or its payout ' +
      'was never sent, or the record is older than the retention. **Null is no leave to pay again under another key.**',
    args: {
      idempotencyKey: t.arg.string({ required: true, description: 'The key, as it was sent.' }),
    },
    resolve: (_root, { idempotencyKey }, { creation, caller }) =>
      creation.report({ caller: caller.subject, idempotencyKey }),
  }),
);
