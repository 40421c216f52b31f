import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createRateLimit } from '../../src/access/rate-limits.ts';
import type { Environment } from '../../src/config/config.ts';
import { examplePayoutId } from '../../src/sandbox/fixtures.ts';
import { startIssuer } from '../support/issuer.ts';
import { createPayoutDocument, leanCreation, payoutInput } from '../support/payout-input.ts';
import { postOperation, startListeningGateway, type ListeningGateway } from '../support/running-gateway.ts';

afterEach(() => {
  vi.useRealTimers();
});

async function start(env: Environment): Promise<ListeningGateway> {
  const gateway = await startListeningGateway({ env: { REST_PORT: '0', MCP_PORT: '0', ...env } });
  onTestFinished(() => gateway.close());
  return gateway;
}

describe('RATE_LIMIT_REQUESTS', () => {
  const query = '{ payouts(first: 1) { totalCount } }';

  it('counts over all surfaces; a refused request gets Retry-After', async () => {
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
    const leanRequests = gateway.lean.requests.length;

    const byGraphql = await graphql();
    const refusal = {
      code: 'RATE_LIMITED',
      retryable: true,
      retryAfterSeconds: expect.any(Number) as number,
    };
    expect(byGraphql).toMatchObject({ status: 429, errors: [{ extensions: refusal }] });
    const byRest = await rest();
    expect([byRest.status, await byRest.json()]).toMatchObject([429, refusal]);
    const byMcp = await mcp();
    expect([byMcp.status, await byMcp.json()]).toMatchObject([429, { error: { data: refusal } }]);
    for (const { headers } of [byGraphql, byRest, byMcp])
      expect(Number(headers.get('retry-after'))).toSatisfy(
        (seconds: number) => seconds >= 1 && seconds <= 60,
      );
    expect(gateway.lean.requests).toHaveLength(leanRequests);
    expect((await fetch(`${gateway.origin}/health`)).status).toBe(200);
  });

  it('counts each caller separately', async () => {
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

describe('RATE_LIMIT_PAYOUTS', () => {
  const pay = (gateway: ListeningGateway, key: string) =>
    postOperation(gateway.url, createPayoutDocument, { input: payoutInput(key) });
  const posts = ({ lean }: ListeningGateway): number =>
    lean.requests.filter(({ operation }) => operation === 'createPayoutPayment').length;

  it('refuses a payout above the limit; the payout is not sent', async () => {
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

  it('does not count a repeated key, which gets its recorded answer', async () => {
    const gateway = await start({ RATE_LIMIT_PAYOUTS: '1' });
    for (let times = 0; times < 5; times += 1)
      expect(await pay(gateway, 'a')).toMatchObject({
        data: { createPayout: { __typename: 'PayoutCreated' } },
      });
    expect(posts(gateway)).toBe(1);
  });

  it('counts each transfer of createPayouts; more transfers than the limit are refused without Retry-After', async () => {
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
    const tooMany = await payAll('four', 4);
    expect(tooMany).toMatchObject({
      status: 429,
      errors: [{ message: expect.stringContaining('4 payouts at once') }],
    });
    expect(tooMany.headers.get('retry-after')).toBeNull();
    expect(await payAll('two', 2)).toMatchObject({
      data: { createPayouts: { __typename: 'PayoutsCreated' } },
    });
    expect(await payAll('another-two', 2)).toMatchObject({ status: 429 });
    expect(posts(gateway)).toBe(1);
  });
});

it('a rate limit starts again after a minute', async () => {
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
  const limit = createRateLimit('requests', 1, undefined);
  await limit?.take('anna');
  await expect(limit?.take('anna')).rejects.toMatchObject({ retryAfterSeconds: 60 });
  await expect(limit?.take('anna')).rejects.toThrow('The limit is 1 request per minute for each caller.');
  vi.advanceTimersByTime(60_001);
  await limit?.take('anna');
});
