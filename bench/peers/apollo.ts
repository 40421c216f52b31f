import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { buildSubgraphSchema } from '@apollo/subgraph';
import type { GraphQLResolverMap } from '@apollo/subgraph/dist/schema-helper/resolverMap.js';
import { parse } from 'graphql';
import {
  createPayout,
  readPayouts,
  type CreatePayoutInput,
  type Payout,
  type PayoutsArguments,
} from './lean.ts';
import { createLoaders, type Loaders } from './loaders.ts';
import { sdl } from './sdl.ts';

/* Apollo Server with DataLoader, as a subgraph, written according to its documentation. */

const resolvers: GraphQLResolverMap<Loaders> = {
  Query: {
    payout: (_root, { id }: { readonly id: string }, { payouts }) => payouts.load(id),
    payouts: (_root, args: PayoutsArguments) => readPayouts(args),
  },
  Mutation: {
    createPayout: (_root, { input }: { readonly input: CreatePayoutInput }) => createPayout(input),
  },
  Payout: {
    __resolveReference: ({ id }: Pick<Payout, 'id'>, { payouts }: Loaders) => payouts.load(id),
    intent: ({ intentId }: Payout, _args, { intents }) => intents.load(intentId),
    history: ({ intentId }: Payout, _args, { histories }) => histories.load(intentId),
  },
};
// The types of `buildSubgraphSchema` do not allow a context type.
const schema = buildSubgraphSchema({
  typeDefs: parse(sdl),
  resolvers: resolvers as GraphQLResolverMap<unknown>,
});

await startStandaloneServer(new ApolloServer<Loaders>({ schema }), {
  context: () => Promise.resolve(createLoaders()),
  listen: { port: 0, host: '127.0.0.1' },
});
