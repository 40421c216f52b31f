// The types of this package use the global types of Pothos. Without this import, its users would not have them.
import '@pothos/core';
import { printSubgraphSchema } from '@apollo/subgraph';
import { GraphQLObjectType, GraphQLSchema, isSpecifiedDirective } from 'graphql';
import { builder } from './builder.ts';
import { resolveEntitiesIndependently } from './entity-resolution.ts';
import './roots.ts';
import './scalars.ts';
import './payout-queries.ts';
import './payout-intent.ts';
import './payout-destination.ts';
import './payout-connection.ts';
import './create-payout.ts';
import './payout-request.ts';
import './payout-updated.ts';

/** The schema, as a subgraph of Apollo Federation 2. Importing it reads no environment and opens no connection. */
export const schema: GraphQLSchema = resolveEntitiesIndependently(
  builder.toSubGraphSchema({ linkUrl: 'https://specs.apollo.dev/federation/v2.6' }),
  printSchema,
);

let printed: string | undefined;

/** The SDL for federation routers, which `_service` returns as well. */
export function printSchema(): string {
  return (printed ??= `${printSubgraphSchema(schema)}\n`);
}

/** The schema for client tools, without the fields, types and directives that only routers use. */
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
