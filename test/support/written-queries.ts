import fc from 'fast-check';
import { getNamedType, isCompositeType, isObjectType, isUnionType, type GraphQLNamedType } from 'graphql';
import { schema } from '../../src/schema/index.ts';

/** A field that is asked for: which of its type's, how it is written, and what is asked for below it. */
export interface Choice {
  readonly field: number;
  readonly as: 'it is' | 'an alias' | 'included' | 'skipped' | 'in an inline fragment' | 'in a fragment';
  readonly below: readonly Choice[];
}

export const choices = fc.letrec<{ several: readonly Choice[] }>(tie => ({
  several: fc.array(
    fc.record({
      field: fc.nat(1000),
      as: fc.constantFrom<Choice['as'][]>(
        'it is',
        'it is',
        'it is',
        'an alias',
        'included',
        'skipped',
        'in an inline fragment',
        'in a fragment',
      ),
      below: fc.oneof({ maxDepth: 3 }, fc.constant<readonly Choice[]>([]), tie('several')),
    }),
    { minLength: 1, maxLength: 5 },
  ),
})).several;

/** Writes selections on the graph's types as they are chosen, each fragment and alias by a name of its own. */
export class QueryWriter {
  readonly #fragments: string[] = [];
  #names = 0;

  /** @param roots such as `payout(id: "…")` or `payouts`, each with the name of its type and what is chosen there */
  query(
    variables: string,
    roots: readonly { readonly field: string; readonly type: string; readonly below: readonly Choice[] }[],
  ): string {
    const fields = roots.map(({ field, type, below }) => {
      const named = schema.getType(type);
      return `${this.#name()}: ${field} { ${named === undefined ? '' : this.#selection(named, below)} }`;
    });
    return [`query Written(${variables}) { ${fields.join(' ')} }`, ...this.#fragments].join('\n');
  }

  /** @param apart whether fields of other types may stand beside these, and be called the same */
  #selection(type: GraphQLNamedType, below: readonly Choice[], apart = false): string {
    if (isUnionType(type))
      return `__typename ${type
        .getTypes()
        .map(each => `... on ${each.name} { ${this.#selection(each, below, true)} }`)
        .join(' ')}`;
    return below.map(choice => this.#field(type, choice, apart)).join(' ');
  }

  #field(type: GraphQLNamedType, { field: index, as, below }: Choice, apart: boolean): string {
    const fields = isObjectType(type) ? Object.values(type.getFields()) : [];
    const field = fields[index % (fields.length + 1)];
    if (field === undefined) return `${as === 'an alias' ? `${this.#name()}: ` : ''}__typename`;
    const to = getNamedType(field.type);
    const set = isCompositeType(to) ? ` { __typename ${this.#selection(to, below)} }` : '';
    // Where one field is asked for twice, what it is to hold must agree: only by a name of its own it always does.
    const alias = `${this.#name()}: `;
    switch (as) {
      case 'it is':
      case 'an alias':
        return `${set === '' && as === 'it is' && !apart ? '' : alias}${field.name}${set}`;
      case 'included':
        return `${alias}${field.name} @include(if: $yes)${set}`;
      case 'skipped':
        return `${alias}${field.name} @skip(if: $yes)${set}`;
      case 'in an inline fragment':
        return `... on ${type.name} { ${alias}${field.name}${set} }`;
      case 'in a fragment': {
        const name = this.#name();
        this.#fragments.push(`fragment ${name} on ${type.name} { ${alias}${field.name}${set} }`);
        return `...${name}`;
      }
    }
  }

  #name(): string {
    this.#names += 1;
    return `n${String(this.#names)}`;
  }
}
