import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client/core';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { OperationTypeNode } from 'graphql';
import { createClient } from 'graphql-ws';
import { expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import {
  documents,
  waitingPayoutInput,
  startClientStack,
  type ClientResults,
  expectPaid,
} from '../support/client-stack.ts';

it('Apollo Client with its default cache follows a payout from its creation to PAID, in list and detail', async () => {
  const { url, socketUrl, pay } = await startClientStack();
  const socket = createClient({ url: socketUrl, webSocketImpl: WebSocket, lazy: true });
  onTestFinished(() => socket.dispose());
  const client = new ApolloClient({
    cache: new InMemoryCache(),
    link: ApolloLink.split(
      ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
      new GraphQLWsLink(socket),
      new HttpLink({ uri: url }),
    ),
  });
  onTestFinished(() => {
    client.stop();
  });
  const list = gql(documents.list);
  const detail = gql(documents.detail);
  await client.query<ClientResults['list']>({ query: list });
  const { data: cursor } = await client.query<ClientResults['cursor']>({ query: gql(documents.cursor) });
  const { data: created } = await client.mutate<ClientResults['create']>({
    mutation: gql(documents.create),
    variables: { input: waitingPayoutInput },
  });
  const id = created?.createPayout.payoutId ?? '';
  expect(created?.createPayout.payout).toMatchObject({ id, outcome: 'IN_PROGRESS' });
  const fromNetwork = { fetchPolicy: 'network-only' } as const;
  const { data: listed } = await client.query<ClientResults['list']>({ query: list, ...fromNetwork });
  expect(listed?.payouts.nodes[0]?.id).toBe(id);
  await client.query<ClientResults['detail']>({ query: detail, variables: { id }, ...fromNetwork });

  const inCache = () => [
    client.readQuery<ClientResults['list']>({ query: list })?.payouts.nodes[0],
    client.readQuery<ClientResults['detail']>({ query: detail, variables: { id } })?.payout,
  ];
  const subscription = client
    .subscribe({ query: gql(documents.follow), variables: { id, after: cursor?.payoutUpdatesCursor } })
    .subscribe({});
  onTestFinished(() => {
    subscription.unsubscribe();
  });
  pay(id);
  await expectPaid(id, inCache);
});
