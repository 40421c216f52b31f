import fc from 'fast-check';
import { parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { problemsOf } from '../../../../src/adapters/graphql/operation-limits.ts';
import { payoutIdOf } from '../../../../src/payouts/values/ids.ts';
import { schema } from '../../../../src/schema/index.ts';
import {
  accounts,
  destinations,
  exampleIntentId,
  examplePayoutId,
  waitingIntentId,
} from '../../../../src/sandbox/named.ts';
import type { FaultRule } from '../../../../src/sandbox/sandbox.ts';
import { payoutInput } from '../../../support/payout-input.ts';
import { startTestGateway, type TestGateway } from '../../../support/test-gateway.ts';
import { choices, QueryWriter } from '../../../support/written-queries.ts';

interface Told {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: {
    readonly data?: unknown;
    readonly errors?: readonly { readonly path?: readonly (string | number)[]; readonly message: string }[];
  };
}

/** Headers that say when, which request it was, or how long the answer is. */
const ofTheMoment = new Set(['date', 'x-request-id', 'content-length']);

/** Cursors hold when a list was read. */
const cursor = /"WzEs[\w-]+"/g;

/** Of an exchange with Lean. */
const idOfExchange = /"(?:correlationId|traceId)":"[^"]*",?/g;

async function tell(url: string, body: object, headers: Record<string, string> = {}): Promise<Told> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  const told = JSON.parse(
    (await response.text()).replace(idOfExchange, '').replace(cursor, '"cursor"'),
  ) as Told['body'];
  const errors = told.errors?.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  return {
    status: response.status,
    headers: Object.fromEntries([...response.headers].filter(([name]) => !ofTheMoment.has(name))),
    // Fields fail in no order of their own.
    body: { ...told, ...(errors !== undefined && { errors }) },
  };
}

const unknownId = 'b0000000-0000-4000-8000-999999999999';
const intents = [exampleIntentId, waitingIntentId, unknownId];
const ids = [...intents.map(payoutIdOf), exampleIntentId, 'no id'];
const variables = '$id: ID!, $first: Int, $min: Decimal = "0.01", $of: [_Any!]!, $yes: Boolean!';

const root = fc.oneof(
  fc.constant({ field: 'payout(id: $id)', type: 'Payout' }),
  fc.constantFrom(...ids).map(id => ({ field: `payout(id: "${id}")`, type: 'Payout' })),
  fc.constantFrom(...intents).map(id => ({ field: `payoutByIntent(intentId: "${id}")`, type: 'Payout' })),
  fc
    .constantFrom(examplePayoutId, unknownId, 'no id')
    .map(id => ({ field: `payoutByPayment(paymentId: "${id}")`, type: 'Payout' })),
  fc.constantFrom(destinations.pays, unknownId).map(id => ({
    field: `payoutDestination(id: "${id}")`,
    type: 'PayoutDestination',
  })),
  fc
    .constantFrom('first: $first', 'first: 2, filter: { amount: { min: $min } }', 'last: 1', 'first: 0')
    .map(args => ({ field: `payouts(${args})`, type: 'PayoutConnection' })),
  fc.constantFrom(...intents).map(id => ({ field: `payoutIntent(id: "${id}")`, type: 'PayoutIntent' })),
  fc.constant({ field: '_entities(representations: $of)', type: '_Entity' }),
);

const given = fc.record({
  id: fc.constantFrom(...ids),
  first: fc.option(fc.integer({ min: 1, max: 5 })),
  min: fc.constantFrom('1', 2.5, undefined),
  of: fc.array(
    fc.oneof(
      fc.constantFrom(...ids).map(id => ({ __typename: 'Payout', id })),
      fc.constantFrom(...intents).map(intentId => ({ __typename: 'Payout', intentId })),
      fc.constantFrom(examplePayoutId, unknownId).map(paymentId => ({ __typename: 'Payout', paymentId })),
      fc.constantFrom(exampleIntentId, waitingIntentId).map(id => ({ __typename: 'PayoutIntent', id })),
      fc.constant({ __typename: 'PayoutMoney', amount: '1' }),
      fc.constant(null),
    ),
    { maxLength: 4 },
  ),
  yes: fc.boolean(),
});

const faults: readonly (FaultRule | undefined)[] = [
  undefined,
  { kind: 'status', status: 422, operation: 'getPayout', code: 'SOME_REFUSAL' },
  { kind: 'html', status: 200, operation: 'getPayoutIntent' },
  { kind: 'status', status: 403, operation: 'getPayoutPaymentHistory' },
  { kind: 'broken_json', operation: 'listPayouts' },
];

describe('an operation that is known', () => {
  async function twoRoads(): Promise<{ readonly known: TestGateway; readonly yoga: TestGateway }> {
    const known = await startTestGateway({ sandbox: { payouts: 12 }, hotAfter: 0 });
    const env = { LEAN_BASE_URL: known.lean.url };
    return { known, yoga: await startTestGateway({ env, hotAfter: Infinity }) };
  }

  it('is answered as it would be otherwise, whatever it asks and whatever fails', async () => {
    const { known, yoga } = await twoRoads();
    const { lean } = known;
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(root, choices), { minLength: 1, maxLength: 3 }),
        given,
        fc.constantFrom(...faults),
        fc.constantFrom('application/json', 'application/graphql-response+json'),
        async (roots, values, fault, accept) => {
          const query = new QueryWriter().query(
            variables,
            roots.map(([each, below]) => ({ ...each, below })),
          );
          const document = parse(query);
          fc.pre(problemsOf(document, false).length === 0);
          const used = validate(schema, document).filter(({ message }) => !/is never used/.test(message));
          expect(used).toEqual([]);
          if (fault !== undefined) lean.faults.add(fault);
          const short = await tell(known.url, { query: declaring(query), variables: values }, { accept });
          const long = await tell(yoga.url, { query: declaring(query), variables: values }, { accept });
          lean.faults.clear();
          expect(comparable(short)).toEqual(comparable(long));
          compared += 1;
        },
      ),
      { numRuns: 150 },
    );
    expect(compared).toBeGreaterThan(50);
  });

  it('pays as it would otherwise, wherever in its input a variable stands', async () => {
    const { known, yoga } = await twoRoads();
    const { lean } = known;
    const whole = 'input: $input';
    const parts = `input: {
      idempotencyKey: $key, accountId: "${accounts.operating}", destinationId: $to,
      amount: { amount: $amount, currency: "AED" }, description: "INV 001", authorize: $authorize
    }`;
    const inPlace = `input: {
      idempotencyKey: $key, accountId: "${accounts.operating}", destinationId: "${destinations.pays}",
      amount: { amount: "16.50", currency: "AED" }, description: "INV 001"
    }`;
    const declared = '$key: String!, $to: ID!, $amount: Decimal!, $authorize: Boolean = false';
    const given = (key: string) => ({ key, to: destinations.pays, amount: '16.50' });
    const written: readonly [string, string, (key: string) => object][] = [
      ['$input: CreatePayoutInput!', whole, key => ({ input: payoutInput(key) })],
      ['$input: CreatePayoutInput!', whole, key => ({ input: payoutInput(key, { authorize: undefined }) })],
      ['$input: CreatePayoutInput!', whole, key => ({ input: payoutInput(key, { amount: null }) })],
      [declared, parts, given],
      [declared, parts, key => ({ ...given(key), authorize: true })],
      [declared, parts, key => ({ ...given(key), authorize: null })],
      [declared, parts, key => ({ ...given(key), to: destinations.refused })],
      [declared, parts, key => ({ ...given(key), amount: 'a lot' })],
      ['$key: String!', inPlace, key => ({ key })],
    ];
    const paid = async (url: string, key: string, [variables, input, values]: (typeof written)[number]) => {
      const query = `mutation Pay(${variables}) { createPayout(${input}) {
        __typename ... on PayoutCreated { status amount { amount currency } recipient { legalName } }
        ... on PayoutRejected { code inputErrors { field code message } leanCode transferIndex payout { status } }
      } }`;
      const seen = lean.requests.length;
      const told = await tell(url, { query, variables: values(key) });
      const received = lean.requests.slice(seen).map(({ operation, body }) => [operation, body]);
      return JSON.parse(JSON.stringify({ told, received }).replaceAll(key, 'key')) as unknown;
    };
    for (const [index, each] of written.entries())
      expect(await paid(known.url, `short-${String(index)}`, each), each[1]).toEqual(
        await paid(yoga.url, `long-${String(index)}`, each),
      );
  });
});

/**
 * What must be the same. Where an error takes what stands around it away, errors of others that stood there may be told
 * or not: the specification leaves it open, and it depends on which fails first.
 * @see https://spec.graphql.org/October2021/#sec-Handling-Field-Errors
 */
function comparable({ status, headers, body }: Told): object {
  const { data, errors } = body;
  const told = errors?.filter(({ path }) => path === undefined || isNullAt(data, path));
  // In the same order, too: answers may be compared as texts.
  return { status, headers, members: Object.keys(body), data, errors: told };
}

/** Whether it is the very place of an error that is null, and nothing around it. */
function isNullAt(data: unknown, path: readonly (string | number)[]): boolean {
  let value = data;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return false;
    value = (value as Readonly<Record<string | number, unknown>>)[key];
  }
  return value === null;
}

/** With no variable declared that is not used. */
function declaring(query: string): string {
  return query.replace(/\(([^)]*)\)/, (_, declared: string) => {
    const body = query.slice(query.indexOf('{'));
    const used = declared.split(', ').filter(each => body.includes(each.split(':')[0] ?? ''));
    return used.length === 0 ? '' : `(${used.join(', ')})`;
  });
}
