import fc from 'fast-check';
import { getOperationAST, parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { payoutIdOf } from '../../src/payouts/values/ids.ts';
import { destinations, exampleIntentId, examplePayoutId } from '../../src/sandbox/fixtures.ts';
import { limitErrors } from '../../src/adapters/graphql/documents/operation-limits.ts';
import { schema } from '../../src/schema/index.ts';
import { LeanCost } from '../../src/schema/lean-cost.ts';
import { payoutInput } from '../support/payout-input.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';

const listFields = `id paymentId intentId amount { amount currency } description status leanStatus outcome
  postInitiationStatus recipient { displayName iban bankName } bankTransactionReference autoAuthorized
  pendingManualAuthorization createdAt updatedAt`;
const detailFields = `sender { legalName accountNumber iban bankName } recipient { legalName accountNumber } paymentSourceId
  granularStatusCode statusDetails submittedAt initiatedAt`;
const rowFields = 'createdAt updatedAt autoAuthorized pendingManualAuthorization';
const intentFields = `id paymentId intentId amount { amount currency } description postInitiationStatus
  recipient { displayName iban bankName } bankTransactionReference`;
const historyFields = 'history { payoutId type status leanStatus postInitiationStatus publishedAt }';

const payout = `payout(id: "${payoutIdOf(exampleIntentId)}")`;
const byPayment = `payoutByPayment(paymentId: "${examplePayoutId}")`;
const intent = `payoutIntent(id: "${exampleIntentId}")`;

function costOf(text: string, variables: Record<string, unknown> = {}): number {
  const document = parse(text);
  expect(validate(schema, document)).toEqual([]);
  const operation = getOperationAST(document);
  if (operation == null) throw new TypeError('the document has no single operation');
  return new LeanCost({ schema, document, operation }).estimate(variables);
}

type Example = readonly [name: string, cost: number, document: string, variables?: Record<string, unknown>];

/** Defines a test for each example: the document has the given cost. */
function testCosts(examples: readonly Example[]): void {
  for (const [name, cost, document, variables] of examples)
    it(name, () => {
      expect(costOf(document, variables)).toBe(cost);
    });
}

const entities = (selection: string): string =>
  `query ($of: [_Any!]!) { _entities(representations: $of) { ${selection} } }`;

const uuid = (index: number): string => `b0000000-0000-4000-8000-${String(index).padStart(12, '0')}`;
const repeat = (count: number, representation: (id: string) => object): object[] =>
  Array.from({ length: count }, (_, index) => representation(uuid(index)));

const create = (selection: string): string =>
  `mutation ($input: CreatePayoutInput!) { createPayout(input: $input) { ${selection} } }`;
const createMany = (selection: string): string =>
  `mutation ($input: CreatePayoutsInput!) { createPayouts(input: $input) { ${selection} } }`;
const transfers = (count: number): Record<string, unknown> => ({
  input: { idempotencyKey: 'k', transfers: Array.from({ length: count }, () => ({})) },
});

describe('the estimated Lean calls are', () => {
  testCosts([
    ['0 for fields that read no payout', 0, '{ __typename _service { sdl } }'],

    [
      '0 for the request of a key',
      0,
      `{ payoutRequest(idempotencyKey: "k") { results { ... on PayoutCreated { payoutId status } } } }`,
    ],
    [
      '1 for the payouts of a key, because their number is not known',
      1,
      `{ payoutRequest(idempotencyKey: "k") { results { ... on PayoutCreated { payout { id } } ... on PayoutRejected { payout { id } } } } }`,
    ],

    ['1 for a payout', 1, `{ ${payout} { id } }`],
    [
      '1 for all fields of a payout that its intent has',
      1,
      `{ ${payout} { ${intentFields} ${detailFields} } }`,
    ],
    [
      '0 more for its intent, which is read anyway',
      1,
      `{ ${payout} { id intent { id destination { legalName } } } }`,
    ],
    ['1 more for any number of fields that only the list has', 2, `{ ${payout} { ${rowFields} } }`],
    [
      '1 more for its status, which only the list has before there is a payment',
      2,
      `{ ${payout} { status outcome } }`,
    ],
    ['1 more for its history', 2, `{ ${payout} { ${historyFields} } }`],
    [
      '3 for all fields of a payout',
      3,
      `{ ${payout} { ${listFields} ${detailFields} ${historyFields} intent { id } } }`,
    ],
    [
      'the same by payoutByIntent',
      3,
      `{ payoutByIntent(intentId: "${exampleIntentId}") { createdAt ${historyFields} } }`,
    ],
    [
      '0 more for selections from payout to intent and back',
      3,
      `{ ${payout} { history { type } intent { payout { statusDetails intent { payout { intent { payout { status } } } } } } } }`,
    ],

    [
      '1 for a payout by its payment',
      1,
      `{ ${byPayment} { id amount { amount } status sender { iban } statusDetails } }`,
    ],
    ['1 more for its intent', 2, `{ ${byPayment} { id intent { externalReference } } }`],
    [
      '1 more for recipient fields that only the intent has',
      2,
      `{ ${byPayment} { recipient { displayName bankName } intent { id } } }`,
    ],
    [
      '4 for all fields of a payout by its payment',
      4,
      `{ ${byPayment} { ${listFields} ${detailFields} ${historyFields} intent { id } } }`,
    ],
    [
      'the same with variables as with literals',
      2,
      'query ($id: ID!) { payout(id: $id) { history { type } intent { id } } }',
      { id: payoutIdOf(exampleIntentId) },
    ],
    ['1 for a destination', 1, `{ payoutDestination(id: "${destinations.pays}") { status } }`],

    [
      '1 for an intent',
      1,
      `{ ${intent} { id customerId amount { amount } destination { legalName iban } } }`,
    ],
    [
      '1 for an intent with its payout',
      1,
      `{ ${intent} { payout { id recipient { displayName iban } intent { id } } } }`,
    ],
    [
      '2 for an intent and the status of its payout',
      2,
      `{ ${intent} { payout { status } destination { id } } }`,
    ],
    [
      '3 for an intent and all fields of its payout',
      3,
      `{ ${intent} { payout { ${listFields} ${detailFields} ${historyFields} intent { payout { submittedAt } } } } }`,
    ],

    [
      '1 for fifty payouts with all fields of the list',
      1,
      `{ payouts(first: 50) { totalCount nodes { ${listFields} } pageInfo { endCursor } } }`,
    ],
    ['1 for the count of a list alone', 1, '{ payouts { totalCount } }'],
    [
      '1 more per row for fields that the list lacks',
      51,
      `{ payouts(first: 50) { nodes { ${detailFields} } } }`,
    ],
    [
      '1 more per row for an account number or a legal name',
      11,
      '{ payouts(first: 10) { nodes { recipient { accountNumber legalName } } } }',
    ],
    [
      '0 more for the same fields twice',
      11,
      '{ payouts(first: 10) { nodes { statusDetails } edges { node { submittedAt sender { legalName } } } } }',
    ],
    [
      '101 for fifty payouts with intent and history',
      101,
      `{ payouts(first: 50) { nodes { id intent { externalReference } ${historyFields} } } }`,
    ],
    [
      '0 more for further fields that the intents have',
      101,
      `{ payouts { nodes { statusDetails intent { id } } edges { node { history { type } } } } }`,
    ],
  ]);
});

describe('the number of additional calls for fields that a list lacks is that of', () => {
  testCosts([
    ['the rows of first', 8, 'query { payouts(first: 7) { nodes { statusDetails } } }'],
    ['the rows of last', 8, '{ payouts(last: 7) { nodes { statusDetails } } }'],
    ['50 rows without first and last', 51, '{ payouts { nodes { statusDetails } } }'],
    ['50 rows if first is null', 51, '{ payouts(first: null) { nodes { statusDetails } } }'],
    ['at most 100 rows', 101, '{ payouts(first: 1000000) { nodes { statusDetails } } }'],
    ['0 rows if first is negative', 1, '{ payouts(first: -5) { nodes { statusDetails } } }'],
    [
      'the rows of a variable',
      4,
      'query ($n: Int) { payouts(first: $n) { nodes { statusDetails } } }',
      { n: 3 },
    ],
    [
      '50 rows for a missing variable',
      51,
      'query ($n: Int) { payouts(first: $n) { nodes { statusDetails } } }',
    ],
    [
      '50 rows for a variable that is null',
      51,
      'query ($n: Int = 3) { payouts(first: $n) { nodes { statusDetails } } }',
      { n: null },
    ],
    [
      'the rows of a variable’s default',
      4,
      'query ($n: Int = 3) { payouts(first: $n) { nodes { statusDetails } } }',
    ],
    [
      'the rows of a variable rather than its default',
      6,
      'query ($n: Int = 3) { payouts(first: $n) { nodes { statusDetails } } }',
      { n: 5 },
    ],
    [
      '100 rows for a variable that is not a number',
      101,
      'query ($n: Int) { payouts(first: $n) { nodes { statusDetails } } }',
      { n: '5' },
    ],
    [
      'the rows of last if first is null',
      4,
      'query ($n: Int) { payouts(first: $n, last: 3) { nodes { statusDetails } } }',
      { n: null },
    ],
  ]);
});

describe('the estimate', () => {
  testCosts([
    [
      'is the sum over the root fields',
      5,
      `{ a: ${byPayment} { id } b: ${byPayment} { intent { id } } payouts { totalCount } ${intent} { id } }`,
    ],
    ['leaves out fields with @skip(if: true)', 1, `{ ${byPayment} { id intent @skip(if: true) { id } } }`],
    [
      'leaves out fields with @include(if: false)',
      1,
      `{ ${byPayment} { id intent @include(if: false) { id } } }`,
    ],
    [
      'counts fields that @skip and @include keep',
      3,
      `{ ${byPayment} { intent @skip(if: false) { id } history @include(if: true) { type } } }`,
    ],
    [
      'leaves out fields that one of both directives removes',
      1,
      `{ ${byPayment} { intent @include(if: true) @skip(if: true) { id } id } }`,
    ],
    [
      'leaves out root fields that are skipped',
      1,
      `{ ${byPayment} { id } payouts @skip(if: true) { nodes { statusDetails } } }`,
    ],
    [
      'uses the variable of @skip when true',
      1,
      `query ($s: Boolean!) { ${byPayment} { id intent @skip(if: $s) { id } } }`,
      { s: true },
    ],
    [
      'uses the variable of @skip when false',
      2,
      `query ($s: Boolean!) { ${byPayment} { id intent @skip(if: $s) { id } } }`,
      { s: false },
    ],
    [
      'uses the default of a variable',
      1,
      `query ($i: Boolean! = false) { ${byPayment} { id intent @include(if: $i) { id } } }`,
    ],
    [
      'prefers a variable to its default',
      2,
      `query ($i: Boolean! = false) { ${byPayment} { id intent @include(if: $i) { id } } }`,
      { i: true },
    ],
    [
      'applies directives on fragment spreads',
      1,
      `{ ${byPayment} { id ...F @skip(if: true) } } fragment F on Payout { intent { id } }`,
    ],
    [
      'applies directives on inline fragments',
      1,
      `{ ${byPayment} { id ... @include(if: false) { intent { id } } } }`,
    ],
    [
      'includes nested fragments',
      3,
      `{ ${byPayment} { ...F } } fragment F on Payout { ...G history { type } } fragment G on Payout { intent { id } }`,
    ],
    [
      'includes fragments at the root',
      3,
      `{ ...F } fragment F on Query { ${byPayment} { id } ... on Query { ...G } } fragment G on Query { b: ${byPayment} { intent { id } } }`,
    ],
    [
      'counts a fragment at each spread',
      4,
      `{ ${byPayment} { ...F } a: ${byPayment} { ... { ...F } } } fragment F on Payout { intent { id } }`,
    ],
    ['ignores aliases', 3, `{ id: ${byPayment} { id: history { id: type } payouts: intent { id } } }`],
  ]);
});

describe('the representations of a router cost', () => {
  const payouts = repeat(4, id => ({ __typename: 'Payout', id: payoutIdOf(id) }));
  const byIntent = repeat(4, intentId => ({ __typename: 'Payout', intentId }));
  const byPayments = repeat(4, paymentId => ({ __typename: 'Payout', paymentId }));
  const intents = repeat(4, id => ({ __typename: 'PayoutIntent', id }));
  const accounts = repeat(4, id => ({ __typename: 'PayoutDestination', id }));
  const fields = `... on Payout { ${detailFields} ${historyFields} intent { id } }
    ... on PayoutIntent { id payout { status } } ... on PayoutDestination { legalName iban }`;

  testCosts([
    ['0 if there are none', 0, entities('__typename'), { of: [] }],
    [
      '1 for each payout',
      4,
      entities('... on Payout { id amount { amount } statusDetails }'),
      { of: payouts },
    ],
    ['2 for each payout with intent and history', 8, entities(fields), { of: payouts }],
    ['2 for each payout by its intent, with all fields', 8, entities(fields), { of: byIntent }],
    ['3 for each payout by its payment, with all fields', 12, entities(fields), { of: byPayments }],
    ['2 for each intent with the status of its payout', 8, entities(fields), { of: intents }],
    ['1 for each destination', 4, entities(fields), { of: accounts }],
    [
      'the sum for different types',
      28,
      entities(fields),
      { of: [...payouts, ...byIntent, ...intents, ...accounts] },
    ],
    [
      '0 more for repeated representations',
      28,
      entities(fields),
      // Copies, because JSON.parse never returns the same object twice.
      { of: [payouts, byIntent, intents, accounts].flatMap(some => [...some, ...structuredClone(some)]) },
    ],
    [
      '0 more for the same representations in another field',
      130,
      `query ($of: [_Any!]!) {
        _e0: _entities(representations: $of) { ... on Payout { description } }
        _e1: _entities(representations: $of) { ... on Payout { amount { amount } } }
      }`,
      { of: repeat(130, id => ({ __typename: 'Payout', id: payoutIdOf(id) })) },
    ],
    [
      'the calls that the selections of several fields need together',
      4 * 3,
      `query ($of: [_Any!]!, $again: [_Any!]!) {
        _e0: _entities(representations: $of) { ... on Payout { createdAt } }
        _e1: _entities(representations: $again) { ... on Payout { history { type } } }
        _e2: _entities(representations: $of) { ... on Payout { createdAt history { type } } }
      }`,
      { of: payouts, again: structuredClone(payouts) },
    ],
    [
      'the sum over the distinct ids of several fields',
      4,
      `query ($of: [_Any!]!, $others: [_Any!]!) {
        _e0: _entities(representations: $of) { ... on Payout { id } }
        _e1: _entities(representations: $others) { ... on Payout { id } }
      }`,
      { of: payouts.slice(0, 3), others: payouts.slice(1) },
    ],
    ['the same for a single value in place of a list', 2, entities(fields), { of: payouts[0] }],
    [
      'the same with literals',
      1,
      `{ _entities(representations: [{ __typename: "Payout", id: "${uuid(0)}" }]) { ... on Payout { intent { id } } } }`,
    ],
    [
      'the same with variables in literals',
      2,
      `query ($id: ID!) { _entities(representations: [{ __typename: "Payout", id: $id }]) { ${fields} } }`,
      { id: uuid(0) },
    ],
    [
      'the same with fragments on the union',
      2,
      entities('... on _Entity { ... on Payout { history { type } intent { id } } }'),
      { of: [payouts[0]] },
    ],
    [
      '1 for each one without an entity type',
      6,
      entities(fields),
      { of: [42, null, 'x', {}, { __typename: 'Money' }, { __typename: { toString: 1 } }] },
    ],
    [
      'at least 1 for each one without a valid id',
      6,
      entities(fields),
      { of: [{}, [[1]], 5].map(id => ({ __typename: 'Payout', id })) },
    ],
  ]);
});

describe('a creation costs', () => {
  const created = (selection: string): string => `... on PayoutCreated { ${selection} }`;
  const batch = (selection: string): string => `... on PayoutsCreated { created { ${selection} } }`;
  const readBack = `payout { id amount { amount } } intent { externalReference destination { id } }`;
  const resultFields =
    'status leanStatus amount { amount } sender { accountNumber } recipient { accountNumber iban }';

  testCosts([
    ['1 without fields', 1, create('__typename'), { input: {} }],
    [
      '1 with all fields of the result',
      1,
      create(`${created(resultFields)} ... on PayoutRejected { code }`),
      { input: {} },
    ],
    ['1 more with the payout or the intent, or with both', 2, create(created(readBack)), { input: {} }],
    [
      '0 more for its parties, which Lean’s response has',
      2,
      create(created(`${resultFields} payout { id }`)),
      { input: {} },
    ],
    ['2 more with the current status of the payout', 3, create(created('payout { status }')), { input: {} }],
    [
      '1 more for a name that Lean’s response lacks',
      2,
      create(created('recipient { legalName }')),
      { input: {} },
    ],
    [
      '2 more with the payout and its history',
      3,
      create(created(`payout { ${detailFields} ${historyFields} }`)),
      { input: {} },
    ],
    ['1 for several transfers', 1, createMany(batch(resultFields)), transfers(100)],
    ['1 more for each transfer whose payout is read', 6, createMany(batch(readBack)), transfers(5)],
    [
      '2 more for each transfer with its current status',
      11,
      createMany(batch('payout { status }')),
      transfers(5),
    ],
    [
      'the same for a single transfer in place of a list',
      2,
      createMany(batch(readBack)),
      { input: { transfers: {} } },
    ],
  ]);
});

/** The selectable fields of a payout and of an intent, and the field that leads to the other type. */
const types = {
  Payout: {
    fields: [
      ...'id paymentId intentId description status leanStatus outcome postInitiationStatus'.split(' '),
      ...'granularStatusCode statusDetails paymentSourceId bankTransactionReference createdAt'.split(' '),
      'amount { amount }',
      'recipient { displayName iban }',
      'recipient { accountNumber }',
      'sender { legalName accountNumber }',
      historyFields,
    ],
    link: 'intent',
    linkType: 'PayoutIntent',
  },
  PayoutIntent: {
    fields: [
      'id',
      'customerId',
      'externalReference',
      'amount { currency }',
      'destination { id iban status }',
    ],
    link: 'payout',
    linkType: 'Payout',
  },
} as const;

/** A random selection: the indexes of its fields, the selections of its links, and its notation. */
interface Choice {
  readonly fields: readonly number[];
  readonly links: readonly Choice[];
  readonly as: 'plain' | 'an inline fragment' | 'a fragment' | 'an alias';
}

const choices = fc.letrec<{ choice: Choice }>(tie => ({
  choice: fc.record({
    fields: fc.array(fc.nat(100), { minLength: 1, maxLength: 4 }),
    links: fc.oneof(
      { maxDepth: 3 },
      fc.constant<readonly Choice[]>([]),
      fc.array(tie('choice'), { minLength: 1, maxLength: 2 }),
    ),
    as: fc.constantFrom('plain', 'plain', 'an inline fragment', 'a fragment', 'an alias'),
  }),
})).choice;

/** Prints selections. Each fragment and alias gets a unique name. */
class SelectionPrinter {
  readonly fragments: string[] = [];
  #names = 0;

  selection(type: keyof typeof types, { fields: picked, links, as }: Choice): string {
    const { fields, link, linkType } = types[type];
    const own = new Set(picked.map(index => fields[index % fields.length]));
    const below = links.map(choice => {
      const alias = choice.as === 'an alias' ? `${this.#name()}: ` : '';
      return `${alias}${link} { ${this.selection(linkType, choice)} }`;
    });
    const all = [...own, ...below].join(' ');
    if (as === 'an inline fragment') return `... on ${type} { ${all} }`;
    if (as !== 'a fragment') return all;
    const name = this.#name();
    this.fragments.push(`fragment ${name} on ${type} { ${all} }`);
    return `...${name}`;
  }

  #name(): string {
    this.#names += 1;
    return `n${String(this.#names)}`;
  }
}

describe('an operation never makes more Lean calls than estimated', () => {
  async function gatewayWithPayouts(historyKey: string): Promise<TestGateway> {
    const env = { LEAN_HISTORY_KEY: historyKey, MAX_UPSTREAM_CALLS: '1000000' };
    return startTestGateway({ sandbox: { payouts: 40 }, env });
  }

  async function expectAtMostEstimate(
    gateway: TestGateway,
    query: string,
    variables: Record<string, unknown>,
  ): Promise<number> {
    const { status, errors } = await gateway.run(query, variables);
    expect({ status, errors }).toEqual({ status: 200, errors: undefined });
    const calls = Object.values(gateway.received()).reduce((sum, each) => sum + each, 0);
    expect(calls).toBeLessThanOrEqual(costOf(query, variables));
    return calls;
  }

  it.each(['payment_id', 'payment_intent_id'])('for any query, with histories by %s', async historyKey => {
    const gateway = await gatewayWithPayouts(historyKey);
    const all = gateway.lean.payouts.all();
    const ids = all.map(({ intentId }) => payoutIdOf(intentId));
    const intentIds = all.map(({ intentId }) => intentId);
    const paymentIds = all.flatMap(({ paymentId }) => paymentId ?? []);
    // Payouts without a payment. A uniform choice would rarely select one of these few.
    const waitingIds = all
      .filter(({ paymentId }) => paymentId === null)
      .map(({ intentId }) => payoutIdOf(intentId));
    expect(waitingIds.length).toBeGreaterThan(0);
    const id = fc.oneof(...[ids, waitingIds].map(values => fc.constantFrom(...values)));
    const root = fc.oneof(
      fc.record({ field: fc.constant('payout' as const), id, choice: choices }),
      fc.record({
        field: fc.constant('payoutByPayment' as const),
        id: fc.constantFrom(...paymentIds),
        choice: choices,
      }),
      fc.record({
        field: fc.constant('payoutIntent' as const),
        id: fc.constantFrom(...intentIds),
        choice: choices,
      }),
      fc.record({
        field: fc.constant('payouts' as const),
        first: fc.integer({ min: 1, max: 20 }),
        choice: choices,
      }),
      fc.record({
        field: fc.constant('_entities' as const),
        of: fc.array(
          fc.oneof(
            id.map(one => ({ __typename: 'Payout', id: one })),
            fc.constantFrom(...intentIds).map(intentId => ({ __typename: 'Payout', intentId })),
            fc.constantFrom(...paymentIds).map(paymentId => ({ __typename: 'Payout', paymentId })),
            fc.constantFrom(...intentIds).map(one => ({ __typename: 'PayoutIntent', id: one })),
            fc
              .constantFrom(destinations.pays, destinations.slow)
              .map(one => ({ __typename: 'PayoutDestination', id: one })),
          ),
          { minLength: 1, maxLength: 5 },
        ),
        choice: choices,
      }),
    );
    let calls = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(root, { minLength: 1, maxLength: 3 }), async roots => {
        const printer = new SelectionPrinter();
        const variables: Record<string, unknown> = {};
        const fields = roots.map((one, index) => {
          const alias = `r${String(index)}`;
          if (one.field === 'payouts') {
            variables[alias] = one.first;
            return `${alias}: payouts(first: $${alias}) { nodes { ${printer.selection('Payout', one.choice)} } }`;
          }
          if (one.field === '_entities') {
            variables[alias] = one.of;
            return `${alias}: _entities(representations: $${alias}) { __typename
                ... on Payout { ${printer.selection('Payout', one.choice)} }
                ... on PayoutIntent { i: id payout { ${printer.selection('Payout', one.choice)} } }
                ... on PayoutDestination { d: id } }`;
          }
          variables[alias] = one.id;
          const type = one.field === 'payoutIntent' ? 'PayoutIntent' : 'Payout';
          const argument = one.field === 'payoutByPayment' ? 'paymentId' : 'id';
          return `${alias}: ${one.field}(${argument}: $${alias}) { ${printer.selection(type, one.choice)} }`;
        });
        const declared = roots.map(
          ({ field }, index) =>
            `$r${String(index)}: ${field === 'payouts' ? 'Int!' : field === '_entities' ? '[_Any!]!' : 'ID!'}`,
        );
        const query = `query (${declared.join(' ')}) { ${fields.join(' ')} } ${printer.fragments.join(' ')}`;
        const document = parse(query);
        fc.pre(limitErrors(document, false).length === 0 && validate(schema, document).length === 0);
        calls += await expectAtMostEstimate(gateway, query, variables);
      }),
      { numRuns: 150 },
    );
    // The property must not hold only because no calls were made.
    expect(calls).toBeGreaterThan(500);
  });

  it('for a creation with all fields of its payout', async () => {
    const gateway = await gatewayWithPayouts('payment_intent_id');
    const query = create(
      `... on PayoutCreated { payout { ${listFields} ${detailFields} ${historyFields} } intent { payout { status } } }`,
    );
    const calls = await expectAtMostEstimate(gateway, query, { input: payoutInput('key-1') });
    expect(calls).toBe(4);
  });
});

describe('an operation with an estimate', () => {
  const list = 'query ($n: Int!) { payouts(first: $n) { nodes { statusDetails history { type } } } }';
  const startGateway = (maxCalls: number): Promise<TestGateway> =>
    startTestGateway({ sandbox: { payouts: 20 }, env: { MAX_UPSTREAM_CALLS: String(maxCalls) } });

  it('at the limit runs', async () => {
    const gateway = await startGateway(21);
    const { status, errors } = await gateway.run(list, { n: 10 });
    expect({ status, errors }).toEqual({ status: 200, errors: undefined });
    expect(gateway.received()).toMatchObject({ listPayouts: 1 });
  });

  it('above the limit is refused with its cost and the limit, and nothing is sent', async () => {
    const gateway = await startGateway(20);
    const { status, data, errors } = await gateway.run(list, { n: 10 });
    expect(status).toBe(400);
    expect(data).toBeUndefined();
    expect(errors).toEqual([
      {
        message: expect.stringContaining('could cost 21 Lean calls; accepted: at most 20.') as string,
        extensions: { code: 'OPERATION_TOO_EXPENSIVE', cost: 21, maxCost: 20 },
      },
    ]);
    expect(gateway.received()).toEqual({});
  });

  it('above the limit because of its variables is refused, and runs with other variables', async () => {
    const gateway = await startGateway(20);
    expect(await gateway.run(list, { n: 10 })).toMatchObject({ status: 400 });
    expect(await gateway.run(list, { n: 9 })).toMatchObject({ status: 200 });
    expect(await gateway.run(list, { n: 10 })).toMatchObject({ status: 400 });
  });

  it('above the limit is refused before a payout is created', async () => {
    const gateway = await startGateway(2);
    const query = create('... on PayoutCreated { payout { status } }');
    const { status, errors } = await gateway.run(query, { input: payoutInput('key-1') });
    expect(status).toBe(400);
    expect(errors).toMatchObject([{ extensions: { code: 'OPERATION_TOO_EXPENSIVE', cost: 3, maxCost: 2 } }]);
    expect(gateway.received()).toEqual({});
    expect(gateway.lean.payouts.all()).toHaveLength(20);
  });

  it('of 250 runs with the default limit, and one of 251 does not', async () => {
    const gateway = await startTestGateway({ sandbox: { payouts: 1 } });
    const query = 'query ($of: [_Any!]!) { _entities(representations: $of) { ... on Payout { id } } }';
    const of = repeat(251, id => ({ __typename: 'Payout', id: payoutIdOf(id) }));
    expect(await gateway.run(query, { of })).toMatchObject({ status: 400 });
    expect(gateway.received()).toEqual({});
    expect(await gateway.run(query, { of: of.slice(1) })).toMatchObject({ status: 200 });
    expect(gateway.received()).toEqual({ getPayoutIntent: 250 });
  });
});
