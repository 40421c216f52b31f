import { describe, expect, it, onTestFinished } from 'vitest';
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

  it('count separately while the database cannot be reached', async () => {
    const limit = createRateLimit('requests', 2, () => Promise.reject(new Error('no database')));
    await limit?.take('anna');
    await limit?.take('anna');
    await expect(limit?.take('anna')).rejects.toBeInstanceOf(RateLimited);
  });
});
