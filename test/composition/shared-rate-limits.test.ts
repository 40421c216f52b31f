import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createRateLimit } from '../../src/access/rate-limits.ts';
import type { Environment } from '../../src/config/config.ts';
import { RateLimited } from '../../src/errors/gateway-errors.ts';
import { postOperation, startListeningGateway, type ListeningGateway } from '../support/running-gateway.ts';
import { freshStore } from '../support/stores.ts';

async function start(env: Environment): Promise<ListeningGateway> {
  const gateway = await startListeningGateway({ env });
  onTestFinished(() => gateway.close());
  return gateway;
}

afterEach(() => {
  vi.useRealTimers();
});

describe('several gateways on one PostgreSQL', () => {
  it('count requests together', async () => {
    const store = await freshStore('PostgreSQL');
    const env = { DATABASE_URL: 'url' in store ? store.url : '', RATE_LIMIT_REQUESTS: '4' };
    const gateways = [await start(env), await start(env)];
    const statuses = [];
    for (let times = 0; times < 3; times += 1)
      for (const { url } of gateways) statuses.push((await postOperation(url, '{ __typename }')).status);
    expect(statuses).toEqual([200, 200, 200, 200, 429, 429]);
  });

  it('count anew if the clock is set back, and do not refuse a caller for hours', async () => {
    const store = await freshStore('PostgreSQL');
    const env = { DATABASE_URL: 'url' in store ? store.url : '', RATE_LIMIT_REQUESTS: '2' };
    const [one, another] = [await start(env), await start(env)];
    const ask = async ({ url }: ListeningGateway) => (await postOperation(url, '{ __typename }')).status;
    vi.useFakeTimers({ toFake: ['Date'] });
    for (const status of [200, 200, 429]) expect(await ask(one)).toBe(status);
    vi.setSystemTime(Date.now() - 3_600_000);
    for (const gateway of [one, another]) expect(await ask(gateway)).toBe(200);
    for (const gateway of [one, another]) expect(await ask(gateway)).toBe(429);
  });

  it('count separately while the database cannot be reached', async () => {
    const limit = createRateLimit('requests', 2, () => Promise.reject(new Error('no database')));
    await limit?.take('anna');
    await limit?.take('anna');
    await expect(limit?.take('anna')).rejects.toBeInstanceOf(RateLimited);
  });
});
