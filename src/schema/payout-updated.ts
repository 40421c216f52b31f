import { intentIdOf, payoutIdOf } from '../payouts/values/ids.ts';
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
    "A step that a payout has made, as Lean's own records show it. The steps of a payout come in order, each once.",
  fields: t => ({
    cursor: t.exposeString('cursor', {
      description:
        'The place of this update among all updates. After a lost connection, subscribe with the last cursor that you ' +
        'received as `after`. It is valid with any `id`, at every gateway that shares the store. Over SSE it is the ' +
        '`id:` of the event, which browsers send back by themselves.',
    }),
    eventId: t.exposeID('eventId', {
      description:
        "Lean's id of the event that announced the step, or an id made by the gateway if no event did.",
    }),
    type: t.expose('type', { type: HistoryEventTypeType, description: 'The kind of the event.' }),
    payoutId: t.id({
      description: 'The payout, as in `Payout.id`.',
      resolve: ({ intentId }) => payoutIdOf(intentId),
    }),
    intentId: t.exposeID('intentId', { description: "Lean's payment_intent_id of the payout." }),
    paymentId: t.exposeID('paymentId', {
      nullable: true,
      description: "Lean's payment_id at this step; null if Lean had made no payment yet.",
    }),
    status: t.expose('status', { type: PayoutStatusType, description: "The payout's status from then on." }),
    leanStatus: t.exposeString('leanStatus', { description: "Lean's own word for that status." }),
    postInitiationStatus: t.field({
      type: PostInitiationStatusType,
      nullable: true,
      description:
        "How the bank's tracking had ended by then; null if it had not ended, or Lean does not report it.",
      resolve: ({ postInitiationStatus }) => postInitiationStatus ?? null,
    }),
    outcome: t.field({
      type: PayoutOutcomeType,
      nullable: true,
      description:
        'Whether money had moved by then, from `status` and `postInitiationStatus` together. Null if they do not say, ' +
        'as in `Payout.outcome`.',
      resolve: ({ status, postInitiationStatus }) => outcomeOf(status, postInitiationStatus),
    }),
    publishedAt: t.expose('publishedAt', { type: 'DateTime', description: 'When Lean announced it.' }),
    payout: t.field({
      ...asksLean('intent'),
      type: PayoutType,
      nullable: true,
      description:
        'The payout as Lean has it now, which may be past this step. The gateway reads it, its `intent` and its ' +
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
      'The cursor of the newest update when this request began. Nothing else in the answer is older. To miss no step, ' +
      'read it in one operation with the payouts that you show, then subscribe to `payoutUpdated` with it as `after`; ' +
      'the first updates may repeat what you have read. No Lean call. Null if this gateway receives no updates.',
    resolve: (_root, _args, context) => context.updatesCursor(),
  }),
);

builder.subscriptionType({
  description: 'Updates as they happen, for callers with the scope `payouts:read`.',
});

builder.subscriptionField('payoutUpdated', t =>
  t.field({
    type: PayoutUpdateType,
    ...forReaders,
    description:
      'Each step that a payout makes, from created to paid, also before Lean has made a payment. Read ' +
      '`payoutUpdatesCursor` together with the payouts that you show, then subscribe with it as `after`. Over SSE or ' +
      'WebSocket (graphql-ws), at the same address as queries.',
    args: {
      id: t.arg.id({
        description:
          'The payout to follow, by its `Payout.id`; all of them by default. Checking that it exists costs a Lean call, ' +
          'unless an update of it has been told.',
      }),
      after: t.arg.string({
        description:
          'The cursor after which updates begin; by default they begin now. Over SSE `Last-Event-ID` takes precedence. ' +
          'The error `UPDATES_CURSOR_EXPIRED` means that the cursor is too old or of another store: read the payouts ' +
          'again, and subscribe with a new cursor.',
      }),
    },
    subscribe: (_root, { id, after }, context) =>
      context.updates.subscribe(
        { intentId: id == null ? undefined : intentIdOf(id, 'id'), after: after ?? undefined },
        context,
      ),
    resolve: (update, _args, context) => {
      // Reads for an earlier update may be outdated.
      context.payouts = update.payouts;
      return update;
    },
  }),
);
