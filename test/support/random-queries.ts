import fc from 'fast-check';
import { getNamedType, isCompositeType, isObjectType, isUnionType, type GraphQLNamedType } from 'graphql';
import { schema } from '../../src/schema/index.ts';

/** A selected field. */
export interface FieldSelection {
  /** The index of the field in its type. It wraps around, and the last value stands for `__typename`. */
  readonly field: number;
  readonly form: 'plain' | 'alias' | 'include' | 'skip' | 'inline fragment' | 'fragment';
  /** The selections on the field's own type. */
  readonly nested: readonly FieldSelection[];
}

export const fieldSelections = fc.letrec<{ selections: readonly FieldSelection[] }>(tie => ({
  selections: fc.array(
    fc.record({
      field: fc.nat(1000),
      form: fc.constantFrom<FieldSelection['form'][]>(
        'plain',
        'plain',
        'plain',
        'alias',
        'include',
        'skip',
        'inline fragment',
        'fragment',
      ),
      nested: fc.oneof({ maxDepth: 3 }, fc.constant<readonly FieldSelection[]>([]), tie('selections')),
    }),
    { minLength: 1, maxLength: 5 },
  ),
})).selections;

interface RootField {
  /** The field with its arguments, such as `payout(id: "…")` or `payouts`. */
  readonly field: string;
  /** The name of its type. */
  readonly type: string;
  readonly selections: readonly FieldSelection[];
}

/** Writes a GraphQL query with the given selections. Each fragment and each alias has a unique name. */
export class QueryWriter {
  readonly #fragments: string[] = [];
  #nameCount = 0;

  /** @param variables the declarations of variables. They must contain `$yes: Boolean!`. */
  query(variables: string, roots: readonly RootField[]): string {
    const fields = roots.map(({ field, type: typeName, selections }) => {
      const type = schema.getType(typeName);
      return `${this.#uniqueName()}: ${field} { ${type === undefined ? '' : this.#selectionSet(type, selections)} }`;
    });
    return [`query Written(${variables}) { ${fields.join(' ')} }`, ...this.#fragments].join('\n');
  }

  /** @param inUnion whether the selections of other types, with equal field names, stand next to these */
  #selectionSet(type: GraphQLNamedType, selections: readonly FieldSelection[], inUnion = false): string {
    if (isUnionType(type))
      return `__typename ${type
        .getTypes()
        .map(member => `... on ${member.name} { ${this.#selectionSet(member, selections, true)} }`)
        .join(' ')}`;
    return selections.map(selection => this.#field(type, selection, inUnion)).join(' ');
  }

  #field(type: GraphQLNamedType, { field: index, form, nested }: FieldSelection, inUnion: boolean): string {
    const fields = isObjectType(type) ? Object.values(type.getFields()) : [];
    const field = fields[index % (fields.length + 1)];
    if (field === undefined) return `${form === 'alias' ? `${this.#uniqueName()}: ` : ''}__typename`;
    const fieldType = getNamedType(field.type);
    const set = isCompositeType(fieldType) ? ` { __typename ${this.#selectionSet(fieldType, nested)} }` : '';
    // Two selections of the same field conflict if their arguments or selection sets differ. A unique alias avoids
    // that.
    const alias = `${this.#uniqueName()}: `;
    switch (form) {
      case 'plain':
      case 'alias':
        return `${set === '' && form === 'plain' && !inUnion ? '' : alias}${field.name}${set}`;
      case 'include':
        return `${alias}${field.name} @include(if: $yes)${set}`;
      case 'skip':
        return `${alias}${field.name} @skip(if: $yes)${set}`;
      case 'inline fragment':
        return `... on ${type.name} { ${alias}${field.name}${set} }`;
      case 'fragment': {
        const name = this.#uniqueName();
        this.#fragments.push(`fragment ${name} on ${type.name} { ${alias}${field.name}${set} }`);
        return `...${name}`;
      }
    }
  }

  #uniqueName(): string {
    this.#nameCount += 1;
    return `n${String(this.#nameCount)}`;
  }
}
