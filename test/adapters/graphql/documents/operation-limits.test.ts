import { getIntrospectionQuery } from 'graphql';
import { describe, expect, it } from 'vitest';
import { examplePayoutId } from '../../../../src/sandbox/fixtures.ts';
import { startTestGateway, type OperationResult, type TestGateway } from '../../../support/test-gateway.ts';

const payout = `payoutByPayment(paymentId: "${examplePayoutId}")`;

function startGateway(introspection: 'on' | 'off' = 'off'): Promise<TestGateway> {
  return startTestGateway({ env: { INTROSPECTION: introspection } });
}

/** Joins `count` generated texts. */
function many(count: number, generate: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => generate(index)).join(' ');
}

const aliases = (count: number, prefix = 'a'): string =>
  many(count, index => `${prefix}${String(index)}: __typename`);

/** Nested fields of a payout, with the innermost field at the given depth. */
function payoutFields(depth: number): string {
  const parents = depth - 1;
  const openings = many(parents, index => `${index % 2 === 0 ? 'intent' : 'payout'} {`);
  return `${openings} id ${'} '.repeat(parents)}`;
}

/** A valid document with the given number of tokens. */
function documentOfTokens(count: number): string {
  const fields = [
    'id',
    'paymentId',
    'intentId',
    'description',
    'status',
    'outcome',
    'createdAt',
    'updatedAt',
  ];
  const fragments = Math.floor((count - 10) / 9);
  const spreads = many(fragments, index => `...F${String(index)}`);
  const definitions = many(fragments, index => `fragment F${String(index)} on Payout { id }`);
  return `{ ${payout} { ${spreads} ${fields.slice(0, (count - 10) % 9).join(' ')} } } ${definitions}`;
}

/** Runs a document. If it has several operations, the first one runs. */
function run(gateway: TestGateway, query: string): Promise<OperationResult> {
  const [, operationName] = /^query (\w+)/.exec(query) ?? [];
  return gateway.run('', {}, { body: JSON.stringify({ query, operationName }) });
}

function errorsOf({ errors }: OperationResult): unknown[] {
  return (errors ?? []).map(({ message, extensions }) => [message, extensions]);
}

async function expectRefused(gateway: TestGateway, query: string, ...messages: string[]): Promise<void> {
  const result = await run(gateway, query);
  expect(errorsOf(result)).toEqual(messages.map(message => [message, { code: 'OPERATION_TOO_EXPENSIVE' }]));
  expect(result.status).toBe(400);
  expect(result).not.toHaveProperty('data');
  expect(gateway.received()).toEqual({});
}

async function expectAccepted(gateway: TestGateway, query: string): Promise<void> {
  const result = await run(gateway, query);
  expect(errorsOf(result)).toEqual([]);
  expect(result.status).toBe(200);
}

describe('a document at a limit is executed, and one beyond it is refused without a Lean call', () => {
  it.each<[limitName: string, limit: number, where: string, document: (count: number) => string]>([
    ['Query depth', 10, 'nested fields', count => `{ ${payout} { ${payoutFields(count - 1)} } }`],
    [
      'Query depth',
      10,
      'inline fragments, which do not count',
      count =>
        `{ ... { ... on Query { ${payout} { ... { ... on Payout { ${payoutFields(count - 1)} } } } } } }`,
    ],
    [
      'Query depth',
      10,
      'a fragment that is spread at several depths',
      count =>
        `{ ${payout} { ...F intent { payout { ...F intent { payout { ...F } } } } } }
         fragment F on Payout { ...G } fragment G on Payout { ${payoutFields(count - 5)} }`,
    ],
    ['Aliases', 15, 'in one selection set', count => `{ ${payout} { ${aliases(count)} } }`],
    [
      'Aliases',
      15,
      'at several depths',
      count => `{ a: ${payout} { a: intent { a: payout { ${aliases(count - 3)} } } } }`,
    ],
    [
      'Aliases',
      15,
      'in a fragment that is spread several times, counted each time',
      count =>
        `{ ${payout} { ...F intent { payout { ...F intent { payout { ...F ${aliases(count - 12, 'b')} } } } } } }
         fragment F on Payout { ${aliases(4)} }`,
    ],
    [
      'Repeated fields',
      15,
      'in one selection set',
      count => `{ ${payout} { __typename ${'__typename '.repeat(count)} } }`,
    ],
    [
      'Repeated fields',
      15,
      'in a fragment that is spread twice, counted twice',
      count =>
        `{ ${payout} { ...F intent { payout { ...F ${'id '.repeat(count - 13)} } } } }
         fragment F on Payout { id ${'id '.repeat(7)} }`,
    ],
    ['Root fields', 5, 'aliases', count => `{ ${aliases(count)} }`],
    ['Root fields', 5, 'the same field several times', count => `{ ${'__typename '.repeat(count)} }`],
    [
      'Root fields',
      5,
      'in fragments, counted each time they are spread',
      count =>
        `{ ...F ... on Query { ...F } ${aliases(count - 4)} } fragment F on Query { ...G b: __typename }
         fragment G on Query { c: __typename }`,
    ],
    [
      'Directives',
      5,
      'on fields',
      count => `{ ${payout} { ${many(count, index => `a${String(index)}: id @include(if: true)`)} } }`,
    ],
    [
      'Directives',
      5,
      'on spreads and inline fragments',
      count =>
        `{ ...F @skip(if: true) ... @include(if: true) { __typename } ${payout} { ${many(
          count - 2,
          () => '...G @include(if: true)',
        )} } } fragment F on Query { __typename } fragment G on Payout { id }`,
    ],
    [
      'Directives',
      5,
      'in a fragment that is spread twice, counted twice',
      count =>
        `{ ${payout} { ...F intent { payout { ...F } } ${many(
          count - 4,
          index => `a${String(index)}: id @include(if: true)`,
        )} } } fragment F on Payout { id @skip(if: false) amount @skip(if: false) { currency } }`,
    ],
  ])('%s, %i: %s', async (limitName, limit, _where, document) => {
    const gateway = await startGateway();
    await expectAccepted(gateway, document(limit));
    gateway.received();
    const found = String(limit + 1);
    await expectRefused(
      gateway,
      document(limit + 1),
      `${limitName} limit of ${String(limit)} exceeded, found ${found}.`,
    );
  });

  it('Tokens, 1000', async () => {
    const gateway = await startGateway();
    await expectAccepted(gateway, documentOfTokens(1000));
    gateway.received();
    await expectRefused(gateway, documentOfTokens(1001), 'The document has more than 1000 tokens.');
  });

  it('a document beyond a limit is refused each time it is sent', async () => {
    const gateway = await startGateway();
    for (let time = 1; time <= 3; time += 1) {
      await expectRefused(gateway, documentOfTokens(1001), 'The document has more than 1000 tokens.');
      await expectRefused(gateway, `{ ${aliases(6)} }`, 'Root fields limit of 5 exceeded, found 6.');
    }
  });

  it('the refusal has one error for each limit that is exceeded', async () => {
    const gateway = await startGateway();
    await expectRefused(
      gateway,
      `{ ${many(6, index => `a${String(index)}: __typename @include(if: true)`)} ${payout} { ${payoutFields(10)} } }`,
      'Query depth limit of 10 exceeded, found 11.',
      'Root fields limit of 5 exceeded, found 7.',
      'Directives limit of 5 exceeded, found 6.',
    );
  });
});

describe('a limit cannot be evaded', () => {
  const sixteen = aliases(16);
  const tooManyAliases = 'Aliases limit of 15 exceeded, found 16.';
  const tooDeep = 'Query depth limit of 10 exceeded, found 11.';
  const deep = `{ ${payout} { ${payoutFields(10)} } }`;

  it.each<[name: string, document: string, message: string]>([
    [
      'by a fragment with the name __schema',
      `{ ${payout} { ...__schema } } fragment __schema on Payout { ${payoutFields(10)} }`,
      tooDeep,
    ],
    [
      'by a fragment with the name IntrospectionQuery',
      `{ ${payout} { ...IntrospectionQuery } } fragment IntrospectionQuery on Payout { ${sixteen} }`,
      tooManyAliases,
    ],
    ['by an operation with the name IntrospectionQuery', `query IntrospectionQuery ${deep}`, tooDeep],
    [
      'by the aliases __schema and __type',
      `{ __schema: ${deep.slice(2)}`.replace('{ id', '{ __type: id'),
      tooDeep,
    ],
    ['by aliases of __typename', `{ ${payout} { ${sixteen} } }`, tooManyAliases],
    [
      'by __typename 500 times at the root',
      `{ ${'__typename '.repeat(500)} }`,
      'Repeated fields limit of 15 exceeded, found 499.',
    ],
    [
      'by __typename 400 times in a nested selection set',
      `{ ${payout} { ${'__typename '.repeat(400)} } }`,
      'Repeated fields limit of 15 exceeded, found 399.',
    ],
    [
      'by a list of payouts that leads back to payouts',
      `{ payouts { nodes { ${payoutFields(9)} } } }`,
      tooDeep,
    ],
    [
      'by fragments that each add some depth',
      `{ ${payout} { ...A } } fragment A on Payout { intent { payout { ...B } } }
       fragment B on Payout { intent { payout { ...C } } } fragment C on Payout { intent { payout { ...D } } }
       fragment D on Payout { intent { payout { amount { currency } } } }`,
      tooDeep,
    ],
    [
      'by a fragment with few aliases that is spread below several aliased fields',
      `{ ${many(4, index => `a${String(index)}: ${payout} { ...F }`)} } fragment F on Payout { ${aliases(3)} }`,
      tooManyAliases,
    ],
    [
      'by a deep operation next to the operation that runs',
      `query Harmless { __typename } query Deep ${deep}`,
      tooDeep,
    ],
    [
      'by a fragment that is never spread',
      `{ __typename } fragment F on Payout { ${sixteen} }`,
      tooManyAliases,
    ],
    [
      'by directives on an operation',
      `query ${'@a '.repeat(6)} { __typename }`,
      'Directives limit of 5 exceeded, found 6.',
    ],
    [
      'by directives on variables',
      `query (${many(6, index => `$v${String(index)}: Int @a`)}) { __typename }`,
      'Directives limit of 5 exceeded, found 6.',
    ],
    [
      'by directives on a fragment',
      `{ ...F } fragment F on Query ${'@a '.repeat(6)} { __typename }`,
      'Directives limit of 5 exceeded, found 6.',
    ],
    [
      'by directives on a second spread of a fragment',
      `{ ...F ...F ${'@include(if: true) '.repeat(6)} } fragment F on Query { __typename }`,
      'Directives limit of 5 exceeded, found 6.',
    ],
  ])('%s', async (_name, document, message) => {
    const gateway = await startGateway();
    const result = await run(gateway, document);
    expect(result.status).toBe(400);
    expect(errorsOf(result)).toContainEqual([message, { code: 'OPERATION_TOO_EXPENSIVE' }]);
    expect(result).not.toHaveProperty('data');
    expect(gateway.received()).toEqual({});
  });

  it('by doubling fragments, whose aliases count each time they are spread', async () => {
    const gateway = await startGateway();
    const doubling = many(
      40,
      index =>
        `fragment F${String(index)} on Payout { ${index === 39 ? 'a: id' : `...F${String(index + 1)} ...F${String(index + 1)}`} }`,
    );
    const found = String(2 ** 39);
    await expectRefused(
      gateway,
      `{ ${payout} { ...F0 } } ${doubling}`,
      `Aliases limit of 15 exceeded, found ${found}.`,
    );
    await expectAccepted(gateway, `{ ${payout} { ...F0 } } ${doubling.replace('a: id', 'id')}`);
  });
});

describe('a batch of operations', () => {
  it.each([1, 2, 20])('is refused without a Lean call: %i operations', async count => {
    const gateway = await startGateway();
    const body = JSON.stringify(Array.from({ length: count }, () => ({ query: `{ ${payout} { id } }` })));
    const result = await gateway.run('', {}, { body });
    expect(result.status).toBe(400);
    expect(errorsOf(result)).toEqual([
      ['Batching is not supported. Send one operation per request.', { code: 'OPERATION_TOO_EXPENSIVE' }],
    ]);
    expect(gateway.received()).toEqual({});
  });
});

describe('a body', () => {
  const maxBytes = 64 * 1024;
  const bodyOfBytes = (bytes: number): string =>
    JSON.stringify({ query: `{ ${payout} { id } }` }).padEnd(bytes);

  it('of 64 KiB is accepted', async () => {
    const gateway = await startGateway();
    expect(await gateway.run('', {}, { body: bodyOfBytes(maxBytes) })).toMatchObject({ status: 200 });
    expect(gateway.received()).toEqual({ getPayout: 1 });
  });

  const asStream = (text: string): ReadableStream => new Blob([text]).stream();
  it.each<[name: string, init: RequestInit]>([
    ['with a content-length', { body: bodyOfBytes(maxBytes + 1) }],
    [
      'without a content-length',
      { body: asStream(bodyOfBytes(maxBytes + 1)), duplex: 'half' } as RequestInit,
    ],
    [
      'of more bytes than characters',
      { body: JSON.stringify({ query: `{ __typename } # ${'é'.repeat(maxBytes / 2)}` }) },
    ],
  ])('of more than 64 KiB is refused with 413 and without a Lean call: %s', async (_name, init) => {
    const gateway = await startGateway();
    const result = await gateway.run('', {}, init);
    expect(result.status).toBe(413);
    expect(errorsOf(result)).toEqual([['The body is larger than 64 KiB.', { code: 'BAD_USER_INPUT' }]]);
    expect(gateway.received()).toEqual({});
  });
});

describe('a request through fetch of the Yoga server', () => {
  it('with more than 64 KiB is refused with 413, although its content-length is smaller', async () => {
    const gateway = await startGateway();
    const response = await gateway.graphql.fetch('http://gateway/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': '10' },
      body: JSON.stringify({ query: `{ ${payout} { id } }` }).padEnd(64 * 1024 + 1),
    });
    expect(response.status).toBe(413);
    expect(errorsOf((await response.json()) as OperationResult)).toEqual([
      ['The body is larger than 64 KiB.', { code: 'BAD_USER_INPUT' }],
    ]);
    expect(gateway.received()).toEqual({});
  });
});

describe('with introspection on', () => {
  const complete = getIntrospectionQuery({
    descriptions: true,
    specifiedByUrl: true,
    directiveIsRepeatable: true,
    schemaDescription: true,
    inputValueDeprecation: true,
    oneOf: true,
  });
  const typesOfDepth = (depth: number): string =>
    `{ __schema { types { fields { type { ${'ofType { '.repeat(depth - 5)} name ${'} '.repeat(depth - 5)} } } } } }`;

  it('the standard introspection query is executed, although it is deeper than other queries may be', async () => {
    const gateway = await startGateway('on');
    await expectAccepted(gateway, complete);
    await expectRefused(
      gateway,
      `{ ${payout} { ${payoutFields(14)} } }`,
      'Query depth limit of 10 exceeded, found 15.',
    );
  });

  it('a document that only introspects has a depth limit of 20', async () => {
    const gateway = await startGateway('on');
    await expectAccepted(gateway, typesOfDepth(20));
    await expectRefused(gateway, typesOfDepth(21), 'Query depth limit of 20 exceeded, found 21.');
  });

  it.each<[name: string, document: string, message: string]>([
    [
      'next to payouts',
      `{ payouts { totalCount } ${typesOfDepth(11).slice(2)}`,
      'Query depth limit of 10 exceeded, found 11.',
    ],
    [
      'next to an operation on payouts',
      `query A { payouts { totalCount } } query B ${typesOfDepth(11)}`,
      'Query depth limit of 10 exceeded, found 11.',
    ],
    [
      'in a fragment',
      `{ ...F } fragment F on Query ${typesOfDepth(11)}`,
      'Query depth limit of 10 exceeded, found 11.',
    ],
    [
      'as the alias of another field',
      `{ __schema: ${payout} { ${payoutFields(10)} } }`,
      'Query depth limit of 10 exceeded, found 11.',
    ],
    [
      'with many aliases',
      `{ __schema { ${many(16, index => `a${String(index)}: types { name }`)} } }`,
      'Aliases limit of 15 exceeded, found 16.',
    ],
    [
      'selected six times',
      `{ ${many(6, index => `a${String(index)}: __schema { __typename }`)} }`,
      'Root fields limit of 5 exceeded, found 6.',
    ],
  ])('__schema does not evade a limit: %s', async (_name, document, message) => {
    const gateway = await startGateway('on');
    await expectRefused(gateway, document, message);
  });

  it('introspection that goes in a circle is refused', async () => {
    const gateway = await startGateway('on');
    const result = await gateway.run(
      '{ __schema { types { fields { type { fields { type { fields { type { fields { type { name } } } } } } } } } } }',
    );
    expect(result.status).toBe(400);
    expect(errorsOf(result)).toEqual([
      ['Maximum introspection depth exceeded', { code: 'GRAPHQL_VALIDATION_FAILED' }],
    ]);
  });
});

describe('with introspection off', () => {
  it.each([
    '{ __schema { types { name } } }',
    '{ ...F } fragment F on Query { __type(name: "Payout") { name } }',
  ])('%s is refused', async document => {
    const gateway = await startGateway();
    const result = await gateway.run(document);
    expect(result.status).toBe(400);
    expect(result.errors?.[0]?.extensions).toEqual({ code: 'GRAPHQL_VALIDATION_FAILED' });
    expect(result).not.toHaveProperty('data');
  });
});
