import { printSubgraphSchema } from '@apollo/subgraph';
import { GraphQLObjectType, GraphQLSchema, isSpecifiedDirective } from 'graphql';
import { builder } from './builder.ts';
import { resolveEntitiesApart } from './entity-resolution.ts';
import './roots.ts';
import './scalars.ts';
import './payout-queries.ts';
import './payout-intent.ts';
import './payout-destination.ts';
import './payout-connection.ts';
import './create-payout.ts';
import './payout-request.ts';
import './payout-updated.ts';

/** The graph, as a subgraph of Apollo Federation 2. Importing it reads no environment and opens nothing. */
export const schema: GraphQLSchema = resolveEntitiesApart(
  builder.toSubGraphSchema({ linkUrl: 'https://specs.apollo.dev/federation/v2.6' }),
  printSchema,
);

let printed: string | undefined;

/** The schema as routers compose it. `_service` answers the same text. */
export function printSchema(): string {
  return (printed ??= `${printSubgraphSchema(schema)}\n`);
}

/** The schema for the tools of clients, without the fields and types that only routers use. */
export function clientSchema(): GraphQLSchema {
  const { query, types, directives, ...config } = schema.toConfig();
  if (query == null) return schema;
  const { fields, ...root } = query.toConfig();
  const own = Object.entries(fields).filter(([name]) => !name.startsWith('_'));
  return new GraphQLSchema({
    ...config,
    query: new GraphQLObjectType({ ...root, fields: Object.fromEntries(own) }),
    types: types.filter(({ name }) => name !== query.name && !/^_|^(?:federation|link)__/.test(name)),
    directives: directives.filter(isSpecifiedDirective),
  });
}
