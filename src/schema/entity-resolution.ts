import {
  GraphQLObjectType,
  GraphQLSchema,
  isUnionType,
  type GraphQLFieldResolver,
  type GraphQLResolveInfo,
} from 'graphql';
import { BadInput } from '../errors/gateway-errors.ts';

/** Reads the entity that a representation names; null where there is none. */
type ResolveReference = (
  representation: unknown,
  context: unknown,
  info: GraphQLResolveInfo,
) => Promise<object | null> | object | null;

/**
 * The schema with an `_entities` that resolves each representation for itself: one that cannot be read is null with
 * an error at its own place, and the others are answered.
 *
 * By itself the library resolves them in one go. One that names no entity throws there, and what has been started for
 * the others is left with nobody to hear of its failure, which ends the process.
 * @param sdl gives the text that `_service` answers; the library would print another one, in another order
 */
export function resolveEntitiesApart(schema: GraphQLSchema, sdl: () => string): GraphQLSchema {
  const query = schema.getQueryType()?.toConfig();
  const field = query?.fields['_entities'];
  const service = query?.fields['_service'];
  const entity = schema.getType('_Entity');
  if (query === undefined || field === undefined || service === undefined || !isUnionType(entity))
    return schema;
  const references = new Map<unknown, ResolveReference>(
    entity.getTypes().map(type => [type.name, referenceOf(type)]),
  );

  const entityOf = (representation: unknown, context: unknown, info: GraphQLResolveInfo): unknown => {
    // An error in the place of a value fails that place alone, for every executor; a rejection does not for each.
    try {
      const { __typename } = (representation ?? {}) as { readonly __typename?: unknown };
      const resolveReference = references.get(__typename);
      if (resolveReference === undefined)
        throw new BadInput(
          'representations',
          `each must name its __typename: ${[...references.keys()].sort().join(', ')}.`,
        );
      // By this the union knows what it is.
      const named = (value: object | null): object | null => value && Object.assign(value, { __typename });
      const value = resolveReference(representation, context, info);
      return value instanceof Promise ? value.then(named, asError) : named(value);
    } catch (error) {
      return asError(error);
    }
  };
  const resolve: GraphQLFieldResolver<unknown, unknown, { representations: readonly unknown[] }> = (
    _source,
    { representations },
    context,
    info,
  ) => Promise.all(representations.map(each => entityOf(each, context, info)));

  const apart = new GraphQLObjectType({
    ...query,
    fields: {
      ...query.fields,
      _entities: { ...field, resolve },
      _service: { ...service, resolve: () => ({ sdl: sdl() }) },
    },
  });
  const { types, ...config } = schema.toConfig();
  return new GraphQLSchema({
    ...config,
    types: types.filter(({ name }) => name !== apart.name),
    query: apart,
  });
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error('an entity could not be read', { cause: reason });
}

/** Where the library has it. @see https://www.apollographql.com/docs/apollo-server/using-federation/api/apollo-subgraph */
function referenceOf({ name, extensions }: GraphQLObjectType): ResolveReference {
  const { apollo } = extensions as {
    readonly apollo?: { readonly subgraph?: { readonly resolveReference?: ResolveReference } };
  };
  const resolveReference = apollo?.subgraph?.resolveReference;
  if (resolveReference === undefined) throw new TypeError(`the entity ${name} cannot be resolved`);
  return resolveReference;
}
