import { LeanBadAnswer } from '../lean/errors.ts';
import { BadInput } from '../payouts/errors.ts';
import { maskedProse } from '../payouts/masking.ts';
import { parsePayoutId, parseUuid, payoutId } from '../payouts/ids.ts';
import type { HistoryEvent } from '../payouts/history-event.ts';
import type { PayoutIntent } from '../payouts/payout-intent.ts';
import {
  awaitsTracking,
  outcomeOf,
  type Payout,
  type PayoutOutcome,
  type PayoutState,
} from '../payouts/payout.ts';
import type { PostInitiationStatus } from '../payouts/payout.ts';
import { builder } from './builder.ts';
import type { GraphContext } from './context.ts';
import { HistoryEventType } from './history-event.ts';
import { asksLean } from './lean-cost.ts';
import { MoneyType } from './money.ts';
import { PayoutIntentType } from './payout-intent.ts';
import { knownParty, PayoutPartyType } from './payout-party.ts';
import { forReaders } from './scope-rules.ts';
import { PayoutOutcomeType, PayoutStatusType, PostInitiationStatusType } from './payout-status.ts';

export const PayoutType = builder.objectRef<Payout>('Payout');

/** What is at hand stays a plain value: a page has hundreds of fields, and a promise for each costs more than they do. */
type MaybePromise<Value> = Value | Promise<Value>;

function then<Value, Result>(
  value: MaybePromise<Value>,
  use: (value: Value) => MaybePromise<Result>,
): MaybePromise<Result> {
  return value instanceof Promise ? value.then(use) : use(value);
}

type Known<Key extends keyof Payout> = Exclude<Payout[Key], undefined> | null;

/** A field from what is known of the payout, or else, with one call for all such fields, from Lean. */
function known<Key extends keyof Payout>(
  payout: Payout,
  key: Key,
  { loaders }: GraphContext,
): MaybePromise<Known<Key>> {
  const value = payout[key];
  if (value !== undefined) return value as Known<Key>;
  return loaders.payoutInFull(payout).then(full => (full?.[key] ?? null) as Known<Key>);
}

/** A sentence of Lean's, as this caller may see it. */
function proseFor(
  { masksAccounts }: GraphContext,
  sentence: MaybePromise<string | null>,
): MaybePromise<string | null> {
  return then(sentence, text => (text !== null && masksAccounts ? maskedProse(text) : text));
}

function required<Value>(value: Value | null, what: string): Value {
  if (value !== null) return value;
  throw new LeanBadAnswer('LEAN_BAD_RESPONSE', `Lean's payout has no ${what} in it.`, { retryable: false });
}

function historyOf(payout: Payout, context: GraphContext): MaybePromise<readonly HistoryEvent[]> {
  const { paymentId } = payout;
  return then(known(payout, 'intentId', context), intentId =>
    context.loaders.historyByPayout({ paymentId, intentId }),
  );
}

interface Progress extends PayoutState {
  /** `undefined` when it must be asked for. */
  readonly postInitiationStatus: PostInitiationStatus | null | undefined;
}

/** A payout that is known only by its intent takes its state from its latest event. */
function progressOf(payout: Payout, context: GraphContext): MaybePromise<Progress> {
  const { state, postInitiationStatus } = payout;
  return state === undefined ? progressFromHistory(payout, context) : { ...state, postInitiationStatus };
}

async function progressFromHistory(payout: Payout, context: GraphContext): Promise<Progress> {
  const events = await historyOf(payout, context);
  const state = payout.createdAs ?? { status: 'UNKNOWN', leanStatus: null };
  return events.at(-1) ?? { ...state, postInitiationStatus: null };
}

function stateOf(payout: Payout, context: GraphContext): MaybePromise<PayoutState> {
  return payout.state ?? progressFromHistory(payout, context);
}

PayoutType.implement({
  ...forReaders,
  description:
    'A payment out of your bank account, made through Lean. Fields that the list carries come with it for free; the ' +
    'others cost one more Lean call per payout, once, whichever and however many of them are selected.',
  fields: t => ({
    id: t.id({
      description:
        "Lean's payment id. While Lean has made no payment of it (awaiting authorisation, failed early): `intent:` " +
        'and the id of its intent, which goes on working afterwards.',
      resolve: (payout, _args, context) =>
        payout.paymentId ??
        then(known(payout, 'intentId', context), intentId => required(payoutId(null, intentId), 'id')),
    }),
    paymentId: t.exposeID('paymentId', {
      nullable: true,
      description: "Lean's payment id; null while Lean has made no payment of it.",
    }),
    intentId: t.id({
      description: "Lean's payment_intent_id, known from the moment of creation.",
      resolve: (payout, _args, context) =>
        then(known(payout, 'intentId', context), intentId => required(intentId, 'intent id')),
    }),
    intent: t.field({
      ...asksLean('intent'),
      type: PayoutIntentType,
      nullable: true,
      description: 'What it was meant to be: external reference, destination, customer. One Lean call.',
      resolve: (payout, _args, context) =>
        then<string | null, PayoutIntent | null>(known(payout, 'intentId', context), intentId =>
          intentId === null ? null : context.loaders.intentById.load(intentId),
        ),
    }),
    amount: t.field({
      type: MoneyType,
      description: 'The amount paid, exact.',
      resolve: (payout, _args, context) =>
        then(known(payout, 'amount', context), amount => required(amount, 'amount')),
    }),
    description: t.string({
      nullable: true,
      description: "The reference text that goes to the recipient's bank, such as `INV 001`.",
      resolve: (payout, _args, context) => proseFor(context, known(payout, 'description', context)),
    }),
    status: t.field({
      ...asksLean('state'),
      type: PayoutStatusType,
      description: 'How far it has come. For the question whether money has moved, use `outcome`.',
      resolve: (payout, _args, context) => then(stateOf(payout, context), ({ status }) => status),
    }),
    leanStatus: t.string({
      ...asksLean('state'),
      nullable: true,
      description:
        "Lean's own word for the status, also when `status` says `UNKNOWN`; null where Lean gives none.",
      resolve: (payout, _args, context) => then(stateOf(payout, context), ({ leanStatus }) => leanStatus),
    }),
    outcome: t.field({
      ...asksLean('state'),
      type: PayoutOutcomeType,
      nullable: true,
      description:
        'What `status` and `postInitiationStatus` mean together; null when that cannot be told: an unknown word, two ' +
        'that contradict each other, or a Lean application that does not tell of the tracking.',
      resolve: (payout, _args, context) =>
        then<Progress, PayoutOutcome | null>(
          progressOf(payout, context),
          ({ status, postInitiationStatus }) =>
            postInitiationStatus === undefined && awaitsTracking(status)
              ? context.loaders
                  .payoutInFull(payout)
                  .then(full => outcomeOf(status, full?.postInitiationStatus))
              : outcomeOf(status, postInitiationStatus),
        ),
    }),
    postInitiationStatus: t.field({
      type: PostInitiationStatusType,
      nullable: true,
      description: "How the bank's tracking ended; null: it has not ended.",
      resolve: (payout, _args, context) => known(payout, 'postInitiationStatus', context),
    }),
    granularStatusCode: t.string({
      ...asksLean('detail'),
      nullable: true,
      description: "Lean's finer code for the status, such as `SUCCESS`, where it gives one.",
      resolve: (payout, _args, context) => known(payout, 'granularStatusCode', context),
    }),
    statusDetails: t.string({
      ...asksLean('detail'),
      nullable: true,
      description: "Lean's sentence on the status, where it gives one. For people to read, not for programs.",
      resolve: (payout, _args, context) => proseFor(context, known(payout, 'statusDetails', context)),
    }),
    recipient: t.field({
      type: PayoutPartyType,
      description: 'Who is paid.',
      resolve: (payout, _args, context) => ({
        ...payout.recipient,
        accountNumber: async () => {
          const { accountNumber } = payout.recipient;
          if (accountNumber !== undefined) return accountNumber;
          return (await context.loaders.payoutInFull(payout))?.recipient.accountNumber ?? null;
        },
      }),
    }),
    sender: t.field({
      ...asksLean('detail'),
      type: PayoutPartyType,
      nullable: true,
      description: 'Whose account the money comes from.',
      resolve: (payout, _args, context) => then(known(payout, 'sender', context), knownParty),
    }),
    paymentSourceId: t.id({
      ...asksLean('detail'),
      nullable: true,
      description: "Lean's id of the connected source of the money.",
      resolve: (payout, _args, context) => known(payout, 'paymentSourceId', context),
    }),
    bankTransactionReference: t.string({
      nullable: true,
      description: "The bank's reference, for reconciliation; null until the bank has given one.",
      resolve: (payout, _args, context) => known(payout, 'bankTransactionReference', context),
    }),
    autoAuthorized: t.exposeBoolean('autoAuthorized', {
      nullable: true,
      description: 'Whether Lean was to authorise it by itself. Carried by lists alone, null elsewhere.',
    }),
    pendingManualAuthorization: t.exposeBoolean('pendingManualAuthorization', {
      nullable: true,
      description: 'Whether a person still has to authorise it. Carried by lists alone, null elsewhere.',
    }),
    createdAt: t.expose('createdAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When Lean recorded it. Carried by lists alone, null elsewhere.',
    }),
    updatedAt: t.expose('updatedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When Lean last changed it. Carried by lists alone, null elsewhere.',
    }),
    submittedAt: t.field({
      ...asksLean('detail'),
      type: 'DateTime',
      nullable: true,
      description: 'When it was submitted to the bank.',
      resolve: (payout, _args, context) => known(payout, 'submittedAt', context),
    }),
    initiatedAt: t.field({
      ...asksLean('detail'),
      type: 'DateTime',
      nullable: true,
      description: 'When the bank step started.',
      resolve: (payout, _args, context) => known(payout, 'initiatedAt', context),
    }),
    history: t.field({
      ...asksLean('history'),
      type: [HistoryEventType],
      nullable: true,
      description:
        'What has happened to it, oldest first. One Lean call. Lean may leave out the end of the tracking: read ' +
        '`outcome` for that.',
      resolve: (payout, _args, context) => historyOf(payout, context),
    }),
  }),
});

builder.asEntity(PayoutType, {
  key: [builder.selection<{ id: string }>('id'), builder.selection<{ intentId: string }>('intentId')],
  resolveReference: ({ id, intentId }: { id?: unknown; intentId?: unknown }, { loaders }) => {
    if (id != null) return loaders.payout(parsePayoutId(id, 'id'));
    if (intentId != null) return loaders.payout({ intentId: parseUuid(intentId, 'intentId') });
    throw new BadInput('representations', 'a Payout needs its id or its intentId.');
  },
});

builder.queryField('payout', t =>
  t.field({
    type: PayoutType,
    nullable: true,
    ...forReaders,
    description: 'One payout; null when Lean does not know the id. One Lean call for any of its own fields.',
    args: {
      id: t.arg.id({
        required: true,
        description: "Lean's payment id, or `intent:` and the id of an intent, as `Payout.id` gives it.",
      }),
    },
    resolve: (_root, { id }, { loaders }) => loaders.payout(parsePayoutId(id, 'id')),
  }),
);
