import type { PayoutPage } from '../payouts/listing/payout-list.ts';
import type { PayoutRow } from '../payouts/payout.ts';
import { builder } from './builder.ts';
import { PayoutFilter } from './payout-filter.ts';
import { PayoutType } from './payout.ts';
import { forReaders } from './scope-rules.ts';

/** A row of a page. */
interface Edge {
  readonly page: PayoutPage;
  readonly index: number;
  readonly node: PayoutRow;
}

const PayoutEdge = builder.objectRef<Edge>('PayoutEdge').implement({
  description: 'A payout and its place in the list.',
  fields: t => ({
    cursor: t.string({
      description:
        'Its place, to go on from with `after` or `before`. Opaque; good for lists of the same filter.',
      resolve: ({ page, index }) => page.cursorOf(index),
    }),
    node: t.field({
      type: PayoutType,
      description: 'The payout.',
      resolve: ({ node }, _args, { payouts }) => payouts.ofRow(node),
    }),
  }),
});

const PageInfo = builder.objectRef<PayoutPage>('PageInfo').implement({
  description: 'Where a page lies in its list.',
  shareable: true,
  fields: t => ({
    hasNextPage: t.exposeBoolean('hasNextPage', { description: 'Whether there are rows after this page.' }),
    hasPreviousPage: t.exposeBoolean('hasPreviousPage', {
      description: 'Whether there are rows before this page.',
    }),
    startCursor: t.string({
      nullable: true,
      description: 'Cursor of the first row, for `before`; null on an empty page.',
      resolve: page => (page.rows.length === 0 ? null : page.cursorOf(0)),
    }),
    endCursor: t.string({
      nullable: true,
      description: 'Cursor of the last row, for `after`; null on an empty page.',
      resolve: page => (page.rows.length === 0 ? null : page.cursorOf(page.rows.length - 1)),
    }),
  }),
});

const PayoutConnection = builder.objectRef<PayoutPage>('PayoutConnection').implement({
  description:
    'A page of payouts. Pages do not shift: payouts that Lean gets while you page neither repeat nor hide a row, and ' +
    'are seen when you start again without a cursor.',
  fields: t => ({
    edges: t.field({
      type: [PayoutEdge],
      description: 'The rows, each with its cursor.',
      resolve: page => page.rows.map((node, index) => ({ page, index, node })),
    }),
    nodes: t.field({
      type: [PayoutType],
      description: 'The rows alone.',
      resolve: ({ rows }, _args, { payouts }) => rows.map(row => payouts.ofRow(row)),
    }),
    pageInfo: t.field({ type: PageInfo, description: 'Whether and where to go on.', resolve: page => page }),
    totalCount: t.exposeInt('totalCount', {
      description: 'How many payouts the filter matches, over all pages.',
    }),
  }),
});

builder.queryField('payouts', t =>
  t.field({
    type: PayoutConnection,
    nullable: true,
    ...forReaders,
    description:
      "Payouts in Lean's order, newest first. One Lean call for a page, sometimes two; fields that lists do not carry " +
      'cost one more per payout.',
    args: {
      first: t.arg.int({
        description: 'How many rows, from the start or after `after`: 1 to 100, 50 by default.',
      }),
      after: t.arg.string({ description: 'A cursor: the page starts behind its row.' }),
      last: t.arg.int({ description: 'How many rows, from the end or before `before`: 1 to 100.' }),
      before: t.arg.string({ description: 'A cursor: the page ends in front of its row.' }),
      filter: t.arg({ type: PayoutFilter, description: 'Which payouts; all by default.' }),
    },
    resolve: async (_root, args, { lists, payouts, signal, budget }) => {
      const page = await lists.read(args, { signal, budget });
      payouts.note(page.rows);
      return page;
    },
  }),
);
