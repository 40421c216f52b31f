import type { PayoutPage } from '../payouts/listing/payout-list.ts';
import type { PayoutRow } from '../payouts/payout.ts';
import { builder } from './builder.ts';
import { PayoutFilter } from './payout-filter.ts';
import { PayoutType } from './payout.ts';
import { requiresReadScope } from './scope-rules.ts';

interface Edge {
  readonly page: PayoutPage;
  readonly index: number;
  readonly node: PayoutRow;
}

const PayoutEdge = builder.objectRef<Edge>('PayoutEdge').implement({
  description: 'A payout and its position in the list.',
  fields: t => ({
    cursor: t.string({
      description:
        'The position of the payout, for `after` or `before`. Opaque, and valid only for lists with the same filter.',
      resolve: ({ page, index }) => page.cursorOf(index),
    }),
    node: t.field({
      type: PayoutType,
      description: 'The payout.',
      resolve: ({ node }, _args, { payouts }) => payouts.payoutOfRow(node),
    }),
  }),
});

const PageInfo = builder.objectRef<PayoutPage>('PageInfo').implement({
  description: 'The position of a page in its list.',
  shareable: true,
  fields: t => ({
    hasNextPage: t.exposeBoolean('hasNextPage', {
      description: 'Whether there are payouts after this page.',
    }),
    hasPreviousPage: t.exposeBoolean('hasPreviousPage', {
      description: 'Whether there are payouts before this page.',
    }),
    startCursor: t.string({
      nullable: true,
      description: 'The cursor of the first payout on the page, for `before`; null on an empty page.',
      resolve: page => (page.rows.length === 0 ? null : page.cursorOf(0)),
    }),
    endCursor: t.string({
      nullable: true,
      description: 'The cursor of the last payout on the page, for `after`; null on an empty page.',
      resolve: page => (page.rows.length === 0 ? null : page.cursorOf(page.rows.length - 1)),
    }),
  }),
});

const PayoutConnection = builder.objectRef<PayoutPage>('PayoutConnection').implement({
  description:
    'A page of payouts. New payouts do not shift the pages: while you page, they neither repeat nor hide a payout. They ' +
    'appear when you start again without a cursor.',
  fields: t => ({
    edges: t.field({
      type: [PayoutEdge],
      description: 'The payouts, each with its cursor.',
      resolve: page => page.rows.map((node, index) => ({ page, index, node })),
    }),
    nodes: t.field({
      type: [PayoutType],
      description: 'The payouts without cursors.',
      resolve: ({ rows }, _args, { payouts }) => rows.map(row => payouts.payoutOfRow(row)),
    }),
    pageInfo: t.field({
      type: PageInfo,
      description: 'Whether there are more pages, and the cursors to read them.',
      resolve: page => page,
    }),
    totalCount: t.exposeInt('totalCount', {
      description: 'The number of payouts that match the filter, on all pages.',
    }),
  }),
});

builder.queryField('payouts', t =>
  t.field({
    type: PayoutConnection,
    nullable: true,
    ...requiresReadScope,
    description:
      "Payouts in Lean's order, newest first. A page costs one Lean call, sometimes two. Fields that Lean's list does " +
      'not contain cost one more call per payout. For a final payout whose row has not changed since the page was last ' +
      'read, they cost none and may be up to ten minutes old.',
    args: {
      first: t.arg.int({
        description: 'The number of payouts, from the start or after `after`: 1 to 100, 50 by default.',
      }),
      after: t.arg.string({ description: 'A cursor. The page starts after its payout.' }),
      last: t.arg.int({ description: 'The number of payouts, from the end or before `before`: 1 to 100.' }),
      before: t.arg.string({ description: 'A cursor. The page ends before its payout.' }),
      filter: t.arg({ type: PayoutFilter, description: 'Selects payouts; all by default.' }),
    },
    resolve: async (_root, args, { lists, payouts, signal, budget }) => {
      const page = await lists.read(args, { signal, budget });
      payouts.addRows(page.rows);
      return page;
    },
  }),
);
