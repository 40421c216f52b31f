import {
  extendSchema,
  getNamedType,
  isCompositeType,
  isUnionType,
  parse,
  validate,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { schema } from '../../src/schema/index.ts';

/*
 * Callers select the same field of several members of a union in one document. graphql-js refuses that where its types
 * differ, be it by a `!` alone.
 */

/** A selection of all fields of all the types. */
function everything(types: readonly GraphQLObjectType[]): string {
  const fields = types.map(type => {
    const selections = Object.values(type.getFields()).map(
      field => `${field.name}${isCompositeType(getNamedType(field.type)) ? ' { __typename }' : ''}`,
    );
    return `... on ${type.name} { ${selections.join(' ')} }`;
  });
  return `__typename ${fields.join(' ')}`;
}

/** What graphql-js says to a selection of everything of a union. */
function conflictsIn(of: GraphQLSchema, union: string): readonly string[] {
  const withField = extendSchema(of, parse(`extend type Query { together: [${union}!]! }`));
  const type = withField.getType(union);
  if (!isUnionType(type)) throw new TypeError(`${union} is no union`);
  const document = parse(`{ together { ${everything(type.getTypes())} } }`);
  return validate(withField, document).map(({ message }) => message);
}

describe('all fields of all members may be selected together', () => {
  // Routers ask for one entity type at a time, and a destination has a status of its own.
  const unions = Object.values(schema.getTypeMap())
    .filter(isUnionType)
    .filter(({ name }) => name !== '_Entity');

  it.each(unions.map(({ name }) => name))('of %s', name => {
    expect(conflictsIn(schema, name)).toEqual([]);
  });

  it('of all answers to creations, and of updates', () => {
    const members = new Set(unions.flatMap(union => union.getTypes().map(({ name }) => name)));
    const all = [...members, 'PayoutUpdate'].join(' | ');
    expect(conflictsIn(extendSchema(schema, parse(`union Together = ${all}`)), 'Together')).toEqual([]);
  });

  it('which is seen where it is not so', () => {
    const other = parse('type Other { transferIndex: Int! } union Together = PayoutRejected | Other');
    expect(conflictsIn(extendSchema(schema, other), 'Together')).toEqual([
      expect.stringMatching(/"transferIndex" conflict because they return conflicting types/),
    ]);
  });
});
