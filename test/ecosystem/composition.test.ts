import { parse, visit, type ConstDirectiveNode } from 'graphql';
import { describe, expect, it } from 'vitest';
import { printSchema, printSchemaWithAuthDirectives, schema } from '../../src/schema/index.ts';
import { accountingSdl, ledgerSdl } from '../support/other-subgraphs.ts';
import { composers } from './support/composers.ts';

const subgraph = (name: string, sdl: string) => ({ name, url: `http://${name}/graphql`, sdl });

const others = [subgraph('accounting', accountingSdl), subgraph('ledger', ledgerSdl)];

/** A company's subgraph with types of its own that other schemas would also name so. */
const companySdl = /* GraphQL */ `
  type Query {
    price(range: DateTimeRange, above: MoneyInput): Money
    decimal: Decimal
  }
  type Money {
    cents: Int!
    currency: CurrencyCode
  }
  input MoneyInput {
    cents: Int!
    currency: CurrencyCode
  }
  input DateTimeRange {
    start: String!
    end: String
  }
  enum CurrencyCode {
    EUR
    USD
  }
  scalar Decimal
`;

const schemas = [
  ['without auth directives', printSchema],
  ['with auth directives', printSchemaWithAuthDirectives],
] as const;

describe.each(Object.entries(composers))('%s', (_name, compose) => {
  describe.each(schemas)('composes the schema %s', (_directives, print) => {
    it.each([
      ['alone', []],
      ['with subgraphs that extend payouts and refer to them', others],
      [
        'with a subgraph that has its own types for money, ranges and currencies',
        [subgraph('company', companySdl)],
      ],
    ])('%s', (_others, beside) => {
      const { errors, supergraph } = compose([subgraph('payouts', print()), ...beside]);
      expect(errors).toEqual([]);
      expect(supergraph).toMatch(/type Payout\b/);
    });
  });

  it('reports a conflict between two subgraphs', () => {
    const conflict = 'type Query { payout: Int }';
    const { errors } = compose([subgraph('payouts', printSchema()), subgraph('conflict', conflict)]);
    expect(errors).not.toEqual([]);
  });
});

it('the supergraph demands no scopes for fields of other subgraphs', () => {
  const isAuth = ({ name }: ConstDirectiveNode): boolean =>
    /^(?:authenticated|requiresScopes)$/.test(name.value);
  const compose = composers['@theguild/federation-composition'];
  const composed = compose?.([subgraph('payouts', printSchemaWithAuthDirectives()), ...others]);
  const guarded: string[] = [];
  visit(parse(composed?.supergraph ?? ''), {
    ObjectTypeDefinition(type) {
      expect(type.directives?.filter(isAuth)).toEqual([]);
      for (const field of type.fields ?? [])
        if (field.directives?.some(isAuth) === true) guarded.push(`${type.name.value}.${field.name.value}`);
    },
  });
  expect(guarded).toContain('Payout.status');
  for (const name of guarded) {
    const [type = '', field = ''] = name.split('.');
    const ours = schema.getType(type) as { getFields?(): object } | undefined;
    expect(field in (ours?.getFields?.() ?? {}), name).toBe(true);
  }
});
