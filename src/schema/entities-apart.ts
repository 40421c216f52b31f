import { GraphQLObjectType, GraphQLSchema, isUnionType, type GraphQLFieldResolver } from 'graphql';
import { BadInput } from '../payouts/errors.ts';

/**
 * The schema with an `_entities` that resolves each representation for itself: one that cannot be read is null with
 * an error at its own place, and the others are answered.
 *
 * By itself the library resolves them in one go. One that names no entity throws there, and what has been started for
 * the others is left with nobody to hear of its failure, which ends the process.
 */
export function entitiesApart(schema: GraphQLSchema): GraphQLSchema {
  const query = schema.getQueryType()?.toConfig();
  const field = query?.fields['_entities'];
  const entity = schema.getType('_Entity');
  const together = field?.resolve;
  if (query === undefined || field === undefined || together === undefined || !isUnionType(entity))
    return schema;
  const entities = new Set<unknown>(entity.getTypes().map(({ name }) => name));

  const resolve: GraphQLFieldResolver<unknown, unknown, { representations: readonly unknown[] }> = (
    source,
    { representations },
    context,
    info,
  ) => {
    const entityOf = async (representation: unknown): Promise<unknown> => {
      if (!entities.has((representation as { __typename?: unknown } | null)?.__typename))
        throw new BadInput(
          'representations',
          `each must name its __typename: ${[...entities].sort().join(', ')}.`,
        );
      const [value] = (await together(
        source,
        { representations: [representation] },
        context,
        info,
      )) as unknown[];
      return value;
    };
    // An error in the place of a value fails that place alone, for every executor; a rejection does not for each.
    return Promise.all(representations.map(each => entityOf(each).catch(asError)));
  };

  const apart = new GraphQLObjectType({
    ...query,
    fields: { ...query.fields, _entities: { ...field, resolve } },
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
