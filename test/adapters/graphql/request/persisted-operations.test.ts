import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionResult } from 'graphql';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import {
  ConfigError,
  parseConfig,
  startGateway,
  type RunningGateway,
} from '../../../../src/composition/gateway.ts';
import { payoutIdOf } from '../../../../src/payouts/values/ids.ts';
import { exampleIntentId, sandboxCredentials } from '../../../../src/sandbox/fixtures.ts';
import type { Environment } from '../../../../src/config/config.ts';
import { startIssuer } from '../../../support/issuer.ts';
import { createPayoutDocument, payoutInput } from '../../../support/payout-input.ts';
import { startListeningGateway } from '../../../support/running-gateway.ts';
import { startTestGateway, type OperationResult, type TestGateway } from '../../../support/test-gateway.ts';

/**
 * Documents as the client preset of GraphQL Code Generator prints them: in one line, with the fragments at the end.
 */
const documents = {
  payout:
    'query Payout($id: ID!) { payout(id: $id) { __typename ...Row } } fragment Row on Payout { id intentId }',
  payouts:
    'query Payouts($first: Int) { payouts(first: $first) { nodes { statusDetails history { status } } } }',
  pay: createPayoutDocument,
};

const hash = (document: string): string => createHash('sha256').update(document).digest('hex');

/**
 * A manifest with both kinds of keys: the client preset writes keys without the prefix `sha256:`, other tools with
 * it.
 */
const manifest: Readonly<Record<string, string>> = {
  [hash(documents.payout)]: documents.payout,
  [hash(documents.payouts)]: documents.payouts,
  [`sha256:${hash(documents.pay)}`]: documents.pay,
};

const variables = { id: payoutIdOf(exampleIntentId) };
const payout = { payout: { __typename: 'Payout', ...variables, intentId: exampleIntentId } };
const unlisted = { query: '{ payouts { totalCount } }' };
const routerHeaders = { 'x-router-secret': 'secret-of-the-router' };

async function writeManifest(content: unknown): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'lean-payouts-test-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'persisted-documents.json');
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content, null, 2));
  return file;
}

async function gatewayWith(
  mode: 'off' | 'allow' | 'only',
  env: Readonly<Record<string, string>> = {},
): Promise<TestGateway> {
  return startTestGateway({
    env: { PERSISTED_OPERATIONS: mode, PERSISTED_OPERATIONS_FILE: await writeManifest(manifest), ...env },
  });
}

async function post(gateway: TestGateway, body: object, headers: object = {}): Promise<OperationResult> {
  return gateway.run(
    '',
    {},
    {
      body: JSON.stringify(body),
      headers: {
        'content-type': 'application/json',
        accept: 'application/graphql-response+json',
        ...headers,
      },
    },
  );
}

async function get(
  gateway: TestGateway,
  parameters: Readonly<Record<string, unknown>>,
): Promise<OperationResult> {
  const search = new URLSearchParams(
    Object.entries(parameters).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  );
  const response = await fetch(`${gateway.url}?${search.toString()}`, {
    headers: { accept: 'application/graphql-response+json' },
  });
  return {
    status: response.status,
    ...((await response.json()) as ExecutionResult<Record<string, unknown>>),
  };
}

const namedById = (document: string): object => ({ documentId: `sha256:${hash(document)}` });
const namedAsByApollo = (document: string): object => ({
  extensions: { persistedQuery: { version: 1, sha256Hash: hash(document) } },
});

function refusal(code: string, message?: string): object {
  return {
    status: 400,
    errors: [{ message: message ?? (expect.any(String) as string), extensions: { code } }],
  };
}

describe.each(['allow', 'only'] as const)(
  'with persisted operations "%s", an operation of the manifest',
  mode => {
    it.each([
      ['by documentId', namedById(documents.payout)],
      ['by documentId in upper case', { documentId: `SHA256:${hash(documents.payout).toUpperCase()}` }],
      ['by documentId without the prefix', { documentId: hash(documents.payout) }],
      ['by the extension of Apollo’s clients', namedAsByApollo(documents.payout)],
    ])('runs with its variables, by POST and by GET: %s', async (_name, named) => {
      const gateway = await gatewayWith(mode);
      expect(await post(gateway, { ...named, variables })).toEqual({ status: 200, data: payout });
      expect(gateway.received()).toEqual({ getPayoutIntent: 1 });
      expect(await get(gateway, { ...named, variables })).toEqual({ status: 200, data: payout });
      expect(gateway.received()).toEqual({ getPayoutIntent: 1 });
    });

    it('pays by POST, and is refused by GET', async () => {
      const gateway = await gatewayWith(mode);
      const request = { ...namedById(documents.pay), variables: { input: payoutInput('key-1') } };
      const refused = { status: 405, errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] };
      expect(await get(gateway, request)).toMatchObject(refused);
      expect(gateway.received()).toEqual({});
      expect(await post(gateway, request)).toMatchObject({
        data: { createPayout: { __typename: 'PayoutCreated' } },
      });
      expect(gateway.received()).toEqual({ createPayoutPayment: 1 });
      expect(await get(gateway, request)).toMatchObject(refused);
      expect(gateway.received()).toEqual({});
    });

    it('is refused if its variables are invalid, or if it costs too many Lean calls', async () => {
      const gateway = await gatewayWith(mode, { MAX_UPSTREAM_CALLS: '20' });
      const request = (first: number): object => ({ ...namedById(documents.payouts), variables: { first } });
      expect(await post(gateway, { ...namedById(documents.payout), variables: { id: [] } })).toMatchObject({
        status: 400,
        errors: [{ extensions: { code: 'BAD_USER_INPUT', argument: 'id' } }],
      });
      expect(await post(gateway, request(10))).toMatchObject({
        status: 400,
        errors: [{ extensions: { code: 'OPERATION_TOO_EXPENSIVE', cost: 21, maxCost: 20 } }],
      });
      expect(gateway.received()).toEqual({});
      expect(await post(gateway, request(2))).toMatchObject({ status: 200 });
    });

    it('is refused without a token or without the required scope', async () => {
      const issuer = await startIssuer();
      onTestFinished(() => issuer.close());
      const gateway = await gatewayWith(mode, issuer.env as Record<string, string>);
      const authorization = async (scope: string) => ({
        authorization: `Bearer ${await issuer.token({ scope })}`,
      });
      const request = { ...namedById(documents.payout), variables };
      expect(await post(gateway, request)).toMatchObject({
        status: 401,
        errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
      });
      expect(await post(gateway, request, await authorization('payouts:create'))).toMatchObject({
        status: 403,
        errors: [{ extensions: { code: 'FORBIDDEN' } }],
      });
      expect(gateway.received()).toEqual({});
      expect(await post(gateway, request, await authorization('payouts:read'))).toEqual({
        status: 200,
        data: payout,
      });
    });
  },
);

describe.each(['off', 'allow', 'only'] as const)('with persisted operations "%s", an unknown id', mode => {
  const unknown = hash('another document');

  it.each([
    ['a hash', { documentId: `sha256:${unknown}` }],
    ['not a hash', { documentId: 'payouts' }],
    ['a name of Object.prototype', { documentId: '__proto__' }],
  ])('is refused without a Lean call: %s', async (_name, named) => {
    const gateway = await gatewayWith(mode);
    const message =
      mode === 'off'
        ? 'Persisted operations are off. Send query instead of documentId.'
        : 'No persisted operation has this documentId.';
    const refused = refusal('PERSISTED_OPERATION_NOT_FOUND', message);
    expect(await post(gateway, { ...named, variables })).toEqual(refused);
    expect(await get(gateway, { ...named, variables })).toEqual(refused);
    expect(gateway.received()).toEqual({});
  });

  it('is refused with the message that Apollo’s clients look for if it comes as from them', async () => {
    const gateway = await gatewayWith(mode);
    const request = { extensions: { persistedQuery: { version: 1, sha256Hash: unknown } }, variables };
    const message = mode === 'off' ? 'PersistedQueryNotSupported' : 'PersistedQueryNotFound';
    const refused = refusal('PERSISTED_OPERATION_NOT_FOUND', message);
    expect(await post(gateway, request)).toEqual(refused);
    expect(await get(gateway, request)).toEqual(refused);
    // Apollo's gateway reads the message only from a response with the status 200.
    expect(await post(gateway, request, { accept: 'application/json' })).toEqual({ ...refused, status: 200 });
    expect(gateway.received()).toEqual({});
  });

  it.each([
    ['no parameters', {}],
    ['an empty query', { query: '' }],
    ['a documentId that is not a string', { documentId: 5 }],
    ['a persistedQuery without a hash', { extensions: { persistedQuery: { version: 1 } } }],
    ['a persistedQuery that is null', { extensions: { persistedQuery: null } }],
  ])('is required in a request without query: %s', async (_name, body) => {
    const gateway = await gatewayWith(mode);
    for (const accept of ['application/json', 'application/graphql-response+json'])
      expect(await post(gateway, { ...body, variables }, { accept })).toEqual(refusal('BAD_USER_INPUT'));
    expect(gateway.received()).toEqual({});
  });
});

it('an empty query beside the id of an operation counts as absent', async () => {
  const gateway = await gatewayWith('only');
  const body = { query: '', ...namedById(documents.payout), variables };
  expect(await post(gateway, body)).toMatchObject({ status: 200, data: expect.anything() as unknown });
  expect(await get(gateway, body)).toMatchObject({ status: 200, data: expect.anything() as unknown });
});

describe('an operation that is not in the manifest', () => {
  it.each(['off', 'allow'] as const)('runs with persisted operations "%s"', async mode => {
    const gateway = await gatewayWith(mode);
    expect(await post(gateway, unlisted)).toMatchObject({ status: 200 });
    expect(await get(gateway, unlisted)).toMatchObject({ status: 200 });
    expect(gateway.received()).toEqual({ listPayouts: 2 });
  });

  it('is not registered when Apollo’s clients send it with its hash', async () => {
    const gateway = await gatewayWith('allow');
    expect(await post(gateway, { ...unlisted, ...namedAsByApollo(unlisted.query) })).toMatchObject({
      status: 200,
    });
    expect(await post(gateway, namedAsByApollo(unlisted.query))).toEqual(
      refusal('PERSISTED_OPERATION_NOT_FOUND', 'PersistedQueryNotFound'),
    );
  });

  it.each<[how: string, body: Readonly<Record<string, unknown>>]>([
    ['a query', unlisted],
    [
      'with the id of an operation in the manifest',
      { ...unlisted, ...namedById(documents.payout), variables },
    ],
    ['with its own hash, as from Apollo’s clients', { ...unlisted, ...namedAsByApollo(unlisted.query) }],
    ['a document of the manifest, sent as a query', { query: documents.payout, variables }],
    ['not GraphQL', { query: 'x' }],
    ['introspection', { query: '{ __schema { types { name } } }' }],
    ['a mutation', { query: documents.pay, variables: { input: payoutInput('key-1') } }],
  ])('is refused with "only" and without a Lean call: %s', async (_name, body) => {
    const gateway = await gatewayWith('only', { ROUTER_SECRET: routerHeaders['x-router-secret'] });
    const refused = refusal('PERSISTED_OPERATION_REQUIRED');
    expect(await post(gateway, body)).toEqual(refused);
    expect(await get(gateway, body)).toEqual(refused);
    expect(await post(gateway, body, { 'x-router-secret': 'another secret, no longer' })).toEqual(refused);
    expect(await post(gateway, body, { 'x-router-secret': '' })).toEqual(refused);
    expect(gateway.received()).toEqual({});
  });

  it('is refused with "only" for every caller if no router secret is configured', async () => {
    const gateway = await gatewayWith('only');
    for (const headers of [{}, routerHeaders, { 'x-router-secret': '' }, { 'x-router-secret': 'undefined' }])
      expect(await post(gateway, unlisted, headers)).toEqual(refusal('PERSISTED_OPERATION_REQUIRED'));
    expect(gateway.received()).toEqual({});
  });

  it('runs with "only" for the router', async () => {
    const gateway = await gatewayWith('only', { ROUTER_SECRET: routerHeaders['x-router-secret'] });
    const entities = {
      query: 'query ($of: [_Any!]!) { _entities(representations: $of) { ... on Payout { id } } }',
      variables: { of: [{ __typename: 'Payout', ...variables }] },
    };
    expect(await post(gateway, entities, routerHeaders)).toEqual({
      status: 200,
      data: { _entities: [variables] },
    });
    expect(await post(gateway, { query: '{ _service { sdl } }' }, routerHeaders)).toMatchObject({
      status: 200,
    });
    expect(await post(gateway, { ...namedById(documents.payout), variables }, routerHeaders)).toMatchObject({
      status: 200,
    });
    expect(gateway.received()).toEqual({ getPayoutIntent: 2 });
    const tooDeep = {
      query: `{ payouts { nodes { ${'intent { payout { '.repeat(5)} id ${'} } '.repeat(5)} } } }`,
    };
    expect(await post(gateway, tooDeep, routerHeaders)).toEqual(refusal('OPERATION_TOO_EXPENSIVE'));
  });
});

describe('an empty manifest with "only" and a router secret', () => {
  it('lets only the router query', async () => {
    const gateway = await startTestGateway({
      env: {
        PERSISTED_OPERATIONS: 'only',
        PERSISTED_OPERATIONS_FILE: await writeManifest({}),
        ROUTER_SECRET: routerHeaders['x-router-secret'],
      },
    });
    expect(await post(gateway, unlisted)).toEqual(refusal('PERSISTED_OPERATION_REQUIRED'));
    expect(await post(gateway, { ...namedById(documents.payout), variables })).toEqual(
      refusal('PERSISTED_OPERATION_NOT_FOUND'),
    );
    expect(gateway.received()).toEqual({});
    const body = { query: documents.payout, variables };
    expect(await post(gateway, body, routerHeaders)).toMatchObject({ status: 200, data: { payout: {} } });
    expect(gateway.received()).toEqual({ getPayoutIntent: 1 });
  });
});

describe('the gateway does not start with an invalid manifest', () => {
  async function start(file: string, env: Environment = {}): Promise<RunningGateway> {
    const folder = await mkdtemp(join(tmpdir(), 'lean-payouts-test-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const gateway = await startGateway(
      parseConfig({
        LEAN_BASE_URL: 'http://127.0.0.1:9',
        LEAN_API_TOKEN: sandboxCredentials.token,
        AUTH: 'none',
        PORT: '0',
        REST_PORT: 'off',
        MCP_PORT: 'off',
        LOG_LEVEL: 'silent',
        DATA_DIR: folder,
        PERSISTED_OPERATIONS: 'only',
        PERSISTED_OPERATIONS_FILE: file,
        ...env,
      }),
    );
    onTestFinished(() => gateway.close());
    return gateway;
  }

  async function problemsWith(file: string, env: Environment = {}): Promise<readonly string[]> {
    const error: unknown = await start(file, env).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).message.split('\n');
  }

  const accepted = '; accepted: a JSON object of documents by their sha256: hash.';
  const problemLine = (problem: string): string => `PERSISTED_OPERATIONS_FILE: ${problem}${accepted}`;

  it.each<[name: string, content: unknown, problem: string]>([
    ['not JSON', '{', 'is not JSON'],
    ['an empty file', '', 'is not JSON'],
    ['a list', [documents.payout], 'is not a JSON object of documents by their hash'],
    ['null', 'null', 'is not a JSON object of documents by their hash'],
    ['a string', '"x"', 'is not a JSON object of documents by their hash'],
  ])('in a file of the wrong form: %s', async (_name, content, problem) => {
    const file = await writeManifest(content);
    expect(await problemsWith(file)).toEqual([problemLine(`${JSON.stringify(file)} ${problem}`)]);
  });

  it('without operations, unless the router has a secret and may query', async () => {
    const file = await writeManifest({});
    const empty = `${JSON.stringify(file)} contains no operations`;
    expect(await problemsWith(file)).toEqual([
      `PERSISTED_OPERATIONS_FILE: ${empty}; accepted: a JSON object of documents by their sha256: hash, or ` +
        'an empty one if ROUTER_SECRET is set, so that only the router may query.',
    ]);
    const allow = { PERSISTED_OPERATIONS: 'allow', ROUTER_SECRET: 'secret' };
    expect(await problemsWith(file, allow)).toEqual([problemLine(empty)]);
  });

  it('in a file that does not exist', async () => {
    const file = join(tmpdir(), 'lean-payouts-no-such-file.json');
    expect(await problemsWith(file)).toEqual([
      problemLine(`${JSON.stringify(file)} cannot be read (ENOENT)`),
    ]);
  });

  it('in a folder', async () => {
    expect(await problemsWith(tmpdir())).toEqual([
      problemLine(`${JSON.stringify(tmpdir())} cannot be read (EISDIR)`),
    ]);
  });

  const invalidKey = 'is not sha256: and 64 lower-case hexadecimal digits';

  it.each<[name: string, key: string, problem: string]>([
    ['not a hash', 'Payouts', invalidKey],
    ['a hash of another algorithm', createHash('sha1').update(documents.payout).digest('hex'), invalidKey],
    ['a hash in upper case', hash(documents.payout).toUpperCase(), invalidKey],
    ['a hash with another prefix', `sha1:${hash(documents.payout)}`, invalidKey],
    ['a hash of another document', `sha256:${hash(documents.payouts)}`, 'is not the hash of its document'],
    ['a name of Object.prototype', 'constructor', invalidKey],
  ])('with a key that is %s', async (_name, key, problem) => {
    const file = await writeManifest({ ...manifest, [key]: documents.payout });
    expect(await problemsWith(file)).toEqual([problemLine(`${JSON.stringify(key)} ${problem}`)]);
  });

  it('with a document that is not a string', async () => {
    const key = hash(documents.payout);
    expect(await problemsWith(await writeManifest({ [key]: { body: documents.payout } }))).toEqual([
      problemLine(`"${key}" has a value that is not a string`),
    ]);
  });

  const notGraphql = 'has a document that is not GraphQL';
  const notOneOperation = 'has a document that does not hold exactly one operation';
  const refused = (message: string): string => `would be refused: ${message}`;
  const nested = `${'{ intent { payout '.repeat(5)}{ id ${'} } '.repeat(5)}}`;
  it.each<[name: string, document: string, problem: string]>([
    ['does not parse', '{', `${notGraphql}: Syntax Error: Expected Name, found <EOF>.`],
    ['is empty', '', `${notGraphql}: Syntax Error: Unexpected <EOF>.`],
    ['has two operations', 'query A { __typename } query B { __typename }', notOneOperation],
    ['has no operation', 'fragment F on Payout { id }', notOneOperation],
    [
      'has an unknown field',
      '{ payouts { total } }',
      refused('Cannot query field "total" on type "PayoutConnection".'),
    ],
    [
      'is too deep',
      `query ($id: ID!) { payout(id: $id) ${nested} }`,
      refused('Query depth limit of 10 exceeded, found 12.'),
    ],
    [
      'has too many tokens',
      `{ payouts(filter: { amount: { ${'min: 1 '.repeat(400)} } }) { totalCount } }`,
      refused('The document has more than 1000 tokens.'),
    ],
    [
      'moves money twice',
      `mutation ($i: CreatePayoutInput!) { a: createPayout(input: $i) { __typename } b: createPayout(input: $i) { __typename } }`,
      refused(
        'A document may hold at most one field that moves money. Send one document per payout, or pay several ' +
          'with createPayouts.',
      ),
    ],
  ])('with a document that %s', async (_name, document, problem) => {
    const key = `sha256:${hash(document)}`;
    const file = await writeManifest({ ...manifest, [key]: document });
    expect(await problemsWith(file)).toEqual([problemLine(`"${key}" ${problem}`)]);
  });

  it.each([
    [
      'introspects while introspection is off',
      '{ __schema { queryType { name } } }',
      /^PERSISTED_OPERATIONS_FILE: "[0-9a-f]{64}" would be refused: GraphQL introspection has been disabled/,
    ],
    [
      'has a variable called __proto__',
      'query ($__proto__: Int) { payouts(first: $__proto__) { totalCount } }',
      /^PERSISTED_OPERATIONS_FILE: "[0-9a-f]{64}" would be refused: A variable cannot be called "__proto__"/,
    ],
  ])('with a document that %s', async (_name, document, problem) => {
    const file = await writeManifest({ [hash(document)]: document });
    expect(await problemsWith(file)).toEqual([expect.stringMatching(problem)]);
  });

  it('and its error has a line for each of the first ten problems', async () => {
    const keys = Array.from({ length: 30 }, (_, index) => `key-${String(index)}`);
    const file = await writeManifest(Object.fromEntries(keys.map(key => [key, documents.payout])));
    expect(await problemsWith(file)).toEqual(
      keys.slice(0, 10).map(key => problemLine(`"${key}" ${invalidKey}`)),
    );
  });

  it('but starts with a valid one', async () => {
    const gateway = await start(await writeManifest(manifest));
    expect(gateway.url).toMatch(/^http:/);
  });
});

it.each([
  ['documentId', { documentId: `sha256:${hash(documents.payout)}` }],
  [
    'the extension of Apollo’s clients',
    { extensions: { persistedQuery: { sha256Hash: hash(documents.payout) } } },
  ],
])('a WebSocket runs a persisted operation by %s, without a query', async (_name, named) => {
  const gateway = await startListeningGateway({
    env: { PERSISTED_OPERATIONS: 'only', PERSISTED_OPERATIONS_FILE: await writeManifest(manifest) },
  });
  onTestFinished(() => gateway.close());
  const socket = new WebSocket(gateway.url.replace('http', 'ws'), 'graphql-transport-ws');
  onTestFinished(() => {
    socket.terminate();
  });
  const received: { readonly type: string; readonly payload?: object }[] = [];
  socket.on('message', (data: Buffer) => received.push(JSON.parse(data.toString()) as (typeof received)[0]));
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'connection_init' }));
  await expect.poll(() => received).toHaveLength(1);
  socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { ...named, variables } }));
  await expect
    .poll(() => received.find(({ type }) => type === 'next')?.payload)
    .toMatchObject({ data: payout });
});
