import { describe, expect, it, onTestFinished } from 'vitest';
import type { Environment } from '../../src/config/config.ts';
import { payoutIdOf } from '../../src/payouts/values/ids.ts';
import { examplePayoutId } from '../../src/sandbox/named.ts';
import { startIssuer } from '../support/issuer.ts';
import { logLines } from '../support/log-lines.ts';
import { createPayoutDocument, leanCreation, payoutInput } from '../support/payout-input.ts';
import { postOperation, startListeningGateway } from '../support/running-gateway.ts';

async function start(env: Environment = {}) {
  const issuer = await startIssuer();
  const { log, lines, line } = logLines();
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

describe('the scope to pay without the one to read', () => {
  it('pays, and gets what Lean said of it', async () => {
    const { ask, headersOf } = await start();
    const { data } = await ask(createPayoutDocument, await headersOf('payouts:create'), {
      input: payoutInput('pay-only'),
    });
    expect(data).toMatchObject({ createPayout: { __typename: 'PayoutCreated' } });
  });

  it.each([
    ['payout { id }', 'directly'],
    ['intent { id }', 'directly'],
    ['payout { __typename }', 'as its name alone'],
    ['...F', 'by a fragment'],
    ['payout @skip(if: true) { id }', 'though it would be left out'],
  ])('does not pay for who also wants to read it (%s, %s)', async selection => {
    const { gateway, ask, headersOf } = await start();
    const document = `mutation ($input: CreatePayoutInput!) {
      createPayout(input: $input) { ... on PayoutCreated { ${selection} } }
    } ${selection === '...F' ? 'fragment F on PayoutCreated { payout { id } }' : ''}`;
    const answer = await ask(document, await headersOf('payouts:create'), { input: payoutInput('and-read') });
    expect(answer).toMatchObject({ status: 403, errors: [{ extensions: { code: 'FORBIDDEN' } }] });
    expect(answer.errors?.[0]?.message).toContain('payouts:read');
    expect(gateway.lean.requests).toEqual([]);
  });
});

describe('entities', () => {
  const entities = (selection: string): string =>
    `{ _entities(representations: [{ __typename: "Payout", paymentId: "${examplePayoutId}" }]) { ${selection} } }`;

  it.each(['... on Payout { id }', '__typename'])(
    'are read with the scope to read alone: %s',
    async selection => {
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
    },
  );
});

describe('with a router secret', () => {
  const secret = { ROUTER_SECRET: 'router-secret' };
  const asRouter = { 'x-router-secret': 'router-secret' };

  it.each([
    ['_service', '{ _service { sdl } }'],
    ['_entities', '{ _entities(representations: []) { __typename } }'],
    [
      'one in a fragment',
      '{ ...F } fragment F on Query { ... { ...G } } fragment G on Query { _service { sdl } }',
    ],
    ['one under another name', '{ payouts(first: 1) { totalCount } sdl: _service { sdl } }'],
  ])('%s is for the router alone', async (_, query) => {
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

  it('the router is told the SDL without a token, and nothing else', async () => {
    const { gateway, ask } = await start(secret);
    expect(await ask('{ _service { sdl } }', asRouter)).toMatchObject({
      status: 200,
      data: { _service: { sdl: expect.stringContaining('@requiresScopes') } },
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

  it('everybody else asks as before', async () => {
    const { ask, headersOf } = await start(secret);
    expect(await ask('{ payouts(first: 1) { totalCount } }', await headersOf('payouts:read'))).toMatchObject({
      status: 200,
    });
  });
});

describe('who asks', () => {
  it('has idempotency keys of their own', async () => {
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
    // Of the three only Anna's second try was the gateway's own to refuse.
    expect(gateway.lean.requests.filter(({ operation }) => operation === 'createPayoutPayment')).toHaveLength(
      2,
    );
  });

  it('is the same on every surface: a payout that was made by one is known to the others', async () => {
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

  it('is named in the line that each request leaves, with what they asked for, what it cost and what came of it', async () => {
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

describe('an agent without a token', () => {
  const post = (url: string, headers: Record<string, string> = {}) =>
    fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}',
    });

  it('is led to the issuer of tokens', async () => {
    const { gateway, issuer } = await start();
    const url = gateway.mcpUrl ?? '';
    const refused = await post(url);
    expect(refused.status).toBe(401);
    const [, metadata = ''] =
      /^Bearer resource_metadata="(http[^"]+)"$/.exec(refused.headers.get('www-authenticate') ?? '') ?? [];
    const answer = await fetch(metadata, { headers: { origin: 'https://agent.example' } });
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(await answer.json()).toMatchObject({
      resource: url,
      authorization_servers: [issuer.issuer],
      scopes_supported: expect.arrayContaining(['payouts:read', 'payouts:create']),
      bearer_methods_supported: ['header'],
    });
  });

  it('is told of the address that the world knows, where there is one', async () => {
    const { gateway } = await start({ MCP_PUBLIC_URL: 'https://payouts.example/mcp' });
    const refused = await post(gateway.mcpUrl ?? '', { authorization: 'Bearer garbage' });
    expect(refused.headers.get('www-authenticate')).toBe(
      'Bearer error="invalid_token", ' +
        'resource_metadata="https://payouts.example/.well-known/oauth-protected-resource/mcp"',
    );
    const origin = new URL(gateway.mcpUrl ?? '').origin;
    const answer = await fetch(`${origin}/.well-known/oauth-protected-resource`);
    expect(await answer.json()).toMatchObject({ resource: 'https://payouts.example/mcp' });
  });
});
