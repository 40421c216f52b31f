import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionResult } from 'graphql';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  ConfigError,
  parseConfig,
  startGateway,
  type RunningGateway,
} from '../../../src/composition/gateway.ts';
import { payoutIdOf } from '../../../src/payouts/values/ids.ts';
import { exampleIntentId, sandboxCredentials } from '../../../src/sandbox/named.ts';
import { startIssuer } from '../../support/issuer.ts';
import { createPayoutDocument, payoutInput } from '../../support/payout-input.ts';
import { startTestGateway, type TestGateway } from '../../support/test-gateway.ts';

/** As the client preset of GraphQL Code Generator prints an operation: in one line, its fragments behind it. */
const documents = {
  payout:
    'query Payout($id: ID!) { payout(id: $id) { __typename ...Row } } fragment Row on Payout { id intentId }',
  payouts:
    'query Payouts($first: Int) { payouts(first: $first) { nodes { statusDetails history { status } } } }',
  pay: createPayoutDocument,
};

const hash = (document: string): string => createHash('sha256').update(document).digest('hex');

/** The client preset writes keys without a prefix (`hashAlgorithm: 'sha256'`), others with one; one of each. */
const manifest: Readonly<Record<string, string>> = {
  [hash(documents.payout)]: documents.payout,
  [hash(documents.payouts)]: documents.payouts,
  [`sha256:${hash(documents.pay)}`]: documents.pay,
};

const variables = { id: payoutIdOf(exampleIntentId) };
const payout = { payout: { __typename: 'Payout', ...variables, intentId: exampleIntentId } };
const arbitrary = { query: '{ payouts { totalCount } }' };
const router = { 'x-router-secret': 'secret-of-the-router' };

async function fileOf(content: unknown): Promise<string> {
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
    env: { PERSISTED_OPERATIONS: mode, PERSISTED_OPERATIONS_FILE: await fileOf(manifest), ...env },
  });
}

type Answer = ExecutionResult<Record<string, unknown>> & { readonly status: number };

async function post(gateway: TestGateway, body: object, headers: object = {}): Promise<Answer> {
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

async function get(gateway: TestGateway, parameters: Readonly<Record<string, unknown>>): Promise<Answer> {
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

const byId = (document: string): object => ({ documentId: `sha256:${hash(document)}` });
const asApollo = (document: string): object => ({
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
      ['by documentId', byId(documents.payout)],
      ['by documentId in capitals', { documentId: `SHA256:${hash(documents.payout).toUpperCase()}` }],
      ['by documentId with no prefix', { documentId: hash(documents.payout) }],
      ['as Apollo’s clients name it', asApollo(documents.payout)],
    ])('runs with its variables, by POST and by GET: %s', async (_how, named) => {
      const gateway = await gatewayWith(mode);
      expect(await post(gateway, { ...named, variables })).toEqual({ status: 200, data: payout });
      expect(gateway.received()).toEqual({ getPayoutIntent: 1 });
      expect(await get(gateway, { ...named, variables })).toEqual({ status: 200, data: payout });
      expect(gateway.received()).toEqual({ getPayoutIntent: 1 });
    });

    it('pays by POST, and never by GET', async () => {
      const gateway = await gatewayWith(mode);
      const request = { ...byId(documents.pay), variables: { input: payoutInput('key-1') } };
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

    it('is held to its variables, and to what it may cost', async () => {
      const gateway = await gatewayWith(mode, { MAX_UPSTREAM_CALLS: '20' });
      const request = (first: number): object => ({ ...byId(documents.payouts), variables: { first } });
      expect(await post(gateway, { ...byId(documents.payout), variables: { id: [] } })).toMatchObject({
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

    it('is held to the scopes of its caller', async () => {
      const issuer = await startIssuer();
      onTestFinished(() => issuer.close());
      const gateway = await gatewayWith(mode, issuer.env as Record<string, string>);
      const authorization = async (scope: string) => ({
        authorization: `Bearer ${await issuer.token({ scope })}`,
      });
      const request = { ...byId(documents.payout), variables };
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

describe.each(['off', 'allow', 'only'] as const)(
  'with persisted operations "%s", a name that is in no manifest',
  mode => {
    const unknown = hash('another document');

    it.each([
      ['a hash', { documentId: `sha256:${unknown}` }],
      ['no hash', { documentId: 'payouts' }],
      ['a name out of JavaScript', { documentId: '__proto__' }],
    ])('is refused with a code, and nothing sent: %s', async (_what, named) => {
      const gateway = await gatewayWith(mode);
      const refused = refusal(
        'PERSISTED_OPERATION_NOT_FOUND',
        'There is no persisted operation of this name.',
      );
      expect(await post(gateway, { ...named, variables })).toEqual(refused);
      expect(await get(gateway, { ...named, variables })).toEqual(refused);
      expect(gateway.received()).toEqual({});
    });

    it('is refused by the words that Apollo’s clients know', async () => {
      const gateway = await gatewayWith(mode);
      const request = { extensions: { persistedQuery: { version: 1, sha256Hash: unknown } }, variables };
      const refused = refusal('PERSISTED_OPERATION_NOT_FOUND', 'PersistedQueryNotFound');
      expect(await post(gateway, request)).toEqual(refused);
      expect(await get(gateway, request)).toEqual(refused);
      expect(gateway.received()).toEqual({});
    });

    it.each([
      ['nothing', {}],
      ['a documentId that is no text', { documentId: 5 }],
      ['extensions that name nothing', { extensions: { persistedQuery: { version: 1 } } }],
      ['extensions that are none', { extensions: { persistedQuery: null } }],
    ])('is asked for where there is none: %s', async (_what, body) => {
      const gateway = await gatewayWith(mode);
      expect(await post(gateway, { ...body, variables })).toEqual(refusal('BAD_USER_INPUT'));
      expect(gateway.received()).toEqual({});
    });
  },
);

describe('an operation of no manifest', () => {
  it.each(['off', 'allow'] as const)('runs with persisted operations "%s"', async mode => {
    const gateway = await gatewayWith(mode);
    expect(await post(gateway, arbitrary)).toMatchObject({ status: 200 });
    expect(await get(gateway, arbitrary)).toMatchObject({ status: 200 });
    expect(gateway.received()).toEqual({ listPayouts: 2 });
  });

  it('is not learnt from Apollo’s clients, who may send it with its hash', async () => {
    const gateway = await gatewayWith('allow');
    expect(await post(gateway, { ...arbitrary, ...asApollo(arbitrary.query) })).toMatchObject({
      status: 200,
    });
    expect(await post(gateway, asApollo(arbitrary.query))).toEqual(
      refusal('PERSISTED_OPERATION_NOT_FOUND', 'PersistedQueryNotFound'),
    );
  });

  it.each<[how: string, body: Readonly<Record<string, unknown>>]>([
    ['by itself', arbitrary],
    ['with the name of one that is', { ...arbitrary, ...byId(documents.payout), variables }],
    ['with its own hash, as Apollo’s clients send it', { ...arbitrary, ...asApollo(arbitrary.query) }],
    ['even where its text is one of the manifest', { query: documents.payout, variables }],
    ['that is no document', { query: 'x' }],
    ['that is empty', { query: '', ...byId(documents.payout), variables }],
    ['that asks for the schema', { query: '{ __schema { types { name } } }' }],
    ['that pays', { query: documents.pay, variables: { input: payoutInput('key-1') } }],
  ])('is refused with "only", and nothing sent: %s', async (_how, body) => {
    const gateway = await gatewayWith('only', { ROUTER_SECRET: router['x-router-secret'] });
    const refused = refusal('PERSISTED_OPERATION_REQUIRED');
    expect(await post(gateway, body)).toEqual(refused);
    expect(await get(gateway, body)).toEqual(refused);
    expect(await post(gateway, body, { 'x-router-secret': 'another secret, no longer' })).toEqual(refused);
    expect(await post(gateway, body, { 'x-router-secret': '' })).toEqual(refused);
    expect(gateway.received()).toEqual({});
  });

  it('is refused with "only" to everybody where there is no secret of the router', async () => {
    const gateway = await gatewayWith('only');
    for (const headers of [{}, router, { 'x-router-secret': '' }, { 'x-router-secret': 'undefined' }])
      expect(await post(gateway, arbitrary, headers)).toEqual(refusal('PERSISTED_OPERATION_REQUIRED'));
    expect(gateway.received()).toEqual({});
  });

  it('runs with "only" for the router', async () => {
    const gateway = await gatewayWith('only', { ROUTER_SECRET: router['x-router-secret'] });
    const entities = {
      query: 'query ($of: [_Any!]!) { _entities(representations: $of) { ... on Payout { id } } }',
      variables: { of: [{ __typename: 'Payout', ...variables }] },
    };
    expect(await post(gateway, entities, router)).toEqual({
      status: 200,
      data: { _entities: [variables] },
    });
    expect(await post(gateway, { query: '{ _service { sdl } }' }, router)).toMatchObject({ status: 200 });
    expect(await post(gateway, { ...byId(documents.payout), variables }, router)).toMatchObject({
      status: 200,
    });
    expect(gateway.received()).toEqual({ getPayoutIntent: 2 });
    const tooWide = {
      query: '{ a: __typename b: __typename c: __typename d: __typename e: __typename f: __typename }',
    };
    expect(await post(gateway, tooWide, router)).toEqual(refusal('OPERATION_TOO_EXPENSIVE'));
  });
});

describe('a manifest that is not of the promised form keeps the gateway from starting', () => {
  async function start(file: string): Promise<RunningGateway> {
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
      }),
    );
    onTestFinished(() => gateway.close());
    return gateway;
  }

  async function problemsWith(file: string): Promise<readonly string[]> {
    const error: unknown = await start(file).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).message.split('\n');
  }

  const accepted = '; accepted: a JSON object of documents by their sha256: hash.';
  const line = (problem: string): string => `PERSISTED_OPERATIONS_FILE: ${problem}${accepted}`;

  it.each<[what: string, content: unknown, problem: string]>([
    ['no JSON', '{', 'is not JSON'],
    ['empty', '', 'is not JSON'],
    ['a list', [documents.payout], 'is not a JSON object of documents by their hash'],
    ['null', 'null', 'is not a JSON object of documents by their hash'],
    ['a text', '"x"', 'is not a JSON object of documents by their hash'],
    ['of no operation', {}, 'holds no operation'],
  ])('as a whole: %s', async (_what, content, problem) => {
    expect(await problemsWith(await fileOf(content))).toEqual([line(problem)]);
  });

  it('that is not there', async () => {
    expect(await problemsWith(join(tmpdir(), 'lean-payouts-no-such-file.json'))).toEqual([
      line('cannot be read'),
    ]);
  });

  it('that is a folder', async () => {
    expect(await problemsWith(tmpdir())).toEqual([line('cannot be read')]);
  });

  const wrongKey = 'is not sha256: and 64 lower-case hexadecimal digits';
  it.each<[what: string, key: string, problem: string]>([
    ['no hash', 'Payouts', wrongKey],
    ['a hash of another algorithm', createHash('sha1').update(documents.payout).digest('hex'), wrongKey],
    ['a hash in capitals', hash(documents.payout).toUpperCase(), wrongKey],
    ['a hash with another prefix', `sha1:${hash(documents.payout)}`, wrongKey],
    ['a hash of another document', `sha256:${hash(documents.payouts)}`, 'is not the hash of its document'],
    ['a name out of JavaScript', 'constructor', wrongKey],
  ])('by a key that is %s', async (_what, key, problem) => {
    const file = await fileOf({ ...manifest, [key]: documents.payout });
    expect(await problemsWith(file)).toEqual([line(`${JSON.stringify(key)} ${problem}`)]);
  });

  it('by a document that is no text', async () => {
    const key = hash(documents.payout);
    expect(await problemsWith(await fileOf({ [key]: { body: documents.payout } }))).toEqual([
      line(`"${key}" does not lead to a text`),
    ]);
  });

  const refused = (message: string): string => `would be refused: ${message}`;
  const nested = `${'{ intent { payout '.repeat(5)}{ id ${'} } '.repeat(5)}}`;
  it.each<[what: string, document: string, problem: string]>([
    ['does not parse', '{', 'is no GraphQL: Syntax Error: Expected Name, found <EOF>.'],
    ['is empty', '', 'is no GraphQL: Syntax Error: Unexpected <EOF>.'],
    ['holds two operations', 'query A { __typename } query B { __typename }', 'does not hold one operation'],
    ['holds no operation', 'fragment F on Payout { id }', 'does not hold one operation'],
    [
      'asks for what there is not',
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
  ])('by a document that %s', async (_what, document, problem) => {
    const key = `sha256:${hash(document)}`;
    const file = await fileOf({ ...manifest, [key]: document });
    expect(await problemsWith(file)).toEqual([line(`"${key}" ${problem}`)]);
  });

  it('with a line for each problem, but for more of them than anybody reads', async () => {
    const keys = Array.from({ length: 30 }, (_, index) => `key-${String(index)}`);
    const file = await fileOf(Object.fromEntries(keys.map(key => [key, documents.payout])));
    expect(await problemsWith(file)).toEqual(keys.slice(0, 10).map(key => line(`"${key}" ${wrongKey}`)));
  });

  it('and one that is of it does not', async () => {
    const gateway = await start(await fileOf(manifest));
    expect(gateway.url).toMatch(/^http:/);
  });
});
