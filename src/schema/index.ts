import { printSubgraphSchema } from '@apollo/subgraph';
import type { GraphQLSchema } from 'graphql';
import { builder } from './builder.ts';
import { entitiesApart } from './entities-apart.ts';
import './roots.ts';
import './scalars.ts';
import './payout.ts';
import './payout-intent.ts';
import './payout-destination.ts';
import './payout-connection.ts';
import './create-payout.ts';
import './payout-request.ts';
import './payout-updated.ts';

/** The graph, as a subgraph of Apollo Federation 2. Importing it reads no environment and opens nothing. */
export const schema: GraphQLSchema = entitiesApart(
  builder.toSubGraphSchema({ linkUrl: 'https://specs.apollo.dev/federation/v2.6' }),
);

/** The schema as routers compose it, sorted. */
export function printSchema(): string {
  return `${printSubgraphSchema(schema)}\n`;
}
