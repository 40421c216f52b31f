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
 * A document may select a field with the same name of several members of a union. graphql-js refuses this if the types of
 * the field differ, even by a `!` alone.
 */

/** A selection of all fields of several object types. */
function selectionOf(types: readonly GraphQLObjectType[]): string {
  const fields = types.map(type => {
    const selections = Object.values(type.getFields()).map(
      field => `${field.name}${isCompositeType(getNamedType(field.type)) ? ' { __typename }' : ''}`,
    );
    return `... on ${type.name} { ${selections.join(' ')} }`;
  });
  return `__typename ${fields.join(' ')}`;
}

/** The validation errors of a selection of all fields of all members of a union. */
function conflictsIn(schemaWithUnion: GraphQLSchema, union: string): readonly string[] {
  const withField = extendSchema(schemaWithUnion, parse(`extend type Query { together: [${union}!]! }`));
  const type = withField.getType(union);
  if (!isUnionType(type)) throw new TypeError(`${union} is not a union`);
  const document = parse(`{ together { ${selectionOf(type.getTypes())} } }`);
  return validate(withField, document).map(({ message }) => message);
}

describe('one document may select all fields of all members', () => {
  // `_Entity` is left out, because a router selects one entity type at a time, and the types of `status` differ.
  const unions = Object.values(schema.getTypeMap())
    .filter(isUnionType)
    .filter(({ name }) => name !== '_Entity');

  it.each(unions.map(({ name }) => name))('of %s', name => {
    expect(conflictsIn(schema, name)).toEqual([]);
  });

  it('of all results of creations, and of updates', () => {
    const members = new Set(unions.flatMap(union => union.getTypes().map(({ name }) => name)));
    const all = [...members, 'PayoutUpdate'].join(' | ');
    expect(conflictsIn(extendSchema(schema, parse(`union Together = ${all}`)), 'Together')).toEqual([]);
  });

  it('and the check detects a conflict', () => {
    const other = parse('type Other { transferIndex: Int! } union Together = PayoutRejected | Other');
    expect(conflictsIn(extendSchema(schema, other), 'Together')).toEqual([
      expect.stringMatching(/"transferIndex" conflict because they return conflicting types/),
    ]);
  });
});
