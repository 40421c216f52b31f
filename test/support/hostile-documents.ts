import { Lexer, Source, TokenKind } from 'graphql';
import { payoutIdOf } from '../../src/payouts/values/ids.ts';
import { exampleIntentId } from '../../src/sandbox/named.ts';

/** A request that means harm, or is what a broken client sends. */
export interface Hostile {
  readonly what: string;
  /** Its body; one with another salt is another request to every cache, and no different otherwise. */
  readonly body: (salt: string) => string | Uint8Array<ArrayBuffer>;
}

/** What the gateway reads of a body at most, less the salt. */
const mostBytes = 64 * 1024 - 64;
const mostTokens = 1000;

const payout = `payout(id: "${payoutIdOf(exampleIntentId)}")`;

function many(count: number, one: (index: number) => string, between = ' '): string {
  return Array.from({ length: count }, (_, index) => one(index)).join(between);
}

/** The largest number, up to another, for which something still holds. */
function largest(most: number, holds: (count: number) => boolean): number {
  let [low, high] = [1, most];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (holds(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}

function fits(query: string): boolean {
  return Buffer.byteLength(JSON.stringify({ query })) <= mostBytes;
}

function isLexedWithin(query: string, tokens: number): boolean {
  const lexer = new Lexer(new Source(query));
  try {
    for (let count = 0; count <= tokens; count += 1) if (lexer.advance().kind === TokenKind.EOF) return true;
    return false;
  } catch {
    return false;
  }
}

const request = (query: string, more: object = {}): Hostile['body'] => {
  return salt => JSON.stringify({ query: `${query}\n#${salt}`, ...more });
};

/**
 * Documents of which there can be more or less: each as large as the body may be, which the limit of tokens refuses at
 * once, and each as large as that limit lets through.
 */
const growing: Readonly<Record<string, (count: number) => string>> = {
  'fragments that double, at the root': count =>
    `{ ...F0 } ${many(count, index => `fragment F${String(index)} on Query { ...F${String(index + 1)} ...F${String(index + 1)} }`)}
     fragment F${String(count)} on Query { __typename }`,
  'fragments that double, further down': count =>
    `{ ${payout} { ...F0 } } ${many(count, index => `fragment F${String(index)} on Payout { ...F${String(index + 1)} ...F${String(index + 1)} }`)}
     fragment F${String(count)} on Payout { a: id }`,
  'fragments that go round': count =>
    `{ ...F0 } ${many(count, index => `fragment F${String(index)} on Query { ...F${String((index + 1) % count)} }`)}`,
  'a fragment that holds itself, often': count =>
    `{ ...F } fragment F on Query { ${many(count, () => '...F')} }`,
  'a fragment that holds itself within fields': count =>
    `{ ${payout} { ...F } } fragment F on Payout { ${many(count, () => 'intent { payout { ...F } }')} }`,
  'fragments that each hold all the others': count => {
    const names = Array.from({ length: Math.ceil(Math.sqrt(count)) }, (_, index) => `F${String(index)}`);
    const all = names.map(name => `...${name}`).join(' ');
    return `{ ${payout} { ${all} } } ${names.map(name => `fragment ${name} on Payout { id ${all} }`).join(' ')}`;
  },
  'fragments that nothing spreads': count =>
    `{ __typename } ${many(count, index => `fragment F${String(index)} on Payout { id }`)}`,
  'fragments of one name': count => `{ ...F } ${many(count, () => 'fragment F on Query { __typename }')}`,
  'spreads of no fragment': count => `{ ${many(count, index => `...F${String(index)}`)} }`,
  'fragments that can never apply': count =>
    `{ ${payout} { ${many(count, () => '... on Query { __typename }')} } }`,
  'fragments side by side that want the same': count =>
    `{ ${payout} { ${many(count, index => `...F${String(index)}`)} nope } }
     ${many(count, index => `fragment F${String(index)} on Payout { id amount { amount } intent { id } }`)}`,
  'fragments side by side that contradict each other': count =>
    `{ ${payout} { ${many(count, index => `...F${String(index)}`)} } }
     ${many(count, index => `fragment F${String(index)} on Payout { x: ${index % 2 === 0 ? 'id' : 'status'} }`)}`,
  'fragments that lead to each other within fields': count =>
    `{ ${payout} { ...F0 } } ${many(
      count,
      index =>
        `fragment F${String(index)} on Payout { intent { payout { ...F${String((7 * index + 1) % count)} ...F${String((11 * index + 3) % count)} } } }`,
    )}`,
  'aliases at the root': count => `{ ${many(count, index => `a${String(index)}: __typename`)} }`,
  'aliases further down': count => `{ ${payout} { ${many(count, index => `a${String(index)}: id`)} } }`,
  'aliases of money moved': count =>
    `mutation { ${many(count, index => `a${String(index)}: createPayout(input: {}) { __typename }`)} }`,
  'one field again and again': count => `{ ${'__typename '.repeat(count)} }`,
  'one field further down again and again': count => `{ ${payout} { ${'id '.repeat(count)} } }`,
  'one field with other arguments each time': count =>
    `{ ${many(count, index => `payouts(first: ${String(index)}) { totalCount }`)} }`,
  'one name for fields that contradict each other': count =>
    `{ ${payout} { ${many(count, index => `x: ${['id', 'status', 'intentId', 'description'][index % 4] ?? ''}`)} } }`,
  'one name for fields that contradict each other further down': count => {
    const levels = Math.min(count, 12);
    const level = (left: number): string =>
      left === 0
        ? 'x: id x: status'
        : `x: intent { y: payout { ${level(left - 1)} } } `.repeat(left % 3 === 0 ? 2 : 1);
    return `{ ${payout} { ${level(levels)} } ${many(count - levels, () => 'nope')} }`;
  },
  'fields one in another': count =>
    `{ ${payout} { ${'intent { payout { '.repeat(count)} id ${'} } '.repeat(count)} } }`,
  'fields one in another, of no type': count => `${'{ a '.repeat(count)} ${'}'.repeat(count)}`,
  'inline fragments one in another': count =>
    `{ nope ${'... { '.repeat(count)} __typename ${'} '.repeat(count)} }`,
  'fields of values that have none': count =>
    `{ ${payout} { id ${'{ id '.repeat(count)} ${'}'.repeat(count)} } }`,
  'lists one in another': count =>
    `{ payouts(first: ${'['.repeat(count)} 1 ${']'.repeat(count)}) { totalCount } }`,
  'objects one in another': count =>
    `{ payouts(filter: ${'{ amount: '.repeat(count)} 1 ${'}'.repeat(count)}) { totalCount } }`,
  'lists one in another, never closed': count => `{ payouts(first: ${'['.repeat(count)}`,
  'types of lists one in another': count =>
    `query ($a: ${'['.repeat(count)} Int ${']'.repeat(count)}) { __typename }`,
  'operations of names of their own': count => `${many(count, index => `query Q${String(index)} { nope }`)}`,
  'operations without names': count => many(count, () => '{ __typename }'),
  'operations of one name': count => many(count, () => 'query Q { __typename }'),
  'operations that all hold one fragment of many variables': count =>
    `${many(Math.ceil(count / 2), index => `query Q${String(index)} { ...F }`)}
     fragment F on Query { ${many(Math.ceil(count / 2), index => `payout(id: $v${String(index)}) { id }`)} }`,
  'variables that nothing uses': count =>
    `query (${many(count, index => `$v${String(index)}: Int`)}) { __typename }`,
  'variables of one name': count =>
    `query (${many(count, () => '$v: Int')}) { payouts(first: $v) { totalCount } }`,
  'variables of types that there are none of': count =>
    `query (${many(count, index => `$v${String(index)}: Payoutt${String(index)}`)}) { __typename }`,
  'variables that nobody has declared': count =>
    `{ payouts(filter: { amount: { ${many(count, index => `min: $v${String(index)}`)} } }) { totalCount } }`,
  'a variable in places of another type': count =>
    `query ($v: Boolean) { ${payout} { ${many(count, () => 'id')} } payouts(${many(count, () => 'first: $v')}) { totalCount } }`,
  'directives of one name': count => `{ __typename ${'@include(if: true) '.repeat(count)} }`,
  'directives that there are none of': count =>
    `{ __typename ${many(count, index => `@a${String(index)}`)} }`,
  'directives of an operation': count => `query ${'@skip '.repeat(count)} { __typename }`,
  'directives of variables': count =>
    `query (${many(count, index => `$v${String(index)}: Int @a`)}) { __typename }`,
  'fields that there are none of': count =>
    `{ ${payout} { ${many(count, index => `nope${String(index)}`)} } }`,
  'fields that are nearly there': count =>
    `{ ${payout} { ${many(count, index => `postInitiationStatu${String(index)}`)} } }`,
  'arguments that there are none of': count =>
    `{ payouts(${many(count, index => `firs${String(index)}: 1`)}) { totalCount } }`,
  'arguments of one name': count => `{ payouts(${many(count, () => 'first: 1')}) { totalCount } }`,
  'input fields that there are none of': count =>
    `{ payouts(filter: { ${many(count, index => `createdA${String(index)}: 1`)} }) { totalCount } }`,
  'input fields of one name': count =>
    `{ payouts(filter: { ${many(count, () => 'amount: {}')} }) { totalCount } }`,
  'values of the wrong type': count =>
    `mutation { createPayouts(input: { idempotencyKey: "k", transfers: [${many(count, () => '1')}] }) { __typename } }`,
  'inputs that lack everything': count =>
    `mutation { createPayouts(input: { idempotencyKey: "k", transfers: [${many(count, () => '{}')}] }) { __typename } }`,
  'types that are nearly there': count =>
    `{ ${payout} { ${many(count, index => `... on PayoutIntenn${String(index)} { id }`)} } }`,
  'names out of JavaScript': count =>
    `{ ${many(count, index => ['__proto__', 'constructor', 'toString', 'hasOwnProperty'][index % 4] ?? '')} }`,
  'fragments, arguments and directives out of JavaScript': count =>
    `{ ...constructor ...__proto__ ${many(count, () => 'payout(__proto__: 1, constructor: 2) @toString { valueOf }')} }
     fragment __proto__ on constructor { __proto__ } fragment constructor on __proto__ { constructor }`,
  'questions about the schema that go round': count =>
    `{ __schema { types { ${'fields { type { '.repeat(count)} name ${'} } '.repeat(count)} } } }`,
  'questions about the schema side by side': count =>
    `{ ${many(count, index => `a${String(index)}: __schema { types { name fields { name type { name } } } }`)} }`,
  'a schema of its own': count => many(count, index => `type T${String(index)} { a: Int }`),
  'extensions of the schema': count => many(count, () => 'extend type Payout { a: Int }'),
  subscriptions: count => many(count, index => `subscription S${String(index)} { a b }`),
  strings: count => `{ payout(id: [${many(count, () => '"a"')}]) { id } }`,
  numbers: count => `{ payouts(first: [${many(count, index => String(index))}]) { totalCount } }`,
  braces: count => '{'.repeat(count),
  'marks that mean nothing': count => '!'.repeat(count),
  spreads: count => `{ ${'... '.repeat(count)}`,
};

/** Documents of few tokens that are as long as the body may be. */
const long: Readonly<Record<string, (count: number) => string>> = {
  'a text': count => `{ payout(id: "${'a'.repeat(count)}") { nope } }`,
  'a text of escapes': count => `{ payout(id: "${'\\u0061'.repeat(count)}") { nope } }`,
  'a text of escapes that name no character': count => `{ payout(id: "${'\\uD800'.repeat(count)}") { id } }`,
  'a text of escapes in braces': count => `{ payout(id: "${'\\u{1F4A9}'.repeat(count)}") { nope } }`,
  'a text that does not end': count => `{ payout(id: "${'a'.repeat(count)}`,
  'a block of one line': count => `{ payout(id: """${'a'.repeat(count)}""") { nope } }`,
  'a block of empty lines': count => `{ payout(id: """${'\n'.repeat(count)}""") { nope } }`,
  'a block of lines that move in': count =>
    `{ payout(id: """${many(Math.ceil(Math.sqrt(count)), index => ' '.repeat(index), '\n')}""") { nope } }`,
  'a block of escaped quotes': count => `{ payout(id: """${'\\"""'.repeat(count)}""") { nope } }`,
  'a block that does not end': count => `{ payout(id: """${'"" '.repeat(count)}`,
  'a name': count => `{ ${'a'.repeat(count)} }`,
  'a name in a type’s place': count => `{ ... on ${'Payout'.repeat(count)} { id } }`,
  names: count =>
    `{ ${payout} { ${many(100, index => 'a'.repeat(Math.ceil(count / 100)) + String(index))} } }`,
  'names as long as those that there are': count =>
    `{ ${payout} { ${many(Math.min(count, 900), index => `bankTransactionReferenc${String(index)}`)} } }`,
  'a number': count => `{ payouts(first: ${'9'.repeat(count)}) { totalCount } }`,
  'a number with a fraction': count =>
    `{ payouts(filter: { amount: { min: 0.${'1'.repeat(count)}e } }) { totalCount } }`,
  'a comment': count => `#${'a'.repeat(count)}\n{ nope }`,
  comments: count => `${'#\n'.repeat(count)}{ ${payout} { ${many(120, index => `nope${String(index)}`)} } }`,
  commas: count => `{${','.repeat(count)}nope }`,
  blanks: count => `{${' '.repeat(count)}nope }`,
  'marks of byte order': count => `{${'\uFEFF'.repeat(count)}nope }`,
  'lines before what is wrong': count =>
    `{ ${payout} { ${'\n'.repeat(count)} ${many(120, index => `nope${String(index)}`)} } }`,
  'lines of both kinds before what is wrong': count =>
    `{ ${payout} { ${'\r\n\r'.repeat(count)} ${many(120, index => `nope${String(index)}`)} } }`,
  'lines before contradictions': count =>
    `{ ${payout} { ${'\n'.repeat(count)} ${many(14, index => `x: ${['id', 'status'][index % 2] ?? ''}`)} } }`,
  'lines between all that is wrong': count =>
    `{ ${payout} { ${many(120, index => `nope${String(index)}${'\n'.repeat(Math.ceil(count / 120))}`)} } }`,
  'lines before what does not parse': count => `{ ${'\n'.repeat(count)} ! }`,
  'characters beyond the first plane': count => `{ ${'💩'.repeat(count)} }`,
  'halves of characters': count => `{ payout(id: "${'\uD83D'.repeat(count)}") { nope } }`,
  'control characters': count => `{ ${'\u0000'.repeat(count)} }`,
};

const deep = (count: number, open: string, close: string, inside = '1'): string =>
  open.repeat(count) + inside + close.repeat(count);

/** Bodies whose harm is not in the document. */
function others(): Hostile[] {
  const query = (text: string, variables: string) => (salt: string) =>
    `{"query":${JSON.stringify(`${text}\n#${salt}`)},"variables":${variables}}`;
  const list = 'query ($v: PayoutFilter) { payouts(filter: $v) { totalCount } }';
  const entities =
    'query ($v: [_Any!]!) { _entities(representations: $v) { __typename ... on Payout { status } } }';
  const payMany = 'mutation ($v: CreatePayoutsInput!) { createPayouts(input: $v) { __typename } }';
  const text = (count: number, one = 'a'): string => JSON.stringify(one.repeat(count));
  const bodies: readonly (readonly [what: string, body: Hostile['body']])[] = [
    ['deep lists in a variable', query(list, `{"v":${deep(30_000, '[', ']')}}`)],
    ['deep objects in a variable', query(list, `{"v":${deep(10_000, '{"a":', '}')}}`)],
    ['deep objects of the right name in a variable', query(list, `{"v":${deep(5000, '{"amount":', '}')}}`)],
    [
      'deep lists beside a long number',
      query(list, `{"v":${deep(30_000, '[', ']', '12345678901234567890')}}`),
    ],
    [
      'deep lists in a variable that is not asked for',
      query('query ($v: Int!) { payouts(first: $v) { totalCount } }', `{"w":${deep(30_000, '[', ']')}}`),
    ],
    ['many variables', query(list, `{"v":1,${many(5000, index => `"v${String(index)}":1`, ',')}}`)],
    [
      'variables out of JavaScript',
      query(list, '{"__proto__":{"v":{}},"constructor":1,"v":{"__proto__":1,"constructor":{},"toString":1}}'),
    ],
    ['a long text for a number', query(list, `{"v":{"amount":{"min":${text(60_000, '1')}}}}`)],
    ['a long text that is nearly a number', query(list, `{"v":{"amount":{"min":"${'1'.repeat(60_000)}x"}}}`)],
    ['a long number', query(list, `{"v":{"amount":{"min":${'1'.repeat(60_000)}x}}}`)],
    ['a number of a large exponent', query(list, '{"v":{"amount":{"min":1e99999999}}}')],
    ['a text of a large exponent', query(list, '{"v":{"amount":{"min":"1e99999999"}}}')],
    [
      'a long text for a time',
      query(list, `{"v":{"createdAt":{"from":"2026-01-01T00:00:00.${'0'.repeat(60_000)}"}}}`),
    ],
    ['a long list for an object', query(list, `{"v":[${many(30_000, () => '1', ',')}]}`)],
    [
      'many fields that an input has none of',
      query(list, `{"v":{${many(4000, index => `"amoun${String(index)}":1`, ',')}}}`),
    ],
    [
      'many fields that an input has none of, and a long list',
      query(
        list,
        `{"v":{"a":[${many(25_000, () => '1', ',')}],${many(200, index => `"amoun${String(index)}":1`, ',')}}}`,
      ),
    ],
    [
      'many fields that an input has none of, and a deep list of objects',
      query(
        list,
        `{"v":{"a":[${many(2000, () => '{"a":{"a":{"a":1}}}', ',')}],${many(200, index => `"amoun${String(index)}":1`, ',')}}}`,
      ),
    ],
    [
      'many transfers of the wrong type',
      query(payMany, `{"v":{"idempotencyKey":"k","transfers":[${many(30_000, () => '1', ',')}]}}`),
    ],
    [
      'many transfers that lack everything',
      query(payMany, `{"v":{"idempotencyKey":"k","transfers":[${many(20_000, () => '{}', ',')}]}}`),
    ],
    [
      'many representations',
      query(
        entities,
        `{"v":[${many(1000, index => `{"__typename":"Payout","id":"${String(index)}"}`, ',')}]}`,
      ),
    ],
    ['many representations of nothing', query(entities, `{"v":[${many(20_000, () => '{}', ',')}]}`)],
    [
      'many representations that are none',
      query(entities, `{"v":[${many(9000, index => String(index), ',')}]}`),
    ],
    [
      'many representations of deep ids',
      query(
        entities,
        `{"v":[${many(300, () => `{"__typename":"Payout","id":${deep(80, '[', ']')}}`, ',')}]}`,
      ),
    ],
    [
      'many representations of types out of JavaScript',
      query(entities, `{"v":[${many(1000, () => '{"__typename":{"toString":1},"id":1}', ',')}]}`),
    ],
    ['a list of many requests', salt => `[${many(2000, () => `{"query":"{ __typename #${salt}"}`, ',')}]`],
    ['a list one in another', () => deep(32_000, '[', ']')],
    ['lists that do not end', () => '['.repeat(65_000)],
    ['objects that do not end', () => '{"a":'.repeat(13_000)],
    ['what is no JSON', () => 'a'.repeat(65_000)],
    ['nothing', () => ''],
    ['null', () => 'null'],
    ['a body of blanks', () => ' '.repeat(65_000)],
    ['an object with no document', () => '{}'],
    ['an empty document', request('')],
    ['a document that is no text', () => '{"query":{"a":1}}'],
    ['a document out of a deep list', () => `{"query":${deep(30_000, '[', ']')}}`],
    [
      'variables that are no object',
      salt => JSON.stringify({ query: `{ __typename } #${salt}`, variables: [1] }),
    ],
    [
      'extensions that are deep',
      salt => `{"query":"{ nope } #${salt}","extensions":${deep(10_000, '{"a":', '}')}}`,
    ],
    [
      'many parameters',
      salt => `{"query":"{ __typename } #${salt}",${many(5000, index => `"p${String(index)}":1`, ',')}}`,
    ],
    [
      'a name of an operation that is not there',
      request(
        many(120, index => `query Q${String(index)} { __typename }`),
        { operationName: 'Q'.repeat(20_000) },
      ),
    ],
    ['a hash that is none', salt => JSON.stringify({ documentId: `sha256:${'0'.repeat(60_000)}${salt}` })],
    ['a hash out of JavaScript', () => JSON.stringify({ documentId: '__proto__' })],
    [
      'bytes that are no text',
      salt =>
        Buffer.concat([
          Buffer.from(`{"query":"{ nope } #${salt}`),
          Buffer.alloc(60_000, 0xff),
          Buffer.from('"}'),
        ]),
    ],
    [
      'bytes that begin characters and do not end them',
      salt =>
        Buffer.concat([
          Buffer.from(`{"query":"{ nope } #${salt}`),
          Buffer.alloc(60_000, 0xf0),
          Buffer.from('"}'),
        ]),
    ],
    ['nothing but zeros', () => Buffer.alloc(65_000)],
  ];
  return bodies.map(([what, body]) => ({ what, body }));
}

/** Every one of them, each under a name of its own. */
export function hostileDocuments(): readonly Hostile[] {
  return [
    ...Object.entries(growing).flatMap(([what, document]) => {
      const within = document(largest(mostTokens, count => isLexedWithin(document(count), mostTokens)));
      const beyond = document(largest(mostBytes, count => fits(document(count))));
      return [
        { what: `${what}, within the tokens`, body: request(within) },
        { what: `${what}, beyond the tokens`, body: request(beyond) },
      ];
    }),
    ...Object.entries(long).map(([what, document]) => ({
      what: `long: ${what}`,
      body: request(document(largest(mostBytes, count => fits(document(count))))),
    })),
    ...others(),
  ];
}
