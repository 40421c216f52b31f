import { intentIdOf, payoutIdOf } from '../payouts/ids.ts';
import { outcomeOf } from '../payouts/payout.ts';
import { builder } from './builder.ts';
import type { UpdateOfPayout } from './context.ts';
import { HistoryEventTypeType } from './history-event.ts';
import { asksLean } from './fact-field.ts';
import { PayoutOutcomeType, PayoutStatusType, PostInitiationStatusType } from './payout-status.ts';
import { PayoutType } from './payout.ts';
import { forReaders } from './scope-rules.ts';

const PayoutUpdateType = builder.objectRef<UpdateOfPayout>('PayoutUpdate').implement({
  description:
    'A step that a payout has made, as Lean itself has it. The steps of a payout come in their order, each once.',
  fields: t => ({
    cursor: t.exposeString('cursor', {
      description:
        'Where it stands among all updates. After a lost connection subscribe `after` the last one that you have had, ' +
        'with the same `id` or another, at any gateway of the store. Over SSE it is the `id:` of the event, which ' +
        'browsers send back by themselves.',
    }),
    eventId: t.exposeID('eventId', {
      description: "Lean's id of the event that announced it, or one made for it where none did.",
    }),
    type: t.expose('type', { type: HistoryEventTypeType, description: 'What kind of event it was.' }),
    payoutId: t.id({
      description: 'The payout, as in `Payout.id`.',
      resolve: ({ intentId }) => payoutIdOf(intentId),
    }),
    intentId: t.exposeID('intentId', { description: "Lean's payment_intent_id of the payout." }),
    paymentId: t.exposeID('paymentId', {
      nullable: true,
      description: "Lean's payment_id by then; null while Lean has made no payment of it.",
    }),
    status: t.expose('status', { type: PayoutStatusType, description: 'Its status from then on.' }),
    leanStatus: t.exposeString('leanStatus', { description: "Lean's own word for that status." }),
    postInitiationStatus: t.field({
      type: PostInitiationStatusType,
      nullable: true,
      description:
        "How the bank's tracking had ended by then; null: it had not ended, or Lean does not tell.",
      resolve: ({ postInitiationStatus }) => postInitiationStatus ?? null,
    }),
    outcome: t.field({
      type: PayoutOutcomeType,
      nullable: true,
      description:
        'What `status` and `postInitiationStatus` mean together: read this to learn whether the money has gone. Null ' +
        'when that cannot be told, as in `Payout.outcome`.',
      resolve: ({ status, postInitiationStatus }) => outcomeOf(status, postInitiationStatus),
    }),
    publishedAt: t.expose('publishedAt', { type: 'DateTime', description: 'When Lean announced it.' }),
    payout: t.field({
      ...asksLean('intent'),
      type: PayoutType,
      nullable: true,
      description:
        'The payout as Lean has it now, which may be later than this step. The gateway reads it, its `intent` and its ' +
        '`history` once for all subscribers.',
      resolve: update => update.payout(),
    }),
  }),
});

builder.queryField('payoutUpdatesCursor', t =>
  t.string({
    nullable: true,
    ...forReaders,
    description:
      'Where the updates stood when this request began: nothing else in its answer is older. To miss nothing and have ' +
      'nothing twice, read this and what you show in one operation, then subscribe to `payoutUpdated` `after` it. No ' +
      'Lean call; null where the gateway is told of no updates.',
    resolve: (_root, _args, context) => context.updatesCursor(),
  }),
);

builder.subscriptionType({
  description: 'What happens, as it happens, for callers with the scope `payouts:read`.',
});

builder.subscriptionField('payoutUpdated', t =>
  t.field({
    type: PayoutUpdateType,
    ...forReaders,
    description:
      'Tells of each step that a payout makes, from created to paid, without asking again and again; also of payouts ' +
      'that Lean has made no payment of. Read `payoutUpdatesCursor` together with what you show, then subscribe `after` ' +
      'it. Over SSE or WebSocket (graphql-ws), at the address of queries.',
    args: {
      id: t.arg.id({ description: 'The payout to follow, by its `Payout.id`; all of them by default.' }),
      after: t.arg.string({
        description:
          'A cursor to go on from, by default from now on; over SSE `Last-Event-ID` stands above it. One that is ' +
          'forgotten or of another store is `UPDATES_CURSOR_EXPIRED`: read anew, and subscribe `after` a new cursor.',
      }),
    },
    subscribe: (_root, { id, after }, context) =>
      context.updates.subscribe(
        { intentId: id == null ? undefined : intentIdOf(id, 'id'), after: after ?? undefined },
        context,
      ),
    resolve: (update, _args, context) => {
      // What was read for the update before is no longer so.
      context.payouts = update.payouts;
      return update;
    },
  }),
);
