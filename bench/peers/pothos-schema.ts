import SchemaBuilder from '@pothos/core';
import DirectivesPlugin from '@pothos/plugin-directives';
import FederationPlugin from '@pothos/plugin-federation';
import {
  createPayout,
  readPayouts,
  type HistoryEvent,
  type Money,
  type Payout,
  type PayoutConnection,
  type PayoutCreated,
  type PayoutIntent,
} from './lean.ts';
import type { Loaders } from './loaders.ts';

type Text = { Input: string; Output: string };

const builder = new SchemaBuilder<{
  Context: Loaders;
  DefaultFieldNullability: false;
  DefaultInputFieldRequiredness: true;
  Scalars: { ID: Text; DateTime: Text; Decimal: Text; PayoutCurrencyCode: Text };
}>({
  plugins: [DirectivesPlugin, FederationPlugin],
  defaultFieldNullability: false,
  defaultInputFieldRequiredness: true,
});
builder.queryType();
builder.mutationType();
for (const name of ['DateTime', 'Decimal', 'PayoutCurrencyCode'] as const)
  builder.scalarType(name, { serialize: String, parseValue: String });

const PayoutStatus = builder.enumType('PayoutStatus', {
  values: ['CREATED', 'PENDING_WITH_BANK', 'ACCEPTED_BY_BANK', 'FAILED'] as const,
});
const PostInitiationStatus = builder.enumType('PostInitiationStatus', {
  values: ['PROCESSED', 'REJECTED'] as const,
});
const HistoryEventType = builder.enumType('HistoryEventType', {
  values: ['PAYMENT_CREATED', 'PAYMENT_UPDATED'] as const,
});
const MoneyType = builder.objectRef<Money>('PayoutMoney').implement({
  fields: t => ({
    amount: t.expose('amount', { type: 'Decimal' }),
    currency: t.expose('currency', { type: 'PayoutCurrencyCode' }),
  }),
});
const PayoutParty = builder.objectRef<Payout['recipient']>('PayoutParty').implement({
  fields: t => ({ displayName: t.exposeString('displayName') }),
});
const PayoutIntentType = builder.objectRef<PayoutIntent>('PayoutIntent').implement({
  fields: t => ({ id: t.exposeID('id'), externalReference: t.exposeString('externalReference') }),
});
const HistoryEventRef = builder.objectRef<HistoryEvent>('HistoryEvent').implement({
  fields: t => ({
    type: t.expose('type', { type: HistoryEventType }),
    status: t.expose('status', { type: PayoutStatus }),
    publishedAt: t.expose('publishedAt', { type: 'DateTime' }),
  }),
});
const PayoutType = builder.objectRef<Payout>('Payout').implement({
  fields: t => ({
    id: t.exposeID('id'),
    intentId: t.exposeID('intentId'),
    amount: t.expose('amount', { type: MoneyType }),
    description: t.exposeString('description', { nullable: true }),
    status: t.expose('status', { type: PayoutStatus }),
    leanStatus: t.exposeString('leanStatus', { nullable: true }),
    postInitiationStatus: t.expose('postInitiationStatus', { type: PostInitiationStatus, nullable: true }),
    recipient: t.expose('recipient', { type: PayoutParty }),
    bankTransactionReference: t.exposeString('bankTransactionReference', { nullable: true }),
    createdAt: t.expose('createdAt', { type: 'DateTime', nullable: true }),
    submittedAt: t.expose('submittedAt', { type: 'DateTime', nullable: true }),
    intent: t.field({
      type: PayoutIntentType,
      nullable: true,
      resolve: ({ intentId }, _args, { intents }) => intents.load(intentId),
    }),
    history: t.field({
      type: [HistoryEventRef],
      nullable: true,
      resolve: ({ intentId }, _args, { histories }) => histories.load(intentId),
    }),
  }),
});
builder.asEntity(PayoutType, {
  key: builder.selection<{ id: string }>('id'),
  resolveReference: ({ id }, { payouts }) => payouts.load(id),
});
const PageInfo = builder.objectRef<PayoutConnection['pageInfo']>('PageInfo').implement({
  fields: t => ({ hasNextPage: t.exposeBoolean('hasNextPage') }),
});
const PayoutConnectionType = builder.objectRef<PayoutConnection>('PayoutConnection').implement({
  fields: t => ({
    nodes: t.expose('nodes', { type: [PayoutType] }),
    pageInfo: t.expose('pageInfo', { type: PageInfo }),
  }),
});
const DecimalRange = builder.inputType('PayoutDecimalRange', {
  fields: t => ({ min: t.field({ type: 'Decimal', required: false }) }),
});
const PayoutFilter = builder.inputType('PayoutFilter', {
  fields: t => ({ amount: t.field({ type: DecimalRange, required: false }) }),
});
builder.queryFields(t => ({
  payout: t.field({
    type: PayoutType,
    nullable: true,
    args: { id: t.arg.id() },
    resolve: (_root, { id }, { payouts }) => payouts.load(id),
  }),
  payouts: t.field({
    type: PayoutConnectionType,
    nullable: true,
    args: { first: t.arg.int({ required: false }), filter: t.arg({ type: PayoutFilter, required: false }) },
    resolve: (_root, args) => readPayouts(args),
  }),
}));

const PayoutCreatedType = builder.objectRef<PayoutCreated>('PayoutCreated').implement({
  fields: t => ({
    idempotencyKey: t.exposeString('idempotencyKey'),
    intentId: t.exposeID('intentId'),
    payoutId: t.exposeID('payoutId'),
    status: t.expose('status', { type: PayoutStatus }),
    amount: t.expose('amount', { type: MoneyType }),
    recipient: t.expose('recipient', { type: PayoutParty }),
  }),
});
const CreatePayoutResult = builder.unionType('CreatePayoutResult', { types: [PayoutCreatedType] });
const MoneyInput = builder.inputType('PayoutMoneyInput', {
  fields: t => ({ amount: t.field({ type: 'Decimal' }), currency: t.field({ type: 'PayoutCurrencyCode' }) }),
});
const CreatePayoutInput = builder.inputType('CreatePayoutInput', {
  fields: t => ({
    idempotencyKey: t.string(),
    accountId: t.id(),
    destinationId: t.id(),
    amount: t.field({ type: MoneyInput }),
    description: t.string(),
    authorize: t.boolean({ defaultValue: false }),
  }),
});
builder.mutationField('createPayout', t =>
  t.field({
    type: CreatePayoutResult,
    args: { input: t.arg({ type: CreatePayoutInput }) },
    resolve: (_root, { input }) => createPayout(input),
  }),
);

/** The part of our schema that the workloads use, in Pothos, written according to its documentation. */
export const schema = builder.toSubGraphSchema({ linkUrl: 'https://specs.apollo.dev/federation/v2.6' });
