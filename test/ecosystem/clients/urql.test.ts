import { Client, fetchExchange, gql, subscriptionExchange } from '@urql/core';
import { cacheExchange } from '@urql/exchange-graphcache';
import { createClient } from 'graphql-ws';
import { expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import {
  documents,
  waitingPayoutInput,
  startClientStack,
  type ClientResults,
  expectPaid,
} from '../support/client-stack.ts';

it('urql with graphcache’s default keys follows a payout from its creation to PAID, in list and detail', async () => {
  // graphcache warns about objects without an id, which it stores with their parent.
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
  const list = gql<ClientResults['list']>(documents.list);
  const detail = gql<ClientResults['detail']>(documents.detail);
  await client.query(list, {}).toPromise();
  const cursor = await client.query(gql<ClientResults['cursor']>(documents.cursor), {}).toPromise();
  const created = await client
    .mutation(gql<ClientResults['create']>(documents.create), { input: waitingPayoutInput })
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
    .subscription(gql(documents.follow), { id, after: cursor.data?.payoutUpdatesCursor })
    .subscribe(() => undefined);
  onTestFinished(unsubscribe);
  pay(id);
  await expectPaid(id, inCache);
});
