import { buildSubgraphSchema } from '@apollo/subgraph';
import { graphql, parse, type GraphQLSchema } from 'graphql';
import { destinations, exampleIntentId } from '../../src/sandbox/fixtures.ts';
import { startServer } from './started-server.ts';

const link = 'https://specs.apollo.dev/federation/v2.6';

/** A subgraph of a company beside ours. It extends payouts, identified by `id`, with whether they have been booked. */
export const accountingSdl = /* GraphQL */ `
  extend schema @link(url: "${link}", import: ["@key"])

  type Query {
    books: [String!]!
  }
  extend type Payout @key(fields: "id") {
    id: ID!
    booked: Boolean!
  }
`;

/** Another subgraph. It identifies payouts by `intentId`, and has its own types for money and currencies. */
export const ledgerSdl = /* GraphQL */ `
  extend schema @link(url: "${link}", import: ["@key", "@shareable"])

  type Query {
    ledger: [LedgerEntry!]!
    entriesOf(intentIds: [ID!]!): [LedgerEntry!]!
  }
  type LedgerEntry {
    number: ID!
    payout: Payout
    destination: PayoutDestination
    total: Money!
    page: PageInfo!
  }
  type Payout @key(fields: "intentId", resolvable: false) {
    intentId: ID!
  }
  type PayoutDestination @key(fields: "id", resolvable: false) {
    id: ID!
  }
  type Money {
    minorUnits: Int!
    currency: CurrencyCode!
  }
  enum CurrencyCode {
    AED
    SAR
  }
  type PageInfo @shareable {
    hasNextPage: Boolean!
    hasPreviousPage: Boolean!
    startCursor: String
    endCursor: String
  }
`;

const unknownId = 'c0000000-0000-4000-8000-000000000999';

const entry = (number: string, intentId: string, destinationId: string | null) => ({
  number,
  payout: { intentId },
  destination: destinationId === null ? null : { id: destinationId },
  total: { minorUnits: 1010, currency: 'AED' },
  page: { hasNextPage: false, hasPreviousPage: false },
});

const ledger = [
  entry('1', exampleIntentId, destinations.pays),
  entry('2', unknownId, null),
  entry('3', 'no id at all', 'no id either'),
];

export function isBooked(payoutId: string): boolean {
  return /^po_.*[0-7]$/.test(payoutId);
}

export interface Subgraph {
  readonly url: string;
  close(): Promise<void>;
}

export function startAccounting(): Promise<Subgraph> {
  const resolvers = {
    // The router also asks for payouts that another subgraph has just failed to resolve.
    Payout: { __resolveReference: ({ id }: { id: unknown }) => ({ id, booked: isBooked(String(id)) }) },
  };
  return serve(buildSubgraphSchema({ typeDefs: parse(accountingSdl), resolvers }));
}

export function startLedger(): Promise<Subgraph> {
  const entriesOf = (_: unknown, { intentIds }: { readonly intentIds: readonly string[] }) =>
    intentIds.map((intentId, index) => entry(String(index), intentId, null));
  const resolvers = { Query: { ledger: () => ledger, entriesOf } };
  return serve(buildSubgraphSchema({ typeDefs: parse(ledgerSdl), resolvers }));
}

async function serve(schema: GraphQLSchema): Promise<Subgraph> {
  const { url, close } = await startServer((request, response) => {
    void (async () => {
      const body = Buffer.concat((await request.toArray()) as Buffer[]).toString();
      const { query, variables } = JSON.parse(body) as { query: string; variables?: Record<string, unknown> };
      const result = await graphql({ schema, source: query, variableValues: variables ?? {} });
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(result));
    })();
  });
  return { url: `${url}/graphql`, close };
}
