import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { AccessTokens } from '../../src/access/access-tokens.ts';
import { SigningKeys } from '../../src/access/signing-keys.ts';
import { signingKey, startIssuer, type Issuer } from '../support/issuer.ts';
import { logLines } from '../support/log-lines.ts';
import { postOperation, startListeningGateway } from '../support/running-gateway.ts';

const minute = 60_000;

afterEach(() => {
  vi.useRealTimers();
});

/** Keys and tokens at a clock of the test's own. */
async function start(prepare: (issuer: Issuer) => void = () => undefined) {
  const issuer = await startIssuer();
  onTestFinished(() => issuer.close());
  prepare(issuer);
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
  const troubles: (string | undefined)[] = [];
  const keys = new SigningKeys({
    url: new URL(issuer.env['AUTH_JWKS_URL'] ?? ''),
    onTrouble: problem => troubles.push(problem),
  });
  onTestFinished(() => {
    keys.stop();
  });
  await keys.start();
  const tokens = new AccessTokens({ ...issuer, keys });
  const asks = async (options: Parameters<Issuer['token']>[1] = {}): Promise<string> => {
    const token = await issuer.token({}, { lifetime: '48h', ...options });
    return tokens.callerOf(token).then(
      ({ subject }) => subject,
      (error: unknown) => (error as { code: string }).code,
    );
  };
  /** Lets time pass, with all that is read of the keys meanwhile. */
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 5 * minute) {
      const asked = issuer.asked;
      vi.advanceTimersByTime(Math.min(left, 5 * minute));
      if (left >= 5 * minute) await vi.waitUntil(() => issuer.asked > asked);
      await keys.settled;
    }
  };
  return { issuer, keys, asks, pass, troubles };
}

describe('keys that change', () => {
  it('a token with a new key is good once the issuer has it', async () => {
    const { issuer, asks, pass } = await start();
    const second = await signingKey('second', 'ES256');
    await pass(minute);
    expect(await asks({ key: second })).toBe('UNAUTHENTICATED');
    issuer.keys = [issuer.key, second];
    await pass(minute);
    expect(await asks({ key: second })).toBe('anna');
    expect(await asks()).toBe('anna');
  });

  it('a key that is withdrawn is trusted no longer than until the keys are read again', async () => {
    const { issuer, asks, pass } = await start();
    expect(await asks()).toBe('anna');
    issuer.keys = [await signingKey('second')];
    await pass(5 * minute);
    expect(await asks()).toBe('UNAUTHENTICATED');
  });

  it('tokens with made-up keys do not have the issuer asked for each of them', async () => {
    const { issuer, asks, pass } = await start();
    const key = await signingKey('made-up');
    await pass(minute);
    for (let times = 0; times < 20; times += 1) expect(await asks({ key })).toBe('UNAUTHENTICATED');
    expect(issuer.asked).toBe(2);
  });
});

it('a token that was good is not so beyond its end, or long beyond the withdrawal of its key', async () => {
  const { issuer, keys, pass } = await start();
  const tokens = new AccessTokens({ ...issuer, keys });
  const [short, long] = [
    await issuer.token({}, { lifetime: '10s' }),
    await issuer.token({}, { lifetime: '1h' }),
  ];
  for (const token of [short, long, short])
    expect(await tokens.callerOf(token)).toMatchObject({ subject: 'anna' });
  vi.setSystemTime(Date.now() + 16_000);
  await expect(tokens.callerOf(short)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  expect(await tokens.callerOf(long)).toMatchObject({ subject: 'anna' });
  issuer.keys = [await signingKey('second')];
  await pass(5 * minute);
  await expect(tokens.callerOf(long)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
});

describe('while the keys cannot be read', () => {
  it('callers with known keys are not affected, for five minutes and for hours', async () => {
    const { issuer, asks, pass, troubles } = await start();
    issuer.keys = undefined;
    for (const ms of [5 * minute, 55 * minute]) {
      await pass(ms);
      expect(await asks()).toBe('anna');
    }
    expect(troubles).toEqual([expect.stringContaining('Expected 200')]);
    issuer.keys = [issuer.key];
    await pass(5 * minute);
    expect(troubles).toEqual([expect.any(String), undefined]);
  });

  it('known keys are not trusted for ever', async () => {
    const { issuer, asks } = await start();
    issuer.keys = undefined;
    vi.setSystemTime(Date.now() + 25 * 60 * minute);
    expect(await asks()).toBe('ACCESS_UNAVAILABLE');
  });

  it('a token with a key that may be new is not said to be bad', async () => {
    const { issuer, asks, pass } = await start();
    issuer.keys = undefined;
    await pass(minute);
    expect(await asks({ key: await signingKey('second') })).toBe('ACCESS_UNAVAILABLE');
  });

  it('from the start, nobody is let in until they can', async () => {
    const { issuer, keys, asks, troubles } = await start(it => {
      it.keys = undefined;
    });
    expect([keys.known, troubles]).toEqual([false, [expect.any(String)]]);
    expect(await asks()).toBe('ACCESS_UNAVAILABLE');
    issuer.keys = [issuer.key];
    expect(await asks()).toBe('anna');
  });
});

it('a gateway that starts without them says so, is not ready, and turns callers away with a time to come back', async () => {
  const issuer = await startIssuer();
  onTestFinished(() => issuer.close());
  issuer.keys = undefined;
  const { log, line } = logLines();
  const gateway = await startListeningGateway({ env: issuer.env, log });
  onTestFinished(() => gateway.close());
  expect(await line(({ level }) => level >= 50)).toMatchObject({
    msg: expect.stringMatching(/^AUTH_JWKS_URL: .* tried again/),
    url: issuer.env['AUTH_JWKS_URL'],
  });
  const ready = await fetch(`${gateway.origin}/ready`);
  expect([ready.status, await ready.json()]).toEqual([
    503,
    { status: 'no keys to check access tokens with' },
  ]);

  const headers = {
    authorization: `Bearer ${await issuer.token({ scope: 'payouts:read' })}`,
  };
  const query = '{ payouts(first: 1) { totalCount } }';
  const refused = await postOperation(gateway.url, query, {}, { headers });
  expect(refused).toMatchObject({
    status: 503,
    errors: [{ extensions: { code: 'ACCESS_UNAVAILABLE' } }],
  });
  expect(refused.headers.get('retry-after')).toBe('5');
  expect(gateway.lean.requests).toEqual([]);

  issuer.keys = [issuer.key];
  expect(await postOperation(gateway.url, query, {}, { headers })).toMatchObject({
    status: 200,
    data: { payouts: { totalCount: 300 } },
  });
  expect((await fetch(`${gateway.origin}/ready`)).status).toBe(200);
});
