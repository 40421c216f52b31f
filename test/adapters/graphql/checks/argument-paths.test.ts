import fc from 'fast-check';
import { getNullableType, isListType, type GraphQLInputObjectType, type GraphQLInputType } from 'graphql';
import { describe, expect, it } from 'vitest';
import { schema } from '../../../../src/schema/index.ts';
import { destinations } from '../../../../src/sandbox/fixtures.ts';
import { payoutInput } from '../../../support/payout-input.ts';
import { startTestGateway, type OperationResult } from '../../../support/test-gateway.ts';

type Path = readonly (string | number)[];

/** A value within an argument. */
interface Part {
  readonly path: Path;
  /** The type in the schema, in SDL. */
  readonly type: string;
}

interface Case {
  readonly root: 'createPayout' | 'createPayouts' | 'payouts';
  /** Valid arguments. */
  readonly args: Readonly<Record<string, unknown>>;
  /** The path of the invalid value. */
  readonly path: Path;
  readonly invalid: unknown;
}

const { accountId, destinationId, amount, description } = payoutInput('');
const transfer = { accountId, destinationId, amount, description };
const single = { input: payoutInput('key-1') };
const batch = { input: { idempotencyKey: 'key-1', transfers: [transfer, transfer, transfer] } };

const cases: readonly Case[] = [
  ...['abc', '', '1,5', true, [{}]].map((invalid): Case => ({
    root: 'createPayout',
    args: single,
    path: ['input', 'amount', 'amount'],
    invalid,
  })),
  { root: 'createPayout', args: single, path: ['input', 'amount', 'currency'], invalid: 'dirham' },
  { root: 'createPayout', args: single, path: ['input', 'authorize'], invalid: 'yes" at "evil' },
  { root: 'createPayouts', args: batch, path: ['input', 'transfers', 2, 'amount', 'amount'], invalid: 'abc' },
  {
    root: 'payouts',
    args: { filter: { amount: { min: '1' } } },
    path: ['filter', 'amount', 'min'],
    invalid: 'abc',
  },
  {
    root: 'payouts',
    args: { filter: { createdAt: { from: '2026-03-01T00:00:00Z' } } },
    path: ['filter', 'createdAt', 'from'],
    invalid: 'yesterday',
  },
  { root: 'payouts', args: { first: 1 }, path: ['first'], invalid: 'x' },
];

/** All parts of an argument that contain the invalid value, from the whole argument to the value itself. */
function partsOf({ root, path }: Case): readonly Part[] {
  const fields = { ...schema.getQueryType()?.getFields(), ...schema.getMutationType()?.getFields() };
  let type: GraphQLInputType | undefined = fields[root]?.args.find(({ name }) => name === path[0])?.type;
  return path.map((name, index) => {
    const nullable: unknown = type === undefined ? undefined : getNullableType(type);
    if (index > 0)
      type = isListType(nullable)
        ? (nullable.ofType as GraphQLInputType)
        : (nullable as GraphQLInputObjectType).getFields()[name]?.type;
    return { path: path.slice(0, index + 1), type: String(type) };
  });
}

const selections = {
  createPayout: '{ __typename }',
  createPayouts: '{ __typename }',
  payouts: '{ totalCount }',
} as const;

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((part, name) => (part as Record<string, unknown>)[name], value);
}

function withValueAt(value: unknown, [name, ...rest]: Path, leaf: unknown): unknown {
  if (name === undefined) return leaf;
  if (Array.isArray(value))
    return value.map((each: unknown, index) => (index === name ? withValueAt(each, rest, leaf) : each));
  const part = (value as Record<string, unknown>)[name];
  return { ...(value as object), [name]: withValueAt(part, rest, leaf) };
}

class Variable {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

function literal(value: unknown): string {
  if (value instanceof Variable) return `$${value.name}`;
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{ ${members(value)} }`;
}

function members(value: object): string {
  return Object.entries(value)
    .map(([name, part]) => `${name}: ${literal(part)}`)
    .join(', ');
}

/**
 * A request with an invalid value.
 * @param part the part of the argument that is sent as a variable; undefined if the document holds all of it
 * @param name of the variable
 */
function requestOf({ root, args, path, invalid }: Case, part: Part | undefined, name: string) {
  const invalidArgs = withValueAt(args, path, invalid);
  const written = part === undefined ? invalidArgs : withValueAt(invalidArgs, part.path, new Variable(name));
  const declared = part === undefined ? '' : `($${name}: ${part.type})`;
  const kind = root === 'payouts' ? 'query' : 'mutation';
  return {
    document: `${kind} Asked${declared} { ${root}(${members(written as object)}) ${selections[root]} }`,
    variables: part === undefined ? {} : { [name]: valueAt(invalidArgs, part.path) },
  };
}

const codesAndArguments = ({ errors }: OperationResult): unknown[] =>
  (errors ?? []).map(({ extensions }) => [extensions?.['code'], extensions?.['argument']]);

describe('the error for an invalid value', () => {
  it('names the argument path of the value, in the document or in a variable of any name', async () => {
    const gateway = await startTestGateway();
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...cases),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.constantFrom('x', 'input', 'amount', 'filter', 'transfers', '_0'),
        async (each, fraction, name) => {
          const parts = [undefined, ...partsOf(each)];
          const { document, variables } = requestOf(each, parts[Math.floor(fraction * parts.length)], name);
          const result = await gateway.run(document, variables);
          expect(codesAndArguments(result), document).toEqual([['BAD_USER_INPUT', each.path.join('.')]]);
          expect([result.status, result.data]).toEqual([400, undefined]);
        },
      ),
      { numRuns: 200 },
    );
    expect(gateway.lean.requests).toEqual([]);
  });

  it('names the argument of a variable in a fragment, a directive and a default', async () => {
    const gateway = await startTestGateway();
    const inFragment = `query Asked($x: Decimal) { ...A } fragment A on Query { ...B }
      fragment B on Query { payouts(filter: { amount: { max: $x } }) { totalCount } }`;
    expect(codesAndArguments(await gateway.run(inFragment, { x: 'abc' }))).toEqual([
      ['BAD_USER_INPUT', 'filter.amount.max'],
    ]);
    const inDefault = `query ($x: PayoutDecimalRange = { min: "abc" }) { payouts(filter: { amount: $x }) { totalCount } }`;
    expect(codesAndArguments(await gateway.run(inDefault))).toEqual([
      ['BAD_USER_INPUT', 'filter.amount.min'],
    ]);
    const inDirective = 'query ($x: Boolean!) { payouts @include(if: $x) { totalCount } }';
    expect(codesAndArguments(await gateway.run(inDirective, { x: 'abc' }))).toEqual([
      ['BAD_USER_INPUT', 'if'],
    ]);
    const missing = 'query ($x: Decimal!) { payouts(filter: { amount: { min: $x } }) { totalCount } }';
    expect(codesAndArguments(await gateway.run(missing))).toEqual([['BAD_USER_INPUT', 'filter.amount.min']]);
    expect(gateway.lean.requests).toEqual([]);
  });

  it.each([
    [
      'a field that does not exist',
      'createPayout',
      { input: { ...single.input, amuont: '1' } },
      'input.amuont',
    ],
    [
      'a field that does not exist, within a list',
      'createPayouts',
      { input: { idempotencyKey: 'k', transfers: [transfer, { ...transfer, payee: { id: 1 } }] } },
      'input.transfers.1.payee',
    ],
    [
      'a missing field',
      'createPayout',
      { input: { ...single.input, amount: { amount: '1' } } },
      'input.amount.currency',
    ],
  ])('names %s in the same way in a literal and in a variable', async (_what, root, args, path) => {
    const gateway = await startTestGateway();
    const type = root === 'createPayout' ? 'CreatePayoutInput!' : 'CreatePayoutsInput!';
    const selection = '{ __typename }';
    const literalInput = await gateway.run(`mutation { ${root}(${members(args)}) ${selection} }`);
    const variable = await gateway.run(`mutation ($x: ${type}) { ${root}(input: $x) ${selection} }`, {
      x: args.input,
    });
    for (const result of [literalInput, variable]) {
      expect(codesAndArguments(result)).toEqual([['BAD_USER_INPUT', path]]);
      expect([result.status, result.data]).toEqual([400, undefined]);
    }
    expect(gateway.lean.requests).toEqual([]);
  });

  it('names the first five argument paths if a variable has several invalid values', async () => {
    const gateway = await startTestGateway();
    const invalid = { ...transfer, amount: { amount: 'abc', currency: 'dirham' }, destinationId: {} };
    const document =
      'mutation ($all: [PayoutTransferInput!]!) { createPayouts(input: { idempotencyKey: "k", transfers: $all }) { __typename } }';
    const result = await gateway.run(document, { all: [invalid, transfer, invalid] });
    expect(codesAndArguments(result)).toEqual(
      ['0.amount.amount', '0.amount.currency', '0.destinationId', '2.amount.amount', '2.amount.currency'].map(
        path => ['BAD_USER_INPUT', `input.transfers.${path}`],
      ),
    );
    expect(gateway.lean.requests).toEqual([]);
  });

  it('is created in linear time, whatever the value contains', async () => {
    const gateway = await startTestGateway();
    const document = 'query ($b: Boolean!) { __typename @include(if: $b) }';
    // Each value is almost as long as a body may be. A search with quadratic time would take minutes.
    const results = await Promise.all(
      Array.from({ length: 20 }, () => gateway.run(document, { b: { [` at "${'a'.repeat(60_000)}`]: 1 } })),
    );
    for (const result of results) expect(codesAndArguments(result)).toEqual([['BAD_USER_INPUT', 'if']]);
  });

  it('is not misled by a value that looks like the message of graphql-js', async () => {
    const gateway = await startTestGateway();
    const document = 'query ($x: PayoutFilter) { payouts(filter: $x) { totalCount } }';
    for (const x of [
      'a at "x.evil"',
      { 'at "x.evil"; ': 1 },
      [' at "x.evil'],
      { amount: ' at "x.amount.min"; ' },
    ]) {
      const [[, argument] = []] = codesAndArguments(await gateway.run(document, { x })) as string[][];
      expect(argument).toBe(typeof x === 'object' && 'amount' in x ? 'filter.amount' : 'filter');
    }
    const { status } = await gateway.run(document, { x: { amount: { min: destinations.pays } } });
    expect(status).toBe(400);
  });
});
