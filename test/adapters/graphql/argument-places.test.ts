import fc from 'fast-check';
import { getNullableType, isListType, type GraphQLInputObjectType, type GraphQLInputType } from 'graphql';
import { describe, expect, it } from 'vitest';
import { schema } from '../../../src/schema/index.ts';
import { destinations } from '../../../src/sandbox/named.ts';
import { payoutInput } from '../../support/payout-input.ts';
import { startTestGateway, type Answer } from '../../support/test-gateway.ts';

/*
 * A value that cannot be read is named by its path within the arguments, wherever it stands: in the document, or in a
 * variable of any name that holds all of the argument, a part of it or the value alone.
 */

type Path = readonly (string | number)[];

/** A part of an input, as the schema types it. */
interface Part {
  readonly path: Path;
  readonly type: string;
}

interface Case {
  readonly root: 'createPayout' | 'createPayouts' | 'payouts';
  /** The arguments without a fault. */
  readonly good: Readonly<Record<string, unknown>>;
  /** Where the wrong value stands. */
  readonly path: Path;
  readonly bad: unknown;
}

const { accountId, destinationId, amount, description } = payoutInput('');
const transfer = { accountId, destinationId, amount, description };
const single = { input: payoutInput('key-1') };
const batch = { input: { idempotencyKey: 'key-1', transfers: [transfer, transfer, transfer] } };

const cases: readonly Case[] = [
  ...['abc', '', '1,5', true, [{}]].map((bad): Case => ({
    root: 'createPayout',
    good: single,
    path: ['input', 'amount', 'amount'],
    bad,
  })),
  { root: 'createPayout', good: single, path: ['input', 'amount', 'currency'], bad: 'dirham' },
  { root: 'createPayout', good: single, path: ['input', 'authorize'], bad: 'yes" at "evil' },
  { root: 'createPayouts', good: batch, path: ['input', 'transfers', 2, 'amount', 'amount'], bad: 'abc' },
  {
    root: 'payouts',
    good: { filter: { amount: { min: '1' } } },
    path: ['filter', 'amount', 'min'],
    bad: 'abc',
  },
  {
    root: 'payouts',
    good: { filter: { createdAt: { from: '2026-03-01T00:00:00Z' } } },
    path: ['filter', 'createdAt', 'from'],
    bad: 'yesterday',
  },
  { root: 'payouts', good: { first: 1 }, path: ['first'], bad: 'x' },
];

/** The parts on the way to the wrong value, from the argument to the value itself. */
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

/** @param lifted which of the parts is a variable's; undefined where all of it is written in the document */
function requestOf({ root, good, path, bad }: Case, lifted: Part | undefined, name: string) {
  const wrong = withValueAt(good, path, bad);
  const given = lifted === undefined ? wrong : withValueAt(wrong, lifted.path, new Variable(name));
  const declared = lifted === undefined ? '' : `($${name}: ${lifted.type})`;
  const kind = root === 'payouts' ? 'query' : 'mutation';
  return {
    document: `${kind} Asked${declared} { ${root}(${members(given as object)}) ${selections[root]} }`,
    variables: lifted === undefined ? {} : { [name]: valueAt(wrong, lifted.path) },
  };
}

const argumentsOf = ({ errors }: Answer): unknown[] =>
  (errors ?? []).map(({ extensions }) => [extensions?.['code'], extensions?.['argument']]);

describe('a value that cannot be read', () => {
  it('is named by its path within the arguments, wherever it stands and whatever a variable is called', async () => {
    const gateway = await startTestGateway();
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...cases),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.constantFrom('x', 'input', 'amount', 'filter', 'transfers', '_0'),
        async (each, at, name) => {
          const ways = [undefined, ...partsOf(each)];
          const { document, variables } = requestOf(each, ways[Math.floor(at * ways.length)], name);
          const answer = await gateway.run(document, variables);
          expect(argumentsOf(answer), document).toEqual([['BAD_USER_INPUT', each.path.join('.')]]);
          expect([answer.status, answer.data]).toEqual([400, undefined]);
        },
      ),
      { numRuns: 200 },
    );
    expect(gateway.lean.requests).toEqual([]);
  });

  it('is named where a fragment uses its variable, and where its default stands', async () => {
    const gateway = await startTestGateway();
    const inFragment = `query Asked($x: Decimal) { ...A } fragment A on Query { ...B }
      fragment B on Query { payouts(filter: { amount: { max: $x } }) { totalCount } }`;
    expect(argumentsOf(await gateway.run(inFragment, { x: 'abc' }))).toEqual([
      ['BAD_USER_INPUT', 'filter.amount.max'],
    ]);
    const byDefault = `query ($x: PayoutDecimalRange = { min: "abc" }) { payouts(filter: { amount: $x }) { totalCount } }`;
    expect(argumentsOf(await gateway.run(byDefault))).toEqual([['BAD_USER_INPUT', 'filter.amount.min']]);
    const inDirective = 'query ($x: Boolean!) { payouts @include(if: $x) { totalCount } }';
    expect(argumentsOf(await gateway.run(inDirective, { x: 'abc' }))).toEqual([['BAD_USER_INPUT', 'if']]);
    const missing = 'query ($x: Decimal!) { payouts(filter: { amount: { min: $x } }) { totalCount } }';
    expect(argumentsOf(await gateway.run(missing))).toEqual([['BAD_USER_INPUT', 'filter.amount.min']]);
    expect(gateway.lean.requests).toEqual([]);
  });

  it('is named by each of its paths where there are several, a few of them', async () => {
    const gateway = await startTestGateway();
    const wrong = { ...transfer, amount: { amount: 'abc', currency: 'dirham' }, destinationId: {} };
    const document =
      'mutation ($all: [PayoutTransferInput!]!) { createPayouts(input: { idempotencyKey: "k", transfers: $all }) { __typename } }';
    const answer = await gateway.run(document, { all: [wrong, transfer, wrong] });
    expect(argumentsOf(answer)).toEqual(
      ['0.amount.amount', '0.amount.currency', '0.destinationId', '2.amount.amount', '2.amount.currency'].map(
        path => ['BAD_USER_INPUT', `input.transfers.${path}`],
      ),
    );
    expect(gateway.lean.requests).toEqual([]);
  });

  it('is named as fast whatever its caller has written into it', async () => {
    const gateway = await startTestGateway();
    const document = 'query ($b: Boolean!) { __typename @include(if: $b) }';
    // As long as a body may be: a search that begins anew at each of its letters takes minutes.
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => gateway.run(document, { b: { [` at "${'a'.repeat(60_000)}`]: 1 } })),
    );
    for (const answer of answers) expect(argumentsOf(answer)).toEqual([['BAD_USER_INPUT', 'if']]);
  });

  it('is not mistaken for what its text says', async () => {
    const gateway = await startTestGateway();
    const document = 'query ($x: PayoutFilter) { payouts(filter: $x) { totalCount } }';
    for (const x of [
      'a at "x.evil"',
      { 'at "x.evil"; ': 1 },
      [' at "x.evil'],
      { amount: ' at "x.amount.min"; ' },
    ]) {
      const [[, argument] = []] = argumentsOf(await gateway.run(document, { x })) as string[][];
      expect(argument).toBe(typeof x === 'object' && 'amount' in x ? 'filter.amount' : 'filter');
    }
    const { status } = await gateway.run(document, { x: { amount: { min: destinations.pays } } });
    expect(status).toBe(400);
  });
});
