import fc from 'fast-check';
import { getOperationAST, parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { payoutIdOf } from '../../src/payouts/values/ids.ts';
import { destinations, exampleIntentId, examplePayoutId } from '../../src/sandbox/named.ts';
import { problemsOf } from '../../src/adapters/graphql/operation-limits.ts';
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
  return new LeanCost({ schema, document, operation }).of(variables);
}

type Example = readonly [what: string, cost: number, document: string, variables?: Record<string, unknown>];

/** Each example is a test: the document costs what it is said to cost. */
function costs(examples: readonly Example[]): void {
  for (const [what, cost, document, variables] of examples)
    it(what, () => {
      expect(costOf(document, variables)).toBe(cost);
    });
}

const entities = (selection: string): string =>
  `query ($of: [_Any!]!) { _entities(representations: $of) { ${selection} } }`;

const uuid = (index: number): string => `b0000000-0000-4000-8000-${String(index).padStart(12, '0')}`;
const numbered = (count: number, of: (id: string) => object): object[] =>
  Array.from({ length: count }, (_, index) => of(uuid(index)));

const create = (selection: string): string =>
  `mutation ($input: CreatePayoutInput!) { createPayout(input: $input) { ${selection} } }`;
const createMany = (selection: string): string =>
  `mutation ($input: CreatePayoutsInput!) { createPayouts(input: $input) { ${selection} } }`;
const transfers = (count: number): Record<string, unknown> => ({
  input: { idempotencyKey: 'k', transfers: Array.from({ length: count }, () => ({})) },
});

describe('an operation may cost Lean', () => {
  costs([
    ['nothing, for what no payout is asked for', 0, '{ __typename _service { sdl } }'],

    [
      'nothing for what became of a key',
      0,
      `{ payoutRequest(idempotencyKey: "k") { results { ... on PayoutCreated { payoutId status } } } }`,
    ],
    [
      'as much for the payouts of a key as for one: how many there are is not known',
      1,
      `{ payoutRequest(idempotencyKey: "k") { results { ... on PayoutCreated { payout { id } } ... on PayoutRejected { payout { id } } } } }`,
    ],

    ['1 for a payout', 1, `{ ${payout} { id } }`],
    ['1 for all of a payout that its intent carries', 1, `{ ${payout} { ${intentFields} ${detailFields} } }`],
    [
      'no more for its intent, by which it is read',
      1,
      `{ ${payout} { id intent { id destination { legalName } } } }`,
    ],
    ['1 more for what only lists carry, however much of it', 2, `{ ${payout} { ${rowFields} } }`],
    [
      '1 more for its status, which only the list tells before there is a payment',
      2,
      `{ ${payout} { status outcome } }`,
    ],
    ['1 more for its history', 2, `{ ${payout} { ${historyFields} } }`],
    ['3 for all of it', 3, `{ ${payout} { ${listFields} ${detailFields} ${historyFields} intent { id } } }`],
    [
      'the same by Lean’s id of its intent',
      3,
      `{ payoutByIntent(intentId: "${exampleIntentId}") { createdAt ${historyFields} } }`,
    ],
    [
      'no more however often one goes from payout to intent and back',
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
      '1 more for what its intent calls the recipient',
      2,
      `{ ${byPayment} { recipient { displayName bankName } intent { id } } }`,
    ],
    [
      '4 for all of it by its payment',
      4,
      `{ ${byPayment} { ${listFields} ${detailFields} ${historyFields} intent { id } } }`,
    ],
    [
      'as much by a variable as by a literal',
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
      '3 for an intent and all of its payout',
      3,
      `{ ${intent} { payout { ${listFields} ${detailFields} ${historyFields} intent { payout { submittedAt } } } } }`,
    ],

    [
      '1 for fifty payouts with all that the list carries',
      1,
      `{ payouts(first: 50) { totalCount nodes { ${listFields} } pageInfo { endCursor } } }`,
    ],
    ['1 for a list of which only the count is asked', 1, '{ payouts { totalCount } }'],
    ['1 more per row for what the list lacks', 51, `{ payouts(first: 50) { nodes { ${detailFields} } } }`],
    [
      '1 more per row for an account number alone, or a name by law',
      11,
      '{ payouts(first: 10) { nodes { recipient { accountNumber legalName } } } }',
    ],
    [
      'no more for the same twice',
      11,
      '{ payouts(first: 10) { nodes { statusDetails } edges { node { submittedAt sender { legalName } } } } }',
    ],
    [
      '101 for fifty payouts with intent and history',
      101,
      `{ payouts(first: 50) { nodes { id intent { externalReference } ${historyFields} } } }`,
    ],
    [
      'no more with details as well, which the intents carry',
      101,
      `{ payouts { nodes { statusDetails intent { id } } edges { node { history { type } } } } }`,
    ],
  ]);
});

describe('a list costs a read for each row of what it lacks:', () => {
  costs([
    ['the rows of first', 8, 'query { payouts(first: 7) { nodes { statusDetails } } }'],
    ['the rows of last', 8, '{ payouts(last: 7) { nodes { statusDetails } } }'],
    ['50 rows where none are named', 51, '{ payouts { nodes { statusDetails } } }'],
    ['50 rows where none are named by null', 51, '{ payouts(first: null) { nodes { statusDetails } } }'],
    ['never more than 100 rows', 101, '{ payouts(first: 1000000) { nodes { statusDetails } } }'],
    ['never less than none', 1, '{ payouts(first: -5) { nodes { statusDetails } } }'],
    [
      'the rows of a variable',
      4,
      'query ($n: Int) { payouts(first: $n) { nodes { statusDetails } } }',
      { n: 3 },
    ],
    [
      '50 rows for a variable that is not given',
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
      '100 rows for a variable that is no number',
      101,
      'query ($n: Int) { payouts(first: $n) { nodes { statusDetails } } }',
      { n: '5' },
    ],
    [
      'the rows of last where first is null',
      4,
      'query ($n: Int) { payouts(first: $n, last: 3) { nodes { statusDetails } } }',
      { n: null },
    ],
  ]);
});

describe('what an operation may cost', () => {
  costs([
    [
      'is added up over root fields',
      5,
      `{ a: ${byPayment} { id } b: ${byPayment} { intent { id } } payouts { totalCount } ${intent} { id } }`,
    ],
    ['leaves out what @skip leaves out', 1, `{ ${byPayment} { id intent @skip(if: true) { id } } }`],
    ['leaves out what @include leaves out', 1, `{ ${byPayment} { id intent @include(if: false) { id } } }`],
    [
      'keeps what @skip and @include keep',
      3,
      `{ ${byPayment} { intent @skip(if: false) { id } history @include(if: true) { type } } }`,
    ],
    [
      'leaves out what either leaves out',
      1,
      `{ ${byPayment} { intent @include(if: true) @skip(if: true) { id } id } }`,
    ],
    [
      'leaves out whole root fields',
      1,
      `{ ${byPayment} { id } payouts @skip(if: true) { nodes { statusDetails } } }`,
    ],
    [
      'follows a variable',
      1,
      `query ($s: Boolean!) { ${byPayment} { id intent @skip(if: $s) { id } } }`,
      { s: true },
    ],
    [
      'follows a variable the other way',
      2,
      `query ($s: Boolean!) { ${byPayment} { id intent @skip(if: $s) { id } } }`,
      { s: false },
    ],
    [
      'follows the default of a variable',
      1,
      `query ($i: Boolean! = false) { ${byPayment} { id intent @include(if: $i) { id } } }`,
    ],
    [
      'follows a variable rather than its default',
      2,
      `query ($i: Boolean! = false) { ${byPayment} { id intent @include(if: $i) { id } } }`,
      { i: true },
    ],
    [
      'follows directives on spreads',
      1,
      `{ ${byPayment} { id ...F @skip(if: true) } } fragment F on Payout { intent { id } }`,
    ],
    [
      'follows directives on inline fragments',
      1,
      `{ ${byPayment} { id ... @include(if: false) { intent { id } } } }`,
    ],
    [
      'goes through fragments',
      3,
      `{ ${byPayment} { ...F } } fragment F on Payout { ...G history { type } } fragment G on Payout { intent { id } }`,
    ],
    [
      'goes through fragments at the root',
      3,
      `{ ...F } fragment F on Query { ${byPayment} { id } ... on Query { ...G } } fragment G on Query { b: ${byPayment} { intent { id } } }`,
    ],
    [
      'counts a fragment at each place',
      4,
      `{ ${byPayment} { ...F } a: ${byPayment} { ... { ...F } } } fragment F on Payout { intent { id } }`,
    ],
    [
      'goes by fields, not by their aliases',
      3,
      `{ id: ${byPayment} { id: history { id: type } payouts: intent { id } } }`,
    ],
  ]);
});

describe('a router’s representations cost', () => {
  const payouts = numbered(4, id => ({ __typename: 'Payout', id: payoutIdOf(id) }));
  const byIntent = numbered(4, intentId => ({ __typename: 'Payout', intentId }));
  const byPayments = numbered(4, paymentId => ({ __typename: 'Payout', paymentId }));
  const intents = numbered(4, id => ({ __typename: 'PayoutIntent', id }));
  const accounts = numbered(4, id => ({ __typename: 'PayoutDestination', id }));
  const fields = `... on Payout { ${detailFields} ${historyFields} intent { id } }
    ... on PayoutIntent { id payout { status } } ... on PayoutDestination { legalName iban }`;

  costs([
    ['nothing, where there are none', 0, entities('__typename'), { of: [] }],
    [
      '1 for each payout',
      4,
      entities('... on Payout { id amount { amount } statusDetails }'),
      { of: payouts },
    ],
    ['2 for each payout with intent and history', 8, entities(fields), { of: payouts }],
    ['2 for each payout by its intent, with all of it', 8, entities(fields), { of: byIntent }],
    ['3 for each payout by its payment, with all of it', 12, entities(fields), { of: byPayments }],
    ['2 for each intent with the status of its payout', 8, entities(fields), { of: intents }],
    ['1 for each destination', 4, entities(fields), { of: accounts }],
    [
      'all of them together',
      28,
      entities(fields),
      { of: [...payouts, ...byIntent, ...intents, ...accounts] },
    ],
    [
      'nothing more for what is the same',
      28,
      entities(fields),
      // Copies, as they come out of JSON.
      { of: [payouts, byIntent, intents, accounts].flatMap(some => [...some, ...structuredClone(some)]) },
    ],
    ['as much where only one is given, for a list', 2, entities(fields), { of: payouts[0] }],
    [
      'as much by literals',
      1,
      `{ _entities(representations: [{ __typename: "Payout", id: "${uuid(0)}" }]) { ... on Payout { intent { id } } } }`,
    ],
    [
      'as much by literals with variables in them',
      2,
      `query ($id: ID!) { _entities(representations: [{ __typename: "Payout", id: $id }]) { ${fields} } }`,
      { id: uuid(0) },
    ],
    [
      'by fragments on what they have in common',
      2,
      entities('... on _Entity { ... on Payout { history { type } intent { id } } }'),
      { of: [payouts[0]] },
    ],
    [
      '1 for each of those that name no entity',
      6,
      entities(fields),
      { of: [42, null, 'x', {}, { __typename: 'Money' }, { __typename: { toString: 1 } }] },
    ],
    [
      '1 or more for each of those whose id is none',
      6,
      entities(fields),
      { of: [{}, [[1]], 5].map(id => ({ __typename: 'Payout', id })) },
    ],
  ]);
});

describe('making payouts costs', () => {
  const created = (selection: string): string => `... on PayoutCreated { ${selection} }`;
  const batch = (selection: string): string => `... on PayoutsCreated { created { ${selection} } }`;
  const readBack = `payout { id amount { amount } } intent { externalReference destination { id } }`;
  const answer =
    'status leanStatus amount { amount } sender { accountNumber } recipient { accountNumber iban }';

  costs([
    ['1', 1, create('__typename'), { input: {} }],
    [
      '1 with all of the answer',
      1,
      create(`${created(answer)} ... on PayoutRejected { code }`),
      { input: {} },
    ],
    [
      '1 more with the payout, the intent or both of them read back',
      2,
      create(created(readBack)),
      { input: {} },
    ],
    [
      'no more for its parties, which are in the answer',
      2,
      create(created(`${answer} payout { id }`)),
      { input: {} },
    ],
    ['2 more with the status of the payout', 3, create(created('payout { status }')), { input: {} }],
    [
      '1 more for a name that is not in the answer',
      2,
      create(created('recipient { legalName }')),
      { input: {} },
    ],
    [
      '2 more with all of the payout and its history',
      3,
      create(created(`payout { ${detailFields} ${historyFields} }`)),
      { input: {} },
    ],
    ['1 for several', 1, createMany(batch(answer)), transfers(100)],
    ['1 more for each of several that is read back', 6, createMany(batch(readBack)), transfers(5)],
    ['2 more for each with its status', 11, createMany(batch('payout { status }')), transfers(5)],
    ['as much where one is given, for a list', 2, createMany(batch(readBack)), { input: { transfers: {} } }],
  ]);
});

/** What a payout or an intent has to select, and where that leads on to. */
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
    leads: 'intent',
    to: 'PayoutIntent',
  },
  PayoutIntent: {
    fields: [
      'id',
      'customerId',
      'externalReference',
      'amount { currency }',
      'destination { id iban status }',
    ],
    leads: 'payout',
    to: 'Payout',
  },
} as const;

/** How a selection is written: its own fields, what is selected further on, and in what it is wrapped. */
interface Choice {
  readonly fields: readonly number[];
  readonly onwards: readonly Choice[];
  readonly as: 'it is' | 'an inline fragment' | 'a fragment' | 'an alias';
}

const choices = fc.letrec<{ choice: Choice }>(tie => ({
  choice: fc.record({
    fields: fc.array(fc.nat(100), { minLength: 1, maxLength: 4 }),
    onwards: fc.oneof(
      { maxDepth: 3 },
      fc.constant<readonly Choice[]>([]),
      fc.array(tie('choice'), { minLength: 1, maxLength: 2 }),
    ),
    as: fc.constantFrom('it is', 'it is', 'an inline fragment', 'a fragment', 'an alias'),
  }),
})).choice;

/** Writes selections, each fragment and alias by a name of its own. */
class Writer {
  readonly fragments: string[] = [];
  #names = 0;

  selection(type: keyof typeof types, { fields: picked, onwards, as }: Choice): string {
    const { fields, leads, to } = types[type];
    const own = new Set(picked.map(index => fields[index % fields.length]));
    const below = onwards.map(choice => {
      const alias = choice.as === 'an alias' ? `${this.#name()}: ` : '';
      return `${alias}${leads} { ${this.selection(to, choice)} }`;
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

describe('the Lean calls of an operation are never more than it may cost', () => {
  async function gatewayWithPayouts(historyKey: string): Promise<TestGateway> {
    const env = { LEAN_HISTORY_KEY: historyKey, MAX_UPSTREAM_CALLS: '1000000' };
    return startTestGateway({ sandbox: { payouts: 40 }, env });
  }

  async function expectNoMoreThanItMayCost(
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

  it.each(['payment_id', 'payment_intent_id'])(
    'whatever is asked, with histories by %s',
    async historyKey => {
      const gateway = await gatewayWithPayouts(historyKey);
      const all = gateway.lean.payouts.all();
      const ids = all.map(({ intentId }) => payoutIdOf(intentId));
      const intentIds = all.map(({ intentId }) => intentId);
      const paymentIds = all.flatMap(({ paymentId }) => paymentId ?? []);
      // Those that a plain draw would seldom hit: without a payment yet.
      const waitingIds = all
        .filter(({ paymentId }) => paymentId === null)
        .map(one => payoutIdOf(one.intentId));
      expect(waitingIds.length).toBeGreaterThan(0);
      const id = fc.oneof(...[ids, waitingIds].map(some => fc.constantFrom(...some)));
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
          const writer = new Writer();
          const variables: Record<string, unknown> = {};
          const fields = roots.map((one, index) => {
            const alias = `r${String(index)}`;
            if (one.field === 'payouts') {
              variables[alias] = one.first;
              return `${alias}: payouts(first: $${alias}) { nodes { ${writer.selection('Payout', one.choice)} } }`;
            }
            if (one.field === '_entities') {
              variables[alias] = one.of;
              return `${alias}: _entities(representations: $${alias}) { __typename
                ... on Payout { ${writer.selection('Payout', one.choice)} }
                ... on PayoutIntent { i: id payout { ${writer.selection('Payout', one.choice)} } }
                ... on PayoutDestination { d: id } }`;
            }
            variables[alias] = one.id;
            const type = one.field === 'payoutIntent' ? 'PayoutIntent' : 'Payout';
            const argument = one.field === 'payoutByPayment' ? 'paymentId' : 'id';
            return `${alias}: ${one.field}(${argument}: $${alias}) { ${writer.selection(type, one.choice)} }`;
          });
          const declared = roots.map(
            ({ field }, index) =>
              `$r${String(index)}: ${field === 'payouts' ? 'Int!' : field === '_entities' ? '[_Any!]!' : 'ID!'}`,
          );
          const query = `query (${declared.join(' ')}) { ${fields.join(' ')} } ${writer.fragments.join(' ')}`;
          const document = parse(query);
          fc.pre(problemsOf(document, false).length === 0 && validate(schema, document).length === 0);
          calls += await expectNoMoreThanItMayCost(gateway, query, variables);
        }),
        { numRuns: 150 },
      );
      // Not because nothing was called.
      expect(calls).toBeGreaterThan(500);
    },
  );

  it('creating and reading back all of it', async () => {
    const gateway = await gatewayWithPayouts('payment_intent_id');
    const query = create(
      `... on PayoutCreated { payout { ${listFields} ${detailFields} ${historyFields} } intent { payout { status } } }`,
    );
    const calls = await expectNoMoreThanItMayCost(gateway, query, { input: payoutInput('key-1') });
    expect(calls).toBe(4);
  });
});

describe('an operation that may cost', () => {
  const list = 'query ($n: Int!) { payouts(first: $n) { nodes { statusDetails history { type } } } }';
  const startGateway = (most: number): Promise<TestGateway> =>
    startTestGateway({ sandbox: { payouts: 20 }, env: { MAX_UPSTREAM_CALLS: String(most) } });

  it('as much as is accepted runs', async () => {
    const gateway = await startGateway(21);
    const { status, errors } = await gateway.run(list, { n: 10 });
    expect({ status, errors }).toEqual({ status: 200, errors: undefined });
    expect(gateway.received()).toMatchObject({ listPayouts: 1 });
  });

  it('more is refused with its cost and what is accepted, and nothing is sent', async () => {
    const gateway = await startGateway(20);
    const { status, data, errors } = await gateway.run(list, { n: 10 });
    expect(status).toBe(400);
    expect(data).toBeUndefined();
    expect(errors).toEqual([
      {
        message: expect.stringContaining('could cost 21 Lean calls; accepted are 20.') as string,
        extensions: { code: 'OPERATION_TOO_EXPENSIVE', cost: 21, maxCost: 20 },
      },
    ]);
    expect(gateway.received()).toEqual({});
  });

  it('more is refused by its variables: the same document runs with others', async () => {
    const gateway = await startGateway(20);
    expect(await gateway.run(list, { n: 10 })).toMatchObject({ status: 400 });
    expect(await gateway.run(list, { n: 9 })).toMatchObject({ status: 200 });
    expect(await gateway.run(list, { n: 10 })).toMatchObject({ status: 400 });
  });

  it('more is refused before a payout is made', async () => {
    const gateway = await startGateway(2);
    const query = create('... on PayoutCreated { payout { status } }');
    const { status, errors } = await gateway.run(query, { input: payoutInput('key-1') });
    expect(status).toBe(400);
    expect(errors).toMatchObject([{ extensions: { code: 'OPERATION_TOO_EXPENSIVE', cost: 3, maxCost: 2 } }]);
    expect(gateway.received()).toEqual({});
    expect(gateway.lean.payouts.all()).toHaveLength(20);
  });

  it('250 runs where nothing else is said, and 251 does not', async () => {
    const gateway = await startTestGateway({ sandbox: { payouts: 1 } });
    const query = 'query ($of: [_Any!]!) { _entities(representations: $of) { ... on Payout { id } } }';
    const of = numbered(251, id => ({ __typename: 'Payout', id: payoutIdOf(id) }));
    expect(await gateway.run(query, { of })).toMatchObject({ status: 400 });
    expect(gateway.received()).toEqual({});
    expect(await gateway.run(query, { of: of.slice(1) })).toMatchObject({ status: 200 });
    expect(gateway.received()).toEqual({ getPayoutIntent: 250 });
  });
});
