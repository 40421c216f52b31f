import { Client, fetchExchange, gql, subscriptionExchange } from '@urql/core';
import { cacheExchange } from '@urql/exchange-graphcache';
import { createClient } from 'graphql-ws';
import { expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import { documents, payment, startClientStack, type Answers } from '../support/client-stack.ts';

it('urql with graphcache’s default keys follows a payout from its creation to PAID, in list and detail', async () => {
  // It warns of what has no id and is kept with its parent.
  vi.spyOn(console, 'warn').mockReturnValue();
  const { url, socketUrl, pay } = await startClientStack();
  const socket = createClient({ url: socketUrl, webSocketImpl: WebSocket });
  onTestFinished(() => socket.dispose());
  const client = new Client({
    url,
    preferGetMethod: false,
    exchanges: [
      cacheExchange({}),
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: ({ query = '', variables = {} }) => ({
          subscribe: sink => ({
            unsubscribe: socket.subscribe(
              { query, variables: variables as Record<string, unknown> },
              sink as never,
            ),
          }),
        }),
      }),
    ],
  });
  const list = gql<Answers['list']>(documents.list);
  const detail = gql<Answers['detail']>(documents.detail);
  await client.query(list, {}).toPromise();
  const at = await client.query(gql<Answers['cursor']>(documents.cursor), {}).toPromise();
  const created = await client
    .mutation(gql<Answers['create']>(documents.create), { input: payment })
    .toPromise();
  const id = created.data?.createPayout.payoutId ?? '';
  expect(created.data?.createPayout.payout).toMatchObject({ id, outcome: 'IN_PROGRESS' });
  const fromNetwork = { requestPolicy: 'network-only' } as const;
  const listed = await client.query(list, {}, fromNetwork).toPromise();
  expect(listed.data?.payouts.nodes[0]?.id).toBe(id);
  await client.query(detail, { id }, fromNetwork).toPromise();

  const fromCache = { requestPolicy: 'cache-only' } as const;
  const inCache = () => [
    client.readQuery(list, {}, fromCache)?.data?.payouts.nodes[0],
    client.readQuery(detail, { id }, fromCache)?.data?.payout,
  ];
  const { unsubscribe } = client
    .subscription(gql(documents.follow), { id, after: at.data?.payoutUpdatesCursor })
    .subscribe(() => undefined);
  onTestFinished(unsubscribe);
  pay(id);
  await expect
    .poll(() => inCache().map(payout => payout?.outcome), { timeout: 60_000 })
    .toEqual(['PAID', 'PAID']);
  const [row, payout] = inCache();
  expect(payout).toMatchObject({ id, createdAt: row?.createdAt, recipient: row?.recipient ?? {} });
});
