import { getIntrospectionQuery } from 'graphql';
import { describe, expect, it } from 'vitest';
import { examplePayoutId } from '../../../src/sandbox/named.ts';
import { startTestGateway, type Answer, type TestGateway } from '../../support/test-gateway.ts';

const payout = `payoutByPayment(paymentId: "${examplePayoutId}")`;

function startGateway(introspection: 'on' | 'off' = 'off'): Promise<TestGateway> {
  return startTestGateway({ env: { INTROSPECTION: introspection } });
}

/** So many of something, each with its number. */
function many(count: number, one: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => one(index)).join(' ');
}

const aliases = (count: number, prefix = 'a'): string =>
  many(count, index => `${prefix}${String(index)}: __typename`);

/** A selection of a payout's whose innermost field is so deep. */
function payoutFields(depth: number): string {
  const around = depth - 1;
  const openings = many(around, index => `${index % 2 === 0 ? 'intent' : 'payout'} {`);
  return `${openings} id ${'} '.repeat(around)}`;
}

/** A valid document of so many tokens. */
function ofTokens(count: number): string {
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

/** Runs a document; of several operations the first. */
function run(gateway: TestGateway, query: string): Promise<Answer> {
  const [, operationName] = /^query (\w+)/.exec(query) ?? [];
  return gateway.run('', {}, { body: JSON.stringify({ query, operationName }) });
}

function errorsOf({ errors }: Answer): unknown[] {
  return (errors ?? []).map(({ message, extensions }) => [message, extensions]);
}

async function expectRefused(gateway: TestGateway, query: string, ...messages: string[]): Promise<void> {
  const answer = await run(gateway, query);
  expect(errorsOf(answer)).toEqual(messages.map(message => [message, { code: 'OPERATION_TOO_EXPENSIVE' }]));
  expect(answer.status).toBe(400);
  expect(answer).not.toHaveProperty('data');
  expect(gateway.received()).toEqual({});
}

async function expectAnswered(gateway: TestGateway, query: string): Promise<void> {
  const answer = await run(gateway, query);
  expect(errorsOf(answer)).toEqual([]);
  expect(answer.status).toBe(200);
}

describe('a document at a limit is answered, and one beyond it is refused with what was found, and nothing sent', () => {
  it.each<[name: string, limit: number, how: string, document: (count: number) => string]>([
    ['Query depth', 10, 'by fields', count => `{ ${payout} { ${payoutFields(count - 1)} } }`],
    [
      'Query depth',
      10,
      'in inline fragments, which add nothing to it',
      count =>
        `{ ... { ... on Query { ${payout} { ... { ... on Payout { ${payoutFields(count - 1)} } } } } } }`,
    ],
    [
      'Query depth',
      10,
      'in fragments that are spread several times, at places of different depth',
      count =>
        `{ ${payout} { ...F intent { payout { ...F intent { payout { ...F } } } } } }
         fragment F on Payout { ...G } fragment G on Payout { ${payoutFields(count - 5)} }`,
    ],
    ['Aliases', 15, 'in one place', count => `{ ${payout} { ${aliases(count)} } }`],
    [
      'Aliases',
      15,
      'of fields at several depths',
      count => `{ a: ${payout} { a: intent { a: payout { ${aliases(count - 3)} } } } }`,
    ],
    [
      'Aliases',
      15,
      'in a fragment that is spread at several places, counted at each',
      count =>
        `{ ${payout} { ...F intent { payout { ...F intent { payout { ...F ${aliases(count - 12, 'b')} } } } } } }
         fragment F on Payout { ${aliases(4)} }`,
    ],
    [
      'Repeated fields',
      15,
      'in one place',
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
    ['Root fields', 5, 'by aliases', count => `{ ${aliases(count)} }`],
    ['Root fields', 5, 'by the same field again', count => `{ ${'__typename '.repeat(count)} }`],
    [
      'Root fields',
      5,
      'in fragments, counted wherever they are spread',
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
  ])('%s, %i: %s', async (name, limit, _how, document) => {
    const gateway = await startGateway();
    await expectAnswered(gateway, document(limit));
    gateway.received();
    const found = String(limit + 1);
    await expectRefused(
      gateway,
      document(limit + 1),
      `${name} limit of ${String(limit)} exceeded, found ${found}.`,
    );
  });

  it('Tokens, 1000', async () => {
    const gateway = await startGateway();
    await expectAnswered(gateway, ofTokens(1000));
    gateway.received();
    await expectRefused(gateway, ofTokens(1001), 'The document has more than 1000 tokens.');
  });

  it('as often as it is sent', async () => {
    const gateway = await startGateway();
    for (let time = 1; time <= 3; time += 1) {
      await expectRefused(gateway, ofTokens(1001), 'The document has more than 1000 tokens.');
      await expectRefused(gateway, `{ ${aliases(6)} }`, 'Root fields limit of 5 exceeded, found 6.');
    }
  });

  it('by everything that is too much in it', async () => {
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

describe('a limit is not got round', () => {
  const sixteen = aliases(16);
  const tooManyAliases = 'Aliases limit of 15 exceeded, found 16.';
  const tooDeep = 'Query depth limit of 10 exceeded, found 11.';
  const deep = `{ ${payout} { ${payoutFields(10)} } }`;

  it.each<[how: string, document: string, message: string]>([
    [
      'by a fragment called __schema',
      `{ ${payout} { ...__schema } } fragment __schema on Payout { ${payoutFields(10)} }`,
      tooDeep,
    ],
    [
      'by a fragment called IntrospectionQuery',
      `{ ${payout} { ...IntrospectionQuery } } fragment IntrospectionQuery on Payout { ${sixteen} }`,
      tooManyAliases,
    ],
    ['by an operation called IntrospectionQuery', `query IntrospectionQuery ${deep}`, tooDeep],
    [
      'by aliases called __schema and __typename',
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
      'by __typename 400 times further down',
      `{ ${payout} { ${'__typename '.repeat(400)} } }`,
      'Repeated fields limit of 15 exceeded, found 399.',
    ],
    [
      'by a list of what leads back to payouts again and again',
      `{ payouts { nodes { ${payoutFields(9)} } } }`,
      tooDeep,
    ],
    [
      'by fragments that each go a little deeper',
      `{ ${payout} { ...A } } fragment A on Payout { intent { payout { ...B } } }
       fragment B on Payout { intent { payout { ...C } } } fragment C on Payout { intent { payout { ...D } } }
       fragment D on Payout { intent { payout { amount { currency } } } }`,
      tooDeep,
    ],
    [
      'by a fragment of few aliases that is spread where fields of several aliases are',
      `{ ${many(4, index => `a${String(index)}: ${payout} { ...F }`)} } fragment F on Payout { ${aliases(3)} }`,
      tooManyAliases,
    ],
    [
      'by a deep operation beside one that is harmless',
      `query Harmless { __typename } query Deep ${deep}`,
      tooDeep,
    ],
    [
      'by a fragment that nothing spreads',
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
      'by directives on a fragment that has been spread before',
      `{ ...F ...F ${'@include(if: true) '.repeat(6)} } fragment F on Query { __typename }`,
      'Directives limit of 5 exceeded, found 6.',
    ],
  ])('%s', async (_how, document, message) => {
    const gateway = await startGateway();
    const answer = await run(gateway, document);
    expect(answer.status).toBe(400);
    expect(errorsOf(answer)).toContainEqual([message, { code: 'OPERATION_TOO_EXPENSIVE' }]);
    expect(answer).not.toHaveProperty('data');
    expect(gateway.received()).toEqual({});
  });

  it('by fragments that double: what they hold is counted as often as they come to it', async () => {
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
    await expectAnswered(gateway, `{ ${payout} { ...F0 } } ${doubling.replace('a: id', 'id')}`);
  });
});

describe('a request of several operations', () => {
  it.each([1, 2, 20])('in a list of %i is refused, with nothing sent', async count => {
    const gateway = await startGateway();
    const body = JSON.stringify(Array.from({ length: count }, () => ({ query: `{ ${payout} { id } }` })));
    const answer = await gateway.run('', {}, { body });
    expect(answer.status).toBe(400);
    expect(errorsOf(answer)).toEqual([
      ['One request holds one operation: batching is off.', { code: 'OPERATION_TOO_EXPENSIVE' }],
    ]);
    expect(gateway.received()).toEqual({});
  });
});

describe('a body', () => {
  const most = 64 * 1024;
  const ofBytes = (bytes: number): string => JSON.stringify({ query: `{ ${payout} { id } }` }).padEnd(bytes);

  it('of 64 KiB is read', async () => {
    const gateway = await startGateway();
    expect(await gateway.run('', {}, { body: ofBytes(most) })).toMatchObject({ status: 200 });
    expect(gateway.received()).toEqual({ getPayout: 1 });
  });

  const inPieces = (text: string): ReadableStream => new Blob([text]).stream();
  it.each<[how: string, init: RequestInit]>([
    ['as one', { body: ofBytes(most + 1) }],
    ['without its length told', { body: inPieces(ofBytes(most + 1)), duplex: 'half' } as RequestInit],
    [
      'in bytes, not in letters',
      { body: JSON.stringify({ query: `{ __typename } # ${'é'.repeat(most / 2)}` }) },
    ],
  ])('of more is refused with 413, and nothing sent: %s', async (_how, init) => {
    const gateway = await startGateway();
    const answer = await gateway.run('', {}, init);
    expect(answer.status).toBe(413);
    expect(errorsOf(answer)).toEqual([['The body is larger than 64 KiB.', { code: 'BAD_USER_INPUT' }]]);
    expect(gateway.received()).toEqual({});
  });
});

describe('a request that comes by no port', () => {
  it('of more than 64 KiB is refused with 413, and nothing sent: with a smaller length told', async () => {
    const gateway = await startGateway();
    const response = await gateway.graphql.fetch('http://gateway/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': '10' },
      body: JSON.stringify({ query: `{ ${payout} { id } }` }).padEnd(64 * 1024 + 1),
    });
    expect(response.status).toBe(413);
    expect(errorsOf((await response.json()) as Answer)).toEqual([
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
  const ofTypes = (depth: number): string =>
    `{ __schema { types { fields { type { ${'ofType { '.repeat(depth - 5)} name ${'} '.repeat(depth - 5)} } } } } }`;

  it('the query that tools ask a schema by is answered, although it is deeper than others may be', async () => {
    const gateway = await startGateway('on');
    await expectAnswered(gateway, complete);
    await expectRefused(
      gateway,
      `{ ${payout} { ${payoutFields(14)} } }`,
      'Query depth limit of 10 exceeded, found 15.',
    );
  });

  it('what is asked of the schema alone has a limit of its own', async () => {
    const gateway = await startGateway('on');
    await expectAnswered(gateway, ofTypes(20));
    await expectRefused(gateway, ofTypes(21), 'Query depth limit of 20 exceeded, found 21.');
  });

  it.each<[what: string, document: string, message: string]>([
    [
      'beside payouts',
      `{ payouts { totalCount } ${ofTypes(11).slice(2)}`,
      'Query depth limit of 10 exceeded, found 11.',
    ],
    [
      'beside payouts, in another operation',
      `query A { payouts { totalCount } } query B ${ofTypes(11)}`,
      'Query depth limit of 10 exceeded, found 11.',
    ],
    [
      'in a fragment',
      `{ ...F } fragment F on Query ${ofTypes(11)}`,
      'Query depth limit of 10 exceeded, found 11.',
    ],
    [
      'as an alias of something else',
      `{ __schema: ${payout} { ${payoutFields(10)} } }`,
      'Query depth limit of 10 exceeded, found 11.',
    ],
    [
      'by many aliases',
      `{ __schema { ${many(16, index => `a${String(index)}: types { name }`)} } }`,
      'Aliases limit of 15 exceeded, found 16.',
    ],
    [
      'six times',
      `{ ${many(6, index => `a${String(index)}: __schema { __typename }`)} }`,
      'Root fields limit of 5 exceeded, found 6.',
    ],
  ])('the schema is not a way round the limits: %s', async (_what, document, message) => {
    const gateway = await startGateway('on');
    await expectRefused(gateway, document, message);
  });

  it('questions that go round in the schema are refused', async () => {
    const gateway = await startGateway('on');
    const answer = await gateway.run(
      '{ __schema { types { fields { type { fields { type { fields { type { fields { type { name } } } } } } } } } } }',
    );
    expect(answer.status).toBe(400);
    expect(errorsOf(answer)).toEqual([
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
    const answer = await gateway.run(document);
    expect(answer.status).toBe(400);
    expect(answer.errors?.[0]?.extensions).toEqual({ code: 'GRAPHQL_VALIDATION_FAILED' });
    expect(answer).not.toHaveProperty('data');
  });
});
