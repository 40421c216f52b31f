import fc from 'fast-check';
import { parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { limitErrors } from '../../../../src/adapters/graphql/documents/operation-limits.ts';
import { payoutIdOf } from '../../../../src/payouts/values/ids.ts';
import { schema } from '../../../../src/schema/index.ts';
import {
  accounts,
  destinations,
  exampleIntentId,
  examplePayoutId,
  waitingIntentId,
} from '../../../../src/sandbox/fixtures.ts';
import type { FaultRule } from '../../../../src/sandbox/sandbox.ts';
import { payoutInput } from '../../../support/payout-input.ts';
import { startTestGateway, type TestGateway } from '../../../support/test-gateway.ts';
import { fieldSelections, QueryWriter } from '../../../support/random-queries.ts';

interface ComparedResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: {
    readonly data?: unknown;
    readonly errors?: readonly { readonly path?: readonly (string | number)[]; readonly message: string }[];
  };
}

/** Headers that differ between two equal responses. */
const varyingHeaders = new Set(['date', 'x-request-id', 'content-length']);

/** A cursor of a list, which contains the time of the read. */
const cursor = /"WzEs[\w-]+"/g;

/** Ids of Lean's responses. */
const leanIds = /"(?:correlationId|traceId)":"[^"]*",?/g;

async function post(
  url: string,
  body: object,
  headers: Record<string, string> = {},
): Promise<ComparedResponse> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  const parsed = JSON.parse(
    (await response.text()).replace(leanIds, '').replace(cursor, '"cursor"'),
  ) as ComparedResponse['body'];
  const errors = parsed.errors?.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  return {
    status: response.status,
    headers: Object.fromEntries([...response.headers].filter(([name]) => !varyingHeaders.has(name))),
    // The order in which fields fail is not defined.
    body: { ...parsed, ...(errors !== undefined && { errors }) },
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

const variableValues = fc.record({
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

describe('the fast path', () => {
  /**
   * Two gateways with the same Lean: one on which every operation takes the fast path, and one on which none does.
   */
  async function startBoth(): Promise<{ readonly fast: TestGateway; readonly yoga: TestGateway }> {
    const fast = await startTestGateway({ sandbox: { payouts: 12 }, hotAfter: 0 });
    const env = { LEAN_BASE_URL: fast.lean.url };
    return { fast, yoga: await startTestGateway({ env, hotAfter: Infinity }) };
  }

  it('gives the same response as Yoga for any query, any variables and any failure of Lean', async () => {
    const { fast, yoga } = await startBoth();
    const { lean } = fast;
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(root, fieldSelections), { minLength: 1, maxLength: 3 }),
        variableValues,
        fc.constantFrom(...faults),
        fc.constantFrom('application/json', 'application/graphql-response+json'),
        async (roots, values, fault, accept) => {
          const query = new QueryWriter().query(
            variables,
            roots.map(([each, selections]) => ({ ...each, selections })),
          );
          const document = parse(query);
          fc.pre(limitErrors(document, false).length === 0);
          const errors = validate(schema, document).filter(({ message }) => !/is never used/.test(message));
          expect(errors).toEqual([]);
          if (fault !== undefined) lean.faults.add(fault);
          const request = { query: withUsedVariablesOnly(query), variables: values };
          const fromFastPath = await post(fast.url, request, { accept });
          const fromYoga = await post(yoga.url, request, { accept });
          lean.faults.clear();
          expect(comparable(fromFastPath)).toEqual(comparable(fromYoga));
          compared += 1;
        },
      ),
      { numRuns: 150 },
    );
    expect(compared).toBeGreaterThan(50);
  });

  it('pays in the same way as Yoga, wherever in the input a variable is used', async () => {
    const { fast, yoga } = await startBoth();
    const { lean } = fast;
    const wholeInput = 'input: $input';
    const variablesInInput = `input: {
      idempotencyKey: $key, accountId: "${accounts.operating}", destinationId: $to,
      amount: { amount: $amount, currency: "AED" }, description: "INV 001", authorize: $authorize
    }`;
    const literals = `input: {
      idempotencyKey: $key, accountId: "${accounts.operating}", destinationId: "${destinations.pays}",
      amount: { amount: "16.50", currency: "AED" }, description: "INV 001"
    }`;
    const declared = '$key: String!, $to: ID!, $amount: Decimal!, $authorize: Boolean = false';
    const partValues = (key: string) => ({ key, to: destinations.pays, amount: '16.50' });
    const cases: readonly [string, string, (key: string) => object][] = [
      ['$input: CreatePayoutInput!', wholeInput, key => ({ input: payoutInput(key) })],
      [
        '$input: CreatePayoutInput!',
        wholeInput,
        key => ({ input: payoutInput(key, { authorize: undefined }) }),
      ],
      ['$input: CreatePayoutInput!', wholeInput, key => ({ input: payoutInput(key, { amount: null }) })],
      [declared, variablesInInput, partValues],
      [declared, variablesInInput, key => ({ ...partValues(key), authorize: true })],
      [declared, variablesInInput, key => ({ ...partValues(key), authorize: null })],
      [declared, variablesInInput, key => ({ ...partValues(key), to: destinations.refused })],
      [declared, variablesInInput, key => ({ ...partValues(key), amount: 'a lot' })],
      ['$key: String!', literals, key => ({ key })],
    ];
    const pay = async (url: string, key: string, [variables, input, values]: (typeof cases)[number]) => {
      const query = `mutation Pay(${variables}) { createPayout(${input}) {
        __typename ... on PayoutCreated { status amount { amount currency } recipient { legalName } }
        ... on PayoutRejected { code inputErrors { field code message } leanCode transferIndex payout { status } }
      } }`;
      const seen = lean.requests.length;
      const response = await post(url, { query, variables: values(key) });
      const received = lean.requests.slice(seen).map(({ operation, body }) => [operation, body]);
      return JSON.parse(JSON.stringify({ response, received }).replaceAll(key, 'key')) as unknown;
    };
    for (const [index, each] of cases.entries())
      expect(await pay(fast.url, `fast-${String(index)}`, each), each[1]).toEqual(
        await pay(yoga.url, `yoga-${String(index)}`, each),
      );
  });
});

/**
 * The parts of a response that must be equal. When an error makes a parent field null, errors of the parent's other
 * fields may be left out. The specification allows both, and it depends on which field fails first.
 * @see https://spec.graphql.org/October2021/#sec-Handling-Field-Errors
 */
function comparable({ status, headers, body }: ComparedResponse): object {
  const { data, errors } = body;
  const comparedErrors = errors?.filter(({ path }) => path === undefined || isNullAt(data, path));
  // The order of the members must be equal as well, because clients may compare responses as text.
  return { status, headers, members: Object.keys(body), data, errors: comparedErrors };
}

/** Whether the field of an error is null, and not one of its parents. */
function isNullAt(data: unknown, path: readonly (string | number)[]): boolean {
  let value = data;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return false;
    value = (value as Readonly<Record<string | number, unknown>>)[key];
  }
  return value === null;
}

/** Removes the declarations of variables that the query does not use. */
function withUsedVariablesOnly(query: string): string {
  return query.replace(/\(([^)]*)\)/, (_, declared: string) => {
    const body = query.slice(query.indexOf('{'));
    const used = declared.split(', ').filter(each => body.includes(each.split(':')[0] ?? ''));
    return used.length === 0 ? '' : `(${used.join(', ')})`;
  });
}
