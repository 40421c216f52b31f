// The types of this package use the global types of Pothos. Without this import, its users would not have them.
import '@pothos/core';
import { printSubgraphSchema } from '@apollo/subgraph';
import { GraphQLObjectType, GraphQLSchema, isSpecifiedDirective } from 'graphql';
import { builder } from './builder.ts';
import { withAuthDirectives } from './auth-directives.ts';
import { withEntities } from './entity-resolution.ts';
import './roots.ts';
import './scalars.ts';
import './payout-queries.ts';
import './payout-intent.ts';
import './payout-destination.ts';
import './payout-connection.ts';
import './create-payout.ts';
import './payout-request.ts';
import './payout-updated.ts';

/** The version of Federation, and the directives that the SDL uses. */
const federationLink = {
  name: 'link',
  args: { url: 'https://specs.apollo.dev/federation/v2.6', import: ['@key', '@shareable'] },
};

/** The schema, as a subgraph of Apollo Federation 2. Importing it reads no environment and opens no connection. */
export const schema: GraphQLSchema = withEntities(
  // Pothos's `toSubGraphSchema` would print the SDL at each start, although most programs never need it.
  builder.toSchema({ extensions: { directives: [federationLink] } }),
  ({ authDirectives }) => (authDirectives ? printSchemaWithAuthDirectives() : printSchema()),
);

let printed: string | undefined;
let printedWithAuthDirectives: string | undefined;

/** The SDL for federation routers, which `_service` returns by default. It is made on the first call. */
export function printSchema(): string {
  return (printed ??= `${printSubgraphSchema(schema)}\n`);
}

/** The SDL with the scopes of fields as directives, which `_service` returns with `FEDERATION_AUTH_DIRECTIVES=on`. */
export function printSchemaWithAuthDirectives(): string {
  return (printedWithAuthDirectives ??= withAuthDirectives(schema, printSchema()));
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
