import { describe, expect, it, onTestFinished } from 'vitest';
import type { Environment } from '../../src/config/config.ts';
import { payoutIdOf } from '../../src/payouts/values/ids.ts';
import { examplePayoutId } from '../../src/sandbox/fixtures.ts';
import { startIssuer } from '../support/issuer.ts';
import { captureLog } from '../support/log-lines.ts';
import { createPayoutDocument, leanCreation, payoutInput } from '../support/payout-input.ts';
import { postOperation, startListeningGateway } from '../support/running-gateway.ts';

async function start(env: Environment = {}) {
  const issuer = await startIssuer();
  const { log, lines, line } = captureLog();
  const gateway = await startListeningGateway({
    env: { ...issuer.env, REST_PORT: '0', MCP_PORT: '0', ...env },
    log,
  });
  onTestFinished(async () => {
    await gateway.close();
    await issuer.close();
  });
  const headersOf = async (scope: string, sub = 'anna'): Promise<Record<string, string>> => ({
    authorization: `Bearer ${await issuer.token({ scope, sub })}`,
  });
  const ask = (query: string, headers: Record<string, string>, variables?: object) =>
    postOperation(gateway.url, query, variables, { headers });
  return { gateway, issuer, lines, line, ask, headersOf };
}

describe('a token with payouts:create and without payouts:read', () => {
  it('creates a payout and reads the result of the creation', async () => {
    const { ask, headersOf } = await start();
    const { data } = await ask(createPayoutDocument, await headersOf('payouts:create'), {
      input: payoutInput('pay-only'),
    });
    expect(data).toMatchObject({ createPayout: { __typename: 'PayoutCreated' } });
  });

  it.each([
    ['payout { id }', 'directly'],
    ['intent { id }', 'directly'],
    ['payout { __typename }', 'only its type name'],
    ['...F', 'in a fragment'],
    ['payout @skip(if: true) { id }', 'with @skip'],
  ])('is refused for a mutation that also reads the payout (%s, %s)', async selection => {
    const { gateway, ask, headersOf } = await start();
    const document = `mutation ($input: CreatePayoutInput!) {
      createPayout(input: $input) { ... on PayoutCreated { ${selection} } }
    } ${selection === '...F' ? 'fragment F on PayoutCreated { payout { id } }' : ''}`;
    const result = await ask(document, await headersOf('payouts:create'), { input: payoutInput('and-read') });
    expect(result).toMatchObject({ status: 403, errors: [{ extensions: { code: 'FORBIDDEN' } }] });
    expect(result.errors?.[0]?.message).toContain('payouts:read');
    expect(gateway.lean.requests).toEqual([]);
  });
});

it('a token that is not valid yet is refused with that reason', async () => {
  const { gateway, issuer, ask } = await start();
  const token = await issuer.token({ scope: 'payouts:read', nbf: Math.floor(Date.now() / 1000) + 3600 });
  const query = `{ payout(id: "${payoutIdOf('c0000000-0000-4000-8000-000000000999')}") { id } }`;
  expect(await ask(query, { authorization: `Bearer ${token}` })).toMatchObject({
    status: 401,
    errors: [
      { message: expect.stringContaining('is not valid yet: its nbf claim is in the future') as string },
    ],
  });
  expect(gateway.lean.requests).toEqual([]);
});

describe('with several issuers and audiences', () => {
  it('a token may have any of each, and no other', async () => {
    const { gateway, issuer, ask } = await start({
      AUTH_ISSUER: 'https://id.example/,https://second.example/',
      AUTH_AUDIENCE: 'payouts, graph',
    });
    const query = `{ payout(id: "${payoutIdOf('c0000000-0000-4000-8000-000000000999')}") { id } }`;
    const result = async (claims: object) =>
      ask(query, {
        authorization: `Bearer ${await issuer.token({ scope: 'payouts:read', ...claims })}`,
      });
    for (const claims of [
      { iss: 'https://third.example/' },
      { iss: 'https://id.example/,https://second.example/' },
      { aud: 'other' },
      { aud: 'payouts, graph' },
    ])
      expect(await result(claims)).toMatchObject({
        status: 401,
        errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
      });
    expect(gateway.lean.requests).toEqual([]);
    for (const claims of [
      {},
      { iss: 'https://second.example/', aud: 'graph' },
      { iss: 'https://second.example/', aud: ['other', 'payouts'] },
    ])
      expect(await result(claims)).toMatchObject({ status: 200, data: { payout: null } });
    expect(gateway.lean.requests).toHaveLength(3);
  });

  it('the metadata for agents names all issuers', async () => {
    const { gateway } = await start({ AUTH_ISSUER: 'https://id.example/,https://second.example/' });
    const { origin } = new URL(gateway.mcpUrl ?? '');
    const metadata = await fetch(`${origin}/.well-known/oauth-protected-resource/mcp`);
    expect(await metadata.json()).toMatchObject({
      authorization_servers: ['https://id.example/', 'https://second.example/'],
    });
  });
});

describe('the _entities query', () => {
  const entities = (selection: string): string =>
    `{ _entities(representations: [{ __typename: "Payout", paymentId: "${examplePayoutId}" }]) { ${selection} } }`;

  it.each(['... on Payout { id }', '__typename'])('requires the scope payouts:read: %s', async selection => {
    const { gateway, ask, headersOf } = await start();
    expect(await ask(entities(selection), await headersOf('payouts:create'))).toMatchObject({
      status: 403,
      errors: [{ extensions: { code: 'FORBIDDEN' } }],
    });
    expect(gateway.lean.requests).toEqual([]);
    expect(await ask(entities(selection), await headersOf('payouts:read'))).toMatchObject({
      status: 200,
      data: { _entities: [{}] },
    });
  });
});

describe('with ROUTER_SECRET', () => {
  const secret = { ROUTER_SECRET: 'router-secret' };
  const asRouter = { 'x-router-secret': 'router-secret' };

  it.each([
    ['_service', '{ _service { sdl } }'],
    ['_entities', '{ _entities(representations: []) { __typename } }'],
    [
      '_service in a fragment',
      '{ ...F } fragment F on Query { ... { ...G } } fragment G on Query { _service { sdl } }',
    ],
    ['_service under an alias', '{ payouts(first: 1) { totalCount } sdl: _service { sdl } }'],
  ])('%s is refused without the secret', async (_, query) => {
    const { gateway, ask, headersOf } = await start(secret);
    const headers = await headersOf('payouts:read');
    for (const wrong of [{}, { 'x-router-secret': '' }, { 'x-router-secret': 'router-secreT' }])
      expect(await ask(query, { ...headers, ...wrong })).toMatchObject({
        status: 403,
        errors: [{ extensions: { code: 'FORBIDDEN' } }],
      });
    expect(gateway.lean.requests).toEqual([]);
    expect(await ask(query, { ...headers, ...asRouter })).toMatchObject({ status: 200 });
  });

  it('the router may send any of several secrets, and no other text', async () => {
    const { gateway, ask, headersOf } = await start({ ROUTER_SECRET: 'old-secret,new-secret' });
    const query = `{ _entities(representations: [{ __typename: "Payout", paymentId: "${examplePayoutId}" }]) { __typename } }`;
    const headers = await headersOf('payouts:read');
    for (const wrong of ['old-secret,new-secret', 'old-secret, new-secret', ',', 'old-secre', 'new-secret,'])
      expect(await ask(query, { ...headers, 'x-router-secret': wrong })).toMatchObject({
        status: 403,
        errors: [{ extensions: { code: 'FORBIDDEN' } }],
      });
    expect(gateway.lean.requests).toEqual([]);
    for (const secret of ['old-secret', 'new-secret'])
      expect(await ask(query, { ...headers, 'x-router-secret': secret })).toMatchObject({
        status: 200,
        data: { _entities: [{ __typename: 'Payout' }] },
      });
    expect(gateway.lean.requests).toHaveLength(2);
  });

  it('the router gets the SDL without an access token, and nothing else', async () => {
    const { gateway, ask } = await start(secret);
    expect(await ask('{ _service { sdl } }', asRouter)).toMatchObject({
      status: 200,
      data: { _service: { sdl: expect.stringContaining('type Payout') } },
    });
    for (const query of [
      '{ payouts(first: 1) { totalCount } }',
      '{ _entities(representations: []) { __typename } }',
    ])
      expect(await ask(query, asRouter)).toMatchObject({
        status: 401,
        errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
      });
    expect(gateway.lean.requests).toEqual([]);
  });

  it('other callers query payouts without the secret', async () => {
    const { ask, headersOf } = await start(secret);
    expect(await ask('{ payouts(first: 1) { totalCount } }', await headersOf('payouts:read'))).toMatchObject({
      status: 200,
    });
  });
});

describe('a caller', () => {
  it('has its own idempotency keys', async () => {
    const { ask, headersOf, gateway } = await start();
    const pay = async (sub: string, amount: string) =>
      ask(createPayoutDocument, await headersOf('payouts:create', sub), {
        input: payoutInput('same-key', { amount: { amount, currency: 'AED' } }),
      });
    expect(await pay('anna', '1')).toMatchObject({ data: { createPayout: { __typename: 'PayoutCreated' } } });
    expect(await pay('anna', '2')).toMatchObject({
      data: { createPayout: { __typename: 'PayoutRejected' } },
    });
    await pay('bert', '2');
    // The gateway refused only Anna's second request. The other two reached Lean.
    expect(gateway.lean.requests.filter(({ operation }) => operation === 'createPayoutPayment')).toHaveLength(
      2,
    );
  });

  it('is the same on every surface: a key used by GraphQL finds the same payout by REST', async () => {
    const { ask, headersOf, gateway } = await start();
    const headers = await headersOf('payouts:create');
    const input = payoutInput('on-all');
    const { data } = await ask(createPayoutDocument, headers, { input });
    const byRest = await fetch(`${gateway.restUrl ?? ''}/v1/payouts/v1/payment`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json', 'idempotency-key': 'on-all' },
      body: JSON.stringify(leanCreation()),
    });
    const { payouts_payment_details: details } = (await byRest.json()) as {
      payouts_payment_details: { payment_intent_id: string }[];
    };
    expect(data).toMatchObject({
      createPayout: { payoutId: payoutIdOf(details[0]?.payment_intent_id ?? '') },
    });
    expect(gateway.lean.requests.filter(({ operation }) => operation === 'createPayoutPayment')).toHaveLength(
      1,
    );
  });

  it('is logged with each request, its operation, its number of Lean calls and its outcome', async () => {
    const { ask, headersOf, gateway, line, lines } = await start();
    const secretToken = await headersOf('payouts:read');
    await ask('query Newest { payouts(first: 2) { nodes { id intent { id } } } }', secretToken);
    expect(await line(({ operation }) => operation === 'Newest')).toMatchObject({
      msg: 'request',
      requestId: expect.any(String),
      surface: 'graphql',
      status: 200,
      caller: 'anna',
      leanCalls: 3,
      outcome: 'ok',
    });
    await ask(
      'mutation Pay($input: CreatePayoutInput!) { createPayout(input: $input) { __typename } }',
      secretToken,
      {
        input: payoutInput('k'),
      },
    );
    expect(await line(({ operation }) => operation === 'Pay')).toMatchObject({
      status: 403,
      caller: 'anna',
      leanCalls: 0,
      outcome: 'FORBIDDEN',
    });
    await fetch(`${gateway.restUrl ?? ''}/v1/payouts/v1/${examplePayoutId}`, { headers: secretToken });
    expect(await line(({ surface }) => surface === 'rest')).toMatchObject({
      caller: 'anna',
      operation: 'getPayout',
      leanCalls: 1,
      outcome: 'ok',
    });
    await fetch(`${gateway.restUrl ?? ''}/v1/payouts/v1/${examplePayoutId}`);
    const refused = await line(({ surface, status }) => surface === 'rest' && status === 401);
    expect(refused).toMatchObject({ operation: 'getPayout', leanCalls: 0, outcome: 'UNAUTHENTICATED' });
    expect(refused).not.toHaveProperty('caller');
    expect(JSON.stringify(lines)).not.toContain(secretToken['authorization']?.slice(20, 60));
  });
});

describe('an MCP client without a token', () => {
  const listTools = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}';
  const post = (url: string, headers: Record<string, string> = {}, body = listTools) =>
    fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body });

  it('gets the URL of the metadata that names the issuer', async () => {
    const { gateway, issuer } = await start();
    const url = gateway.mcpUrl ?? '';
    const refused = await post(url);
    expect(refused.status).toBe(401);
    const [, metadata = ''] =
      /^Bearer resource_metadata="(http[^"]+)", scope="payouts:read"$/.exec(
        refused.headers.get('www-authenticate') ?? '',
      ) ?? [];
    const response = await fetch(metadata, { headers: { origin: 'https://agent.example' } });
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(await response.json()).toMatchObject({
      resource: url,
      authorization_servers: [issuer.issuer],
      scopes_supported: expect.arrayContaining(['payouts:read', 'payouts:create']),
      bearer_methods_supported: ['header'],
    });
  });

  it('gets metadata with MCP_PUBLIC_URL if that is set', async () => {
    const { gateway } = await start({ MCP_PUBLIC_URL: 'https://payouts.example/mcp' });
    const refused = await post(gateway.mcpUrl ?? '', { authorization: 'Bearer garbage' });
    expect(refused.headers.get('www-authenticate')).toBe(
      'Bearer error="invalid_token", ' +
        'resource_metadata="https://payouts.example/.well-known/oauth-protected-resource/mcp", scope="payouts:read"',
    );
    const origin = new URL(gateway.mcpUrl ?? '').origin;
    const response = await fetch(`${origin}/.well-known/oauth-protected-resource`);
    expect(await response.json()).toMatchObject({ resource: 'https://payouts.example/mcp' });
  });

  it.each([
    ['https://pay.example.com/payouts/mcp', '/.well-known/oauth-protected-resource/payouts/mcp'],
    ['https://pay.example.com/payouts/mcp/', '/.well-known/oauth-protected-resource/payouts/mcp'],
    ['https://pay.example.com/', '/.well-known/oauth-protected-resource'],
    ['https://pay.example.com/a%20b', '/.well-known/oauth-protected-resource/a%20b'],
  ])('finds the metadata of MCP_PUBLIC_URL=%s at the path of the challenge', async (publicUrl, path) => {
    const { gateway } = await start({ MCP_PUBLIC_URL: publicUrl });
    const refused = await post(gateway.mcpUrl ?? '');
    expect(refused.headers.get('www-authenticate')).toContain(
      `resource_metadata="https://pay.example.com${path}"`,
    );
    const response = await fetch(`${new URL(gateway.mcpUrl ?? '').origin}${path}`);
    expect([response.status, await response.json()]).toMatchObject([200, { resource: publicUrl }]);
    expect(gateway.lean.requests).toEqual([]);
  });

  const callOf = (name: string) =>
    JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: {} } });

  it.each([
    ['tools/list', listTools, 'payouts:read'],
    ['a tool that reads', callOf('lean-getpayout'), 'payouts:read'],
    ['the tool that pays', callOf('lean-createpayoutpayment'), 'payouts:create'],
    ['a tool that does not exist', callOf('lean-deletepayout'), 'payouts:read'],
    ['a text that is not JSON', '{', 'payouts:read'],
    ['a body above 256 KiB', `"${'x'.repeat(300_000)}"`, 'payouts:read'],
  ])('is told the narrowest scope for %s, with no token and with an invalid one', async (_, body, scope) => {
    const { gateway } = await start();
    const metadata = `resource_metadata="${new URL(gateway.mcpUrl ?? '').origin}/.well-known/oauth-protected-resource/mcp"`;
    for (const [headers, fault] of [
      [{}, ''],
      [{ authorization: 'Bearer garbage' }, 'error="invalid_token", '],
    ] as const) {
      const refused = await post(gateway.mcpUrl ?? '', headers, body);
      expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
        401,
        `Bearer ${fault}${metadata}, scope="${scope}"`,
      ]);
    }
    expect(gateway.lean.requests).toEqual([]);
  });

  it.each([
    ['lean-getpayout', 'payouts:create', 'payouts:read'],
    ['lean-createpayoutpayment', 'payouts:read', 'payouts:create'],
  ])('is told the one scope that its token lacks for %s', async (tool, given, scope) => {
    const { gateway, headersOf } = await start();
    const refused = await post(gateway.mcpUrl ?? '', await headersOf(given), callOf(tool));
    expect(refused.status).toBe(403);
    expect(refused.headers.get('www-authenticate')).toMatch(
      new RegExp(`^Bearer error="insufficient_scope", scope="${scope}", resource_metadata="http[^"]+"$`),
    );
    expect(gateway.lean.requests).toEqual([]);
  });
});
