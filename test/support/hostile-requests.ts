import { Lexer, Source, TokenKind } from 'graphql';
import { payoutIdOf } from '../../src/payouts/values/ids.ts';
import { exampleIntentId } from '../../src/sandbox/fixtures.ts';

/** A malicious or broken request. */
export interface HostileRequest {
  readonly name: string;
  /** Creates the body. Another salt gives an equivalent request that no cache knows. */
  readonly body: (salt: string) => string | Uint8Array<ArrayBuffer>;
}

/** The gateway's limit for a body in bytes, less space for the salt. */
const maxBytes = 64 * 1024 - 64;
const maxTokens = 1000;

const payout = `payout(id: "${payoutIdOf(exampleIntentId)}")`;

function repeat(count: number, item: (index: number) => string, separator = ' '): string {
  return Array.from({ length: count }, (_, index) => item(index)).join(separator);
}

/** The largest number up to `max` for which `holds` returns true, by binary search. */
function largest(max: number, holds: (count: number) => boolean): number {
  let [low, high] = [1, max];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (holds(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}

function fits(query: string): boolean {
  return Buffer.byteLength(JSON.stringify({ query })) <= maxBytes;
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

const request = (query: string, more: object = {}): HostileRequest['body'] => {
  return salt => JSON.stringify({ query: `${query}\n#${salt}`, ...more });
};

/**
 * Documents of any size. Each is sent as large as the body limit allows, which the token limit refuses, and as large
 * as the token limit allows.
 */
const scalableDocuments: Readonly<Record<string, (count: number) => string>> = {
  'fragments that double, on the root type': count =>
    `{ ...F0 } ${repeat(count, index => `fragment F${String(index)} on Query { ...F${String(index + 1)} ...F${String(index + 1)} }`)}
     fragment F${String(count)} on Query { __typename }`,
  'fragments that double, on an object type': count =>
    `{ ${payout} { ...F0 } } ${repeat(count, index => `fragment F${String(index)} on Payout { ...F${String(index + 1)} ...F${String(index + 1)} }`)}
     fragment F${String(count)} on Payout { a: id }`,
  'fragments in a cycle': count =>
    `{ ...F0 } ${repeat(count, index => `fragment F${String(index)} on Query { ...F${String((index + 1) % count)} }`)}`,
  'a fragment that spreads itself many times': count =>
    `{ ...F } fragment F on Query { ${repeat(count, () => '...F')} }`,
  'a fragment that spreads itself within fields': count =>
    `{ ${payout} { ...F } } fragment F on Payout { ${repeat(count, () => 'intent { payout { ...F } }')} }`,
  'fragments that each spread all fragments': count => {
    const names = Array.from({ length: Math.ceil(Math.sqrt(count)) }, (_, index) => `F${String(index)}`);
    const all = names.map(name => `...${name}`).join(' ');
    return `{ ${payout} { ${all} } } ${names.map(name => `fragment ${name} on Payout { id ${all} }`).join(' ')}`;
  },
  'unused fragments': count =>
    `{ __typename } ${repeat(count, index => `fragment F${String(index)} on Payout { id }`)}`,
  'fragments with the same name': count =>
    `{ ...F } ${repeat(count, () => 'fragment F on Query { __typename }')}`,
  'spreads of unknown fragments': count => `{ ${repeat(count, index => `...F${String(index)}`)} }`,
  'fragments whose type never matches': count =>
    `{ ${payout} { ${repeat(count, () => '... on Query { __typename }')} } }`,
  'sibling fragments with the same fields': count =>
    `{ ${payout} { ${repeat(count, index => `...F${String(index)}`)} nope } }
     ${repeat(count, index => `fragment F${String(index)} on Payout { id amount { amount } intent { id } }`)}`,
  'sibling fragments with conflicting fields': count =>
    `{ ${payout} { ${repeat(count, index => `...F${String(index)}`)} } }
     ${repeat(count, index => `fragment F${String(index)} on Payout { x: ${index % 2 === 0 ? 'id' : 'status'} }`)}`,
  'fragments that spread each other within fields': count =>
    `{ ${payout} { ...F0 } } ${repeat(
      count,
      index =>
        `fragment F${String(index)} on Payout { intent { payout { ...F${String((7 * index + 1) % count)} ...F${String((11 * index + 3) % count)} } } }`,
    )}`,
  'aliases on the root type': count => `{ ${repeat(count, index => `a${String(index)}: __typename`)} }`,
  'aliases on an object type': count =>
    `{ ${payout} { ${repeat(count, index => `a${String(index)}: id`)} } }`,
  'aliases of mutations': count =>
    `mutation { ${repeat(count, index => `a${String(index)}: createPayout(input: {}) { __typename }`)} }`,
  'the same root field many times': count => `{ ${'__typename '.repeat(count)} }`,
  'the same nested field many times': count => `{ ${payout} { ${'id '.repeat(count)} } }`,
  'the same field with different arguments': count =>
    `{ ${repeat(count, index => `payouts(first: ${String(index)}) { totalCount }`)} }`,
  'conflicting fields with the same alias': count =>
    `{ ${payout} { ${repeat(count, index => `x: ${['id', 'status', 'intentId', 'description'][index % 4] ?? ''}`)} } }`,
  'conflicting fields with the same alias, nested': count => {
    const levels = Math.min(count, 12);
    const level = (left: number): string =>
      left === 0
        ? 'x: id x: status'
        : `x: intent { y: payout { ${level(left - 1)} } } `.repeat(left % 3 === 0 ? 2 : 1);
    return `{ ${payout} { ${level(levels)} } ${repeat(count - levels, () => 'nope')} }`;
  },
  'nested fields': count =>
    `{ ${payout} { ${'intent { payout { '.repeat(count)} id ${'} } '.repeat(count)} } }`,
  'nested unknown fields': count => `${'{ a '.repeat(count)} ${'}'.repeat(count)}`,
  'nested inline fragments': count => `{ nope ${'... { '.repeat(count)} __typename ${'} '.repeat(count)} }`,
  'selections on scalar fields': count =>
    `{ ${payout} { id ${'{ id '.repeat(count)} ${'}'.repeat(count)} } }`,
  'nested lists': count => `{ payouts(first: ${'['.repeat(count)} 1 ${']'.repeat(count)}) { totalCount } }`,
  'nested objects': count =>
    `{ payouts(filter: ${'{ amount: '.repeat(count)} 1 ${'}'.repeat(count)}) { totalCount } }`,
  'nested lists without closing brackets': count => `{ payouts(first: ${'['.repeat(count)}`,
  'nested list types': count => `query ($a: ${'['.repeat(count)} Int ${']'.repeat(count)}) { __typename }`,
  'operations with different names': count => `${repeat(count, index => `query Q${String(index)} { nope }`)}`,
  'anonymous operations': count => repeat(count, () => '{ __typename }'),
  'operations with the same name': count => repeat(count, () => 'query Q { __typename }'),
  'operations that all spread one fragment with many variables': count =>
    `${repeat(Math.ceil(count / 2), index => `query Q${String(index)} { ...F }`)}
     fragment F on Query { ${repeat(Math.ceil(count / 2), index => `payout(id: $v${String(index)}) { id }`)} }`,
  'unused variables': count => `query (${repeat(count, index => `$v${String(index)}: Int`)}) { __typename }`,
  'variables with the same name': count =>
    `query (${repeat(count, () => '$v: Int')}) { payouts(first: $v) { totalCount } }`,
  'variables of unknown types': count =>
    `query (${repeat(count, index => `$v${String(index)}: Payoutt${String(index)}`)}) { __typename }`,
  'undeclared variables': count =>
    `{ payouts(filter: { amount: { ${repeat(count, index => `min: $v${String(index)}`)} } }) { totalCount } }`,
  'a variable in positions of another type': count =>
    `query ($v: Boolean) { ${payout} { ${repeat(count, () => 'id')} } payouts(${repeat(count, () => 'first: $v')}) { totalCount } }`,
  'directives with the same name': count => `{ __typename ${'@include(if: true) '.repeat(count)} }`,
  'unknown directives': count => `{ __typename ${repeat(count, index => `@a${String(index)}`)} }`,
  'directives on an operation': count => `query ${'@skip '.repeat(count)} { __typename }`,
  'directives on variables': count =>
    `query (${repeat(count, index => `$v${String(index)}: Int @a`)}) { __typename }`,
  'unknown fields': count => `{ ${payout} { ${repeat(count, index => `nope${String(index)}`)} } }`,
  'misspelled fields': count =>
    `{ ${payout} { ${repeat(count, index => `postInitiationStatu${String(index)}`)} } }`,
  'unknown arguments': count =>
    `{ payouts(${repeat(count, index => `firs${String(index)}: 1`)}) { totalCount } }`,
  'arguments with the same name': count => `{ payouts(${repeat(count, () => 'first: 1')}) { totalCount } }`,
  'unknown input fields': count =>
    `{ payouts(filter: { ${repeat(count, index => `createdA${String(index)}: 1`)} }) { totalCount } }`,
  'input fields with the same name': count =>
    `{ payouts(filter: { ${repeat(count, () => 'amount: {}')} }) { totalCount } }`,
  'values of the wrong type': count =>
    `mutation { createPayouts(input: { idempotencyKey: "k", transfers: [${repeat(count, () => '1')}] }) { __typename } }`,
  'inputs without required fields': count =>
    `mutation { createPayouts(input: { idempotencyKey: "k", transfers: [${repeat(count, () => '{}')}] }) { __typename } }`,
  'misspelled types': count =>
    `{ ${payout} { ${repeat(count, index => `... on PayoutIntenn${String(index)} { id }`)} } }`,
  'fields with names of Object.prototype members': count =>
    `{ ${repeat(count, index => ['__proto__', 'constructor', 'toString', 'hasOwnProperty'][index % 4] ?? '')} }`,
  'fragments, arguments and directives with names of Object.prototype members': count =>
    `{ ...constructor ...__proto__ ${repeat(count, () => 'payout(__proto__: 1, constructor: 2) @toString { valueOf }')} }
     fragment __proto__ on constructor { __proto__ } fragment constructor on __proto__ { constructor }`,
  'nested introspection': count =>
    `{ __schema { types { ${'fields { type { '.repeat(count)} name ${'} } '.repeat(count)} } } }`,
  'repeated introspection': count =>
    `{ ${repeat(count, index => `a${String(index)}: __schema { types { name fields { name type { name } } } }`)} }`,
  'type definitions': count => repeat(count, index => `type T${String(index)} { a: Int }`),
  'type extensions': count => repeat(count, () => 'extend type Payout { a: Int }'),
  subscriptions: count => repeat(count, index => `subscription S${String(index)} { a b }`),
  strings: count => `{ payout(id: [${repeat(count, () => '"a"')}]) { id } }`,
  numbers: count => `{ payouts(first: [${repeat(count, index => String(index))}]) { totalCount } }`,
  braces: count => '{'.repeat(count),
  'stray punctuators': count => '!'.repeat(count),
  spreads: count => `{ ${'... '.repeat(count)}`,
};

/** Documents with few tokens that are as long as the body limit allows. */
const longDocuments: Readonly<Record<string, (count: number) => string>> = {
  'a string': count => `{ payout(id: "${'a'.repeat(count)}") { nope } }`,
  'a string of escapes': count => `{ payout(id: "${'\\u0061'.repeat(count)}") { nope } }`,
  'a string of invalid escapes': count => `{ payout(id: "${'\\uD800'.repeat(count)}") { id } }`,
  'a string of braced escapes': count => `{ payout(id: "${'\\u{1F4A9}'.repeat(count)}") { nope } }`,
  'an unterminated string': count => `{ payout(id: "${'a'.repeat(count)}`,
  'a block string with one line': count => `{ payout(id: """${'a'.repeat(count)}""") { nope } }`,
  'a block string with empty lines': count => `{ payout(id: """${'\n'.repeat(count)}""") { nope } }`,
  'a block string with increasing indentation': count =>
    `{ payout(id: """${repeat(Math.ceil(Math.sqrt(count)), index => ' '.repeat(index), '\n')}""") { nope } }`,
  'a block string with escaped quotes': count => `{ payout(id: """${'\\"""'.repeat(count)}""") { nope } }`,
  'an unterminated block string': count => `{ payout(id: """${'"" '.repeat(count)}`,
  'a long name': count => `{ ${'a'.repeat(count)} }`,
  'a long type name': count => `{ ... on ${'Payout'.repeat(count)} { id } }`,
  'long names': count =>
    `{ ${payout} { ${repeat(100, index => 'a'.repeat(Math.ceil(count / 100)) + String(index))} } }`,
  'misspelled long field names': count =>
    `{ ${payout} { ${repeat(Math.min(count, 900), index => `bankTransactionReferenc${String(index)}`)} } }`,
  'a long number': count => `{ payouts(first: ${'9'.repeat(count)}) { totalCount } }`,
  'a long invalid fraction': count =>
    `{ payouts(filter: { amount: { min: 0.${'1'.repeat(count)}e } }) { totalCount } }`,
  'a long comment': count => `#${'a'.repeat(count)}\n{ nope }`,
  'many comments': count =>
    `${'#\n'.repeat(count)}{ ${payout} { ${repeat(120, index => `nope${String(index)}`)} } }`,
  commas: count => `{${','.repeat(count)}nope }`,
  spaces: count => `{${' '.repeat(count)}nope }`,
  'byte order marks': count => `{${'\uFEFF'.repeat(count)}nope }`,
  'lines before errors': count =>
    `{ ${payout} { ${'\n'.repeat(count)} ${repeat(120, index => `nope${String(index)}`)} } }`,
  'lines of mixed line ends before errors': count =>
    `{ ${payout} { ${'\r\n\r'.repeat(count)} ${repeat(120, index => `nope${String(index)}`)} } }`,
  'lines before conflicting fields': count =>
    `{ ${payout} { ${'\n'.repeat(count)} ${repeat(14, index => `x: ${['id', 'status'][index % 2] ?? ''}`)} } }`,
  'lines between errors': count =>
    `{ ${payout} { ${repeat(120, index => `nope${String(index)}${'\n'.repeat(Math.ceil(count / 120))}`)} } }`,
  'lines before a syntax error': count => `{ ${'\n'.repeat(count)} ! }`,
  'characters outside the basic multilingual plane': count => `{ ${'💩'.repeat(count)} }`,
  'lone surrogates': count => `{ payout(id: "${'\uD83D'.repeat(count)}") { nope } }`,
  'control characters': count => `{ ${'\u0000'.repeat(count)} }`,
};

const nest = (count: number, open: string, close: string, inside = '1'): string =>
  open.repeat(count) + inside + close.repeat(count);

/** Requests whose harm is not in the document. */
function otherRequests(): HostileRequest[] {
  const query = (text: string, variables: string) => (salt: string) =>
    `{"query":${JSON.stringify(`${text}\n#${salt}`)},"variables":${variables}}`;
  const list = 'query ($v: PayoutFilter) { payouts(filter: $v) { totalCount } }';
  const entities =
    'query ($v: [_Any!]!) { _entities(representations: $v) { __typename ... on Payout { status } } }';
  const payMany = 'mutation ($v: CreatePayoutsInput!) { createPayouts(input: $v) { __typename } }';
  const text = (count: number, one = 'a'): string => JSON.stringify(one.repeat(count));
  const bodies: readonly (readonly [name: string, body: HostileRequest['body']])[] = [
    ['deep lists in a variable', query(list, `{"v":${nest(30_000, '[', ']')}}`)],
    ['deep objects in a variable', query(list, `{"v":${nest(10_000, '{"a":', '}')}}`)],
    [
      'deep objects with a known field name in a variable',
      query(list, `{"v":${nest(5000, '{"amount":', '}')}}`),
    ],
    [
      'deep lists beside a long number',
      query(list, `{"v":${nest(30_000, '[', ']', '12345678901234567890')}}`),
    ],
    [
      'deep lists in an undeclared variable',
      query('query ($v: Int!) { payouts(first: $v) { totalCount } }', `{"w":${nest(30_000, '[', ']')}}`),
    ],
    ['many variables', query(list, `{"v":1,${repeat(5000, index => `"v${String(index)}":1`, ',')}}`)],
    [
      'variables with names of Object.prototype members',
      query(list, '{"__proto__":{"v":{}},"constructor":1,"v":{"__proto__":1,"constructor":{},"toString":1}}'),
    ],
    ['a long string for a number', query(list, `{"v":{"amount":{"min":${text(60_000, '1')}}}}`)],
    [
      'a long string that is almost a number',
      query(list, `{"v":{"amount":{"min":"${'1'.repeat(60_000)}x"}}}`),
    ],
    ['a long invalid number', query(list, `{"v":{"amount":{"min":${'1'.repeat(60_000)}x}}}`)],
    ['a number with a large exponent', query(list, '{"v":{"amount":{"min":1e99999999}}}')],
    ['a string with a large exponent', query(list, '{"v":{"amount":{"min":"1e99999999"}}}')],
    [
      'a long string for a date-time',
      query(list, `{"v":{"createdAt":{"from":"2026-01-01T00:00:00.${'0'.repeat(60_000)}"}}}`),
    ],
    ['a long list for an object', query(list, `{"v":[${repeat(30_000, () => '1', ',')}]}`)],
    [
      'many unknown input fields',
      query(list, `{"v":{${repeat(4000, index => `"amoun${String(index)}":1`, ',')}}}`),
    ],
    [
      'many unknown input fields and a long list',
      query(
        list,
        `{"v":{"a":[${repeat(25_000, () => '1', ',')}],${repeat(200, index => `"amoun${String(index)}":1`, ',')}}}`,
      ),
    ],
    [
      'many unknown input fields and a list of nested objects',
      query(
        list,
        `{"v":{"a":[${repeat(2000, () => '{"a":{"a":{"a":1}}}', ',')}],${repeat(200, index => `"amoun${String(index)}":1`, ',')}}}`,
      ),
    ],
    [
      'many transfers of the wrong type',
      query(payMany, `{"v":{"idempotencyKey":"k","transfers":[${repeat(30_000, () => '1', ',')}]}}`),
    ],
    [
      'many transfers without required fields',
      query(payMany, `{"v":{"idempotencyKey":"k","transfers":[${repeat(20_000, () => '{}', ',')}]}}`),
    ],
    [
      'many representations',
      query(
        entities,
        `{"v":[${repeat(1000, index => `{"__typename":"Payout","id":"${String(index)}"}`, ',')}]}`,
      ),
    ],
    ['many empty representations', query(entities, `{"v":[${repeat(20_000, () => '{}', ',')}]}`)],
    [
      'many representations that are numbers',
      query(entities, `{"v":[${repeat(9000, index => String(index), ',')}]}`),
    ],
    [
      'many representations with deep ids',
      query(
        entities,
        `{"v":[${repeat(300, () => `{"__typename":"Payout","id":${nest(80, '[', ']')}}`, ',')}]}`,
      ),
    ],
    [
      'many representations with an invalid __typename',
      query(entities, `{"v":[${repeat(1000, () => '{"__typename":{"toString":1},"id":1}', ',')}]}`),
    ],
    ['a batch of many requests', salt => `[${repeat(2000, () => `{"query":"{ __typename #${salt}"}`, ',')}]`],
    ['nested lists', () => nest(32_000, '[', ']')],
    ['lists without closing brackets', () => '['.repeat(65_000)],
    ['objects without closing braces', () => '{"a":'.repeat(13_000)],
    ['a body that is not JSON', () => 'a'.repeat(65_000)],
    ['an empty body', () => ''],
    ['null', () => 'null'],
    ['a body of spaces', () => ' '.repeat(65_000)],
    ['an object without a document', () => '{}'],
    ['an empty document', request('')],
    ['a document that is an object', () => '{"query":{"a":1}}'],
    ['a document that is a deep list', () => `{"query":${nest(30_000, '[', ']')}}`],
    [
      'variables that are a list',
      salt => JSON.stringify({ query: `{ __typename } #${salt}`, variables: [1] }),
    ],
    ['deep extensions', salt => `{"query":"{ nope } #${salt}","extensions":${nest(10_000, '{"a":', '}')}}`],
    [
      'many parameters',
      salt => `{"query":"{ __typename } #${salt}",${repeat(5000, index => `"p${String(index)}":1`, ',')}}`,
    ],
    [
      'the name of a missing operation',
      request(
        repeat(120, index => `query Q${String(index)} { __typename }`),
        { operationName: 'Q'.repeat(20_000) },
      ),
    ],
    [
      'an invalid document hash',
      salt => JSON.stringify({ documentId: `sha256:${'0'.repeat(60_000)}${salt}` }),
    ],
    ['a document hash with the name __proto__', () => JSON.stringify({ documentId: '__proto__' })],
    [
      'bytes that are invalid UTF-8',
      salt =>
        Buffer.concat([
          Buffer.from(`{"query":"{ nope } #${salt}`),
          Buffer.alloc(60_000, 0xff),
          Buffer.from('"}'),
        ]),
    ],
    [
      'incomplete UTF-8 sequences',
      salt =>
        Buffer.concat([
          Buffer.from(`{"query":"{ nope } #${salt}`),
          Buffer.alloc(60_000, 0xf0),
          Buffer.from('"}'),
        ]),
    ],
    ['a body of zero bytes', () => Buffer.alloc(65_000)],
  ];
  return bodies.map(([name, body]) => ({ name, body }));
}

/** All requests. Their names are unique. */
export function hostileRequests(): readonly HostileRequest[] {
  return [
    ...Object.entries(scalableDocuments).flatMap(([name, document]) => {
      const within = document(largest(maxTokens, count => isLexedWithin(document(count), maxTokens)));
      const beyond = document(largest(maxBytes, count => fits(document(count))));
      return [
        { name: `${name}, within the token limit`, body: request(within) },
        { name: `${name}, beyond the token limit`, body: request(beyond) },
      ];
    }),
    ...Object.entries(longDocuments).map(([name, document]) => ({
      name: `long document: ${name}`,
      body: request(document(largest(maxBytes, count => fits(document(count))))),
    })),
    ...otherRequests(),
  ];
}
