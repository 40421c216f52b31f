import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { rateLimit } from '../../src/access/rate-limits.ts';
import { RateLimited } from '../../src/errors/gateway-errors.ts';
import type { Environment } from '../../src/config/config.ts';
import { examplePayoutId } from '../../src/sandbox/named.ts';
import { startIssuer } from '../support/issuer.ts';
import { createPayoutDocument, leanCreation, payoutInput } from '../support/payout-input.ts';
import { postOperation, startListeningGateway, type ListeningGateway } from '../support/running-gateway.ts';
import { freshStore } from '../support/stores.ts';

afterEach(() => {
  vi.useRealTimers();
});

async function start(env: Environment): Promise<ListeningGateway> {
  const gateway = await startListeningGateway({ env: { REST_PORT: '0', MCP_PORT: '0', ...env } });
  onTestFinished(() => gateway.close());
  return gateway;
}

describe('so many requests a minute', () => {
  const query = '{ payouts(first: 1) { totalCount } }';

  it('count over all surfaces, and the next is told when to come back', async () => {
    const gateway = await start({ RATE_LIMIT_REQUESTS: '3' });
    const rest = () => fetch(`${gateway.restUrl ?? ''}/v1/payouts/v1/${examplePayoutId}`);
    const mcp = () =>
      fetch(gateway.mcpUrl ?? '', {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
        body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}',
      });
    const graphql = () => postOperation(gateway.url, query);
    for (const ask of [graphql, rest, mcp]) expect((await ask()).status).toBe(200);
    const heard = gateway.lean.requests.length;

    const byGraphql = await graphql();
    expect(byGraphql).toMatchObject({ status: 429, errors: [{ extensions: { code: 'RATE_LIMITED' } }] });
    const byRest = await rest();
    expect([byRest.status, await byRest.json()]).toMatchObject([429, { code: 'RATE_LIMITED' }]);
    const byMcp = await mcp();
    expect([byMcp.status, await byMcp.json()]).toMatchObject([
      429,
      { error: { data: { code: 'RATE_LIMITED' } } },
    ]);
    for (const { headers } of [byGraphql, byRest, byMcp])
      expect(Number(headers.get('retry-after'))).toSatisfy(
        (seconds: number) => seconds >= 1 && seconds <= 60,
      );
    expect(gateway.lean.requests).toHaveLength(heard);
    expect((await fetch(`${gateway.origin}/health`)).status).toBe(200);
  });

  it('are each caller’s own', async () => {
    const issuer = await startIssuer();
    onTestFinished(() => issuer.close());
    const gateway = await start({ ...issuer.env, RATE_LIMIT_REQUESTS: '1' });
    const ask = async (sub: string) =>
      postOperation(
        gateway.url,
        query,
        {},
        {
          headers: { authorization: `Bearer ${await issuer.token({ sub, scope: 'payouts:read' })}` },
        },
      );
    const statuses = [];
    for (const sub of ['anna', 'bert', 'anna', 'carl']) statuses.push((await ask(sub)).status);
    expect(statuses).toEqual([200, 200, 429, 200]);
  });
});

describe('so many payouts a minute', () => {
  const pay = (gateway: ListeningGateway, key: string) =>
    postOperation(gateway.url, createPayoutDocument, { input: payoutInput(key) });
  const posts = ({ lean }: ListeningGateway): number =>
    lean.requests.filter(({ operation }) => operation === 'createPayoutPayment').length;

  it('are made, and the next one is not sent; its key stays free', async () => {
    const gateway = await start({ RATE_LIMIT_PAYOUTS: '2' });
    for (const key of ['a', 'b'])
      expect(await pay(gateway, key)).toMatchObject({
        data: { createPayout: { __typename: 'PayoutCreated' } },
      });
    const refused = await pay(gateway, 'c');
    expect(refused).toMatchObject({
      status: 429,
      errors: [
        {
          path: ['createPayout'],
          extensions: { code: 'RATE_LIMITED', retryAfterSeconds: expect.any(Number) },
        },
      ],
    });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    const byRest = await fetch(`${gateway.restUrl ?? ''}/v1/payouts/v1/payment`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'c' },
      body: JSON.stringify(leanCreation()),
    });
    expect([byRest.status, await byRest.json()]).toMatchObject([429, { code: 'RATE_LIMITED' }]);
    expect(byRest.headers.get('retry-after')).not.toBeNull();
    expect(posts(gateway)).toBe(2);
  });

  it('are not used up by repetitions, which get their answer', async () => {
    const gateway = await start({ RATE_LIMIT_PAYOUTS: '1' });
    for (let times = 0; times < 5; times += 1)
      expect(await pay(gateway, 'a')).toMatchObject({
        data: { createPayout: { __typename: 'PayoutCreated' } },
      });
    expect(posts(gateway)).toBe(1);
  });

  it('count one by one when several go together, and more than a minute’s never can', async () => {
    const gateway = await start({ RATE_LIMIT_PAYOUTS: '3' });
    const payAll = (key: string, count: number) => {
      const { idempotencyKey, ...transfer } = payoutInput(key);
      const transfers = Array.from({ length: count }, (__, index) => ({
        ...transfer,
        description: `INV ${String(index)}`,
      }));
      return postOperation(
        gateway.url,
        'mutation ($input: CreatePayoutsInput!) { createPayouts(input: $input) { __typename } }',
        { input: { idempotencyKey, transfers } },
      );
    };
    const never = await payAll('four', 4);
    expect(never).toMatchObject({
      status: 429,
      errors: [{ message: expect.stringContaining('4 payouts at once') }],
    });
    expect(never.headers.get('retry-after')).toBeNull();
    expect(await payAll('two', 2)).toMatchObject({
      data: { createPayouts: { __typename: 'PayoutsCreated' } },
    });
    expect(await payAll('another-two', 2)).toMatchObject({ status: 429 });
    expect(posts(gateway)).toBe(1);
  });
});

describe('several gateways on one PostgreSQL', () => {
  it('count together', async () => {
    const store = await freshStore('PostgreSQL');
    const env = { DATABASE_URL: 'url' in store ? store.url : '', RATE_LIMIT_REQUESTS: '4' };
    const gateways = [await start(env), await start(env)];
    const statuses = [];
    for (let times = 0; times < 3; times += 1)
      for (const { url } of gateways) statuses.push((await postOperation(url, '{ __typename }')).status);
    expect(statuses).toEqual([200, 200, 200, 200, 429, 429]);
  });

  it('count each for itself while the database cannot be reached', async () => {
    const limit = rateLimit('requests', 2, () => Promise.reject(new Error('no database')));
    await limit?.take('anna');
    await limit?.take('anna');
    await expect(limit?.take('anna')).rejects.toBeInstanceOf(RateLimited);
  });
});

it('a minute later there is another minute’s', async () => {
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
  const limit = rateLimit('requests', 1, undefined);
  await limit?.take('anna');
  await expect(limit?.take('anna')).rejects.toMatchObject({ retryAfterSeconds: 60 });
  vi.advanceTimersByTime(60_001);
  await limit?.take('anna');
});
