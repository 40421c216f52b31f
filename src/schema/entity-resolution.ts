import { entitiesField, EntityType, serviceField } from '@apollo/subgraph/dist/types.js';
import {
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLUnionType,
  isObjectType,
  type GraphQLFieldResolver,
  type GraphQLResolveInfo,
} from 'graphql';
import { BadInput } from '../errors/gateway-errors.ts';
import { LeanCallsUsedUp } from '../errors/lean-errors.ts';
import { toError } from '../errors/to-error.ts';
import type { GraphContext } from './context.ts';

/** Reads the entity of a representation; null if there is none. */
type ResolveReference = (
  representation: unknown,
  context: unknown,
  info: GraphQLResolveInfo,
) => Promise<object | null> | object | null;

/**
 * Adds the fields that routers use to a schema: `_entities` and `_service`. Each representation is resolved
 * independently. A representation that cannot be read becomes null with an error at its own path, and the others are
 * answered.
 *
 * `@apollo/subgraph` resolves all of them in one loop. A representation without an entity type makes the loop throw.
 * Then nobody handles the rejections of the reads that have been started, and the process exits.
 * @param sdl gives the text for `_service`
 */
export function withEntities(schema: GraphQLSchema, sdl: (context: GraphContext) => string): GraphQLSchema {
  const query = schema.getQueryType()?.toConfig();
  if (query === undefined) return schema;
  const entities = Object.values(schema.getTypeMap()).flatMap(type => {
    const resolveReference = isObjectType(type) ? referenceOf(type) : undefined;
    return isObjectType(type) && resolveReference !== undefined ? [{ type, resolveReference }] : [];
  });
  const references = new Map<unknown, ResolveReference>(
    entities.map(({ type, resolveReference }) => [type.name, resolveReference]),
  );
  const entity = new GraphQLUnionType({
    ...EntityType.toConfig(),
    types: entities.map(({ type }) => type),
  });

  const entityOf = (
    representation: unknown,
    index: number,
    context: unknown,
    info: GraphQLResolveInfo,
  ): unknown => {
    // Every executor reports a returned Error at its own path. Not every executor does so with a rejected promise.
    try {
      const { __typename } = (representation ?? {}) as { readonly __typename?: unknown };
      const resolveReference = references.get(__typename);
      if (resolveReference === undefined)
        throw new BadInput('', `must name its __typename: ${[...references.keys()].sort().join(', ')}.`);
      // The `_Entity` union resolves its type from `__typename`.
      const withTypename = (value: object | null): object | null =>
        value && Object.assign(value, { __typename });
      const value = resolveReference(representation, context, info);
      return value instanceof Promise ? value.then(withTypename, toError) : withTypename(value);
    } catch (error) {
      return error instanceof BadInput ? inRepresentation(error, index) : toError(error);
    }
  };
  const resolve: GraphQLFieldResolver<unknown, GraphContext, { representations: readonly unknown[] }> = (
    _source,
    { representations },
    context,
    info,
  ) => {
    const refused = context.refusedEntities?.get(String(info.path.key));
    return Promise.all(
      representations.map((representation, index) =>
        refused?.has(index) === true
          ? new LeanCallsUsedUp(context.budget.max)
          : entityOf(representation, index, context, info),
      ),
    );
  };

  const queryType = new GraphQLObjectType({
    ...query,
    fields: {
      ...query.fields,
      _entities: { ...entitiesField, type: new GraphQLNonNull(new GraphQLList(entity)), resolve },
      _service: {
        ...serviceField,
        resolve: (_source: unknown, _args: unknown, context: GraphContext) => ({ sdl: sdl(context) }),
      },
    },
  });
  const { types, ...config } = schema.toConfig();
  return new GraphQLSchema({
    ...config,
    types: types.filter(({ name }) => name !== queryType.name),
    query: queryType,
  });
}

/** The same error, with the index of the representation in its argument path: `representations.2.id`. */
function inRepresentation({ argument, problem }: BadInput, index: number): BadInput {
  const path = `representations.${String(index)}`;
  return new BadInput(argument === '' ? path : `${path}.${argument}`, problem);
}

/**
 * The resolver that `@apollo/subgraph` reads from the type's extensions.
 * @see https://www.apollographql.com/docs/apollo-server/using-federation/api/apollo-subgraph
 */
function referenceOf({ extensions }: GraphQLObjectType): ResolveReference | undefined {
  const { apollo } = extensions as {
    readonly apollo?: { readonly subgraph?: { readonly resolveReference?: ResolveReference } };
  };
  return apollo?.subgraph?.resolveReference;
}
