import { BadInput } from '../payouts/errors.ts';
import { intentIdOf, payoutIdOf } from '../payouts/ids.ts';
import { builder } from './builder.ts';
import type { UpdateOfPayout } from './context.ts';
import { HistoryEventTypeType } from './history-event.ts';
import { asksLean } from './fact-field.ts';
import { PayoutStatusType } from './payout-status.ts';
import { PayoutType } from './payout.ts';
import { forReaders } from './scope-rules.ts';

const PayoutUpdateType = builder.objectRef<UpdateOfPayout>('PayoutUpdate').implement({
  description:
    'A step that a payout has made, as Lean itself has it. The steps of a payout come in their order, each once.',
  fields: t => ({
    eventId: t.exposeID('eventId', {
      description:
        "Lean's id of the event that announced it, or one made for it where none did. Send the last one that you have " +
        'had as `Last-Event-ID` to go on from there after a lost connection.',
    }),
    type: t.expose('type', { type: HistoryEventTypeType, description: 'What kind of event it was.' }),
    payoutId: t.id({
      description: 'The payout, as in `Payout.id`.',
      resolve: ({ intentId }) => payoutIdOf(intentId ?? ''),
    }),
    status: t.expose('status', { type: PayoutStatusType, description: 'Its status from then on.' }),
    leanStatus: t.exposeString('leanStatus', { description: "Lean's own word for that status." }),
    publishedAt: t.expose('publishedAt', { type: 'DateTime', description: 'When Lean announced it.' }),
    payout: t.field({
      ...asksLean('intent'),
      type: PayoutType,
      nullable: true,
      description:
        'The payout as Lean has it now, which may be later than this step. The gateway reads it, its `intent` and its ' +
        '`history` once for all subscribers. Read `outcome` to learn whether the money has gone.',
      resolve: update => update.payout(),
    }),
  }),
});

builder.subscriptionType({
  description: 'What happens, as it happens, for callers with the scope `payouts:read`.',
});

builder.subscriptionField('payoutUpdated', t =>
  t.field({
    type: PayoutUpdateType,
    ...forReaders,
    description:
      'Tells of each step that a payout makes: from accepted to paid, without asking again and again. Over SSE or ' +
      'WebSocket (graphql-ws), at the address of queries.',
    args: {
      id: t.arg.id({
        description:
          'The payout to follow, by its payment id or `intent:` and the id of its intent; all of them by default.',
      }),
    },
    subscribe: async (_root, { id }, context) => {
      if (id == null) return context.updates.subscribe(undefined, context);
      const key = intentIdOf(id, 'id');
      if ((await context.payouts.payout(key)) === null)
        throw new BadInput('id', 'there is no payout by this id at Lean.');
      return context.updates.subscribe(key, context);
    },
    resolve: (update, _args, context) => {
      // What was read for the update before is no longer so.
      context.payouts = update.payouts;
      return update;
    },
  }),
);
