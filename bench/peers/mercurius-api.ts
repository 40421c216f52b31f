import type { MercuriusFederationOptions } from '@mercuriusjs/federation';
import {
  createPayout,
  readHistory,
  readIntent,
  readPayout,
  readPayouts,
  type CreatePayoutInput,
  type Payout,
  type PayoutsArguments,
} from './lean.ts';
import { sdl } from './sdl.ts';

/* The fields of Mercurius: compiled queries and its own loaders, written according to its documentation. */

interface Query {
  readonly obj: Payout;
}

/** Lean has no bulk reads, so a loader makes one parallel call for each intent. */
async function byIntent<Value>(
  queries: readonly Query[],
  read: (intentId: string) => Promise<Value>,
): Promise<ReadonlyMap<string, Value>> {
  const ids = [...new Set(queries.map(({ obj }) => obj.intentId))];
  return new Map(await Promise.all(ids.map(async id => [id, await read(id)] as const)));
}

/** The options of Mercurius without protection. */
export const api = {
  schema: sdl,
  jit: 1,
  resolvers: {
    Query: {
      payout: (_root, { id }: { readonly id: string }) => readPayout(id),
      payouts: (_root, args: PayoutsArguments) => readPayouts(args),
    },
    Mutation: {
      createPayout: (_root, { input }: { readonly input: CreatePayoutInput }) => createPayout(input),
    },
  },
  loaders: {
    Payout: {
      __resolveReference: (queries: readonly Query[]) =>
        Promise.all(queries.map(({ obj }) => readPayout(obj.id))),
      async intent(queries: readonly Query[]) {
        const intents = await byIntent(queries, readIntent);
        return queries.map(({ obj }) => intents.get(obj.intentId));
      },
      async history(queries: readonly Query[]) {
        const histories = await byIntent(queries, readHistory);
        return queries.map(({ obj }) => histories.get(obj.intentId));
      },
    },
  },
} satisfies MercuriusFederationOptions;
