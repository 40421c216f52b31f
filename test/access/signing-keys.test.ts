import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { AccessTokens } from '../../src/access/access-tokens.ts';
import { SigningKeys } from '../../src/access/signing-keys.ts';
import { signingKey, startIssuer, type Issuer } from '../support/issuer.ts';
import { captureLog } from '../support/log-lines.ts';
import { postOperation, startListeningGateway } from '../support/running-gateway.ts';

const minute = 60_000;
const hour = 60 * minute;

afterEach(() => {
  vi.useRealTimers();
});

/** Starts an issuer, and reads its keys with a fake clock. */
async function start(prepare: (issuer: Issuer) => void = () => undefined) {
  const issuer = await startIssuer();
  onTestFinished(() => issuer.close());
  prepare(issuer);
  vi.useFakeTimers({ toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout'] });
  const failures: (string | undefined)[] = [];
  const keys = new SigningKeys({
    url: new URL(issuer.env['AUTH_JWKS_URL'] ?? ''),
    onFailure: problem => failures.push(problem),
  });
  onTestFinished(() => {
    keys.stop();
  });
  await keys.start();
  const tokens = new AccessTokens({ issuers: [issuer.issuer], audiences: [issuer.audience], keys });
  const authenticate = async (options: Parameters<Issuer['token']>[1] = {}): Promise<string> => {
    const token = await issuer.token({}, { lifetime: '48h', ...options });
    return tokens.callerOf(token).then(
      ({ subject }) => subject,
      (error: unknown) => (error as { code: string }).code,
    );
  };
  /** Advances the clock, and waits for each periodic read of the keys. */
  const advance = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 5 * minute) {
      const requestsBefore = issuer.keyRequests;
      vi.advanceTimersByTime(Math.min(left, 5 * minute));
      if (left >= 5 * minute) await vi.waitUntil(() => issuer.keyRequests > requestsBefore);
      await keys.settled;
    }
  };
  return { issuer, keys, authenticate, advance, failures };
}

describe('signing keys', () => {
  it.each([
    ['EdDSA', 'EdDSA'],
    ['Ed25519', 'Ed25519'],
    ['Ed25519', 'EdDSA'],
    ['EdDSA', 'Ed25519'],
  ])('a token with alg %s is accepted if its key has alg %s', async (alg, keyAlg) => {
    const key = await signingKey('ed', keyAlg);
    const { authenticate } = await start(issuer => (issuer.keys = [issuer.key, key]));
    expect(await authenticate({ key: { ...key, publicJwk: { ...key.publicJwk, alg } } })).toBe('anna');
  });

  it('a new key is trusted once the issuer publishes it', async () => {
    const { issuer, authenticate, advance } = await start();
    const second = await signingKey('second', 'ES256');
    await advance(minute);
    expect(await authenticate({ key: second })).toBe('UNAUTHENTICATED');
    issuer.keys = [issuer.key, second];
    await advance(minute);
    expect(await authenticate({ key: second })).toBe('anna');
    expect(await authenticate()).toBe('anna');
  });

  it('a withdrawn key is trusted until the next read of the keys', async () => {
    const { issuer, authenticate, advance } = await start();
    expect(await authenticate()).toBe('anna');
    issuer.keys = [await signingKey('second')];
    await advance(5 * minute);
    expect(await authenticate()).toBe('UNAUTHENTICATED');
  });

  it('tokens with unknown keys cause only one read of the keys in ten seconds', async () => {
    const { issuer, authenticate, advance } = await start();
    const key = await signingKey('made-up');
    await advance(minute);
    for (let times = 0; times < 20; times += 1) expect(await authenticate({ key })).toBe('UNAUTHENTICATED');
    expect(issuer.keyRequests).toBe(2);
  });
});

it('a cached token is refused after it expires, and after its key is withdrawn', async () => {
  const { issuer, keys, advance } = await start();
  const tokens = new AccessTokens({ issuers: [issuer.issuer], audiences: [issuer.audience], keys });
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
  await advance(5 * minute);
  await expect(tokens.callerOf(long)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
});

it('a cached token is refused after its key is withdrawn, even if the clock is set back meanwhile', async () => {
  const { issuer, keys, advance } = await start();
  const tokens = new AccessTokens({ issuers: [issuer.issuer], audiences: [issuer.audience], keys });
  const token = await issuer.token({}, { lifetime: '48h' });
  expect(await tokens.callerOf(token)).toMatchObject({ subject: 'anna' });
  vi.setSystemTime(Date.now() - 2 * hour);
  issuer.keys = [await signingKey('second')];
  await advance(5 * minute);
  await expect(tokens.callerOf(token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
});

describe('while the keys cannot be read', () => {
  it('callers with known keys are still authenticated after five minutes and after an hour', async () => {
    const { issuer, authenticate, advance, failures } = await start();
    issuer.keys = undefined;
    for (const ms of [5 * minute, 55 * minute]) {
      await advance(ms);
      expect(await authenticate()).toBe('anna');
    }
    expect(failures).toEqual([expect.stringContaining('Expected 200')]);
    issuer.keys = [issuer.key];
    await advance(5 * minute);
    expect(failures).toEqual([expect.any(String), undefined]);
  });

  it('known keys are trusted for a day at most', async () => {
    const { issuer, authenticate } = await start();
    issuer.keys = undefined;
    vi.setSystemTime(Date.now() + 25 * hour);
    expect(await authenticate()).toBe('ACCESS_UNAVAILABLE');
  });

  it('known keys are trusted for a day at most, even if the clock is set back meanwhile', async () => {
    const { issuer, keys, authenticate } = await start();
    issuer.keys = undefined;
    vi.setSystemTime(Date.now() - 12 * hour);
    vi.advanceTimersByTime(25 * hour);
    await keys.settled;
    expect(await authenticate()).toBe('ACCESS_UNAVAILABLE');
    expect(keys.available).toBe(false);
  });

  it('a token with an unknown key is answered with ACCESS_UNAVAILABLE and not with UNAUTHENTICATED', async () => {
    const { issuer, authenticate, advance } = await start();
    issuer.keys = undefined;
    await advance(minute);
    expect(await authenticate({ key: await signingKey('second') })).toBe('ACCESS_UNAVAILABLE');
  });

  it('no caller is authenticated until the keys have been read once', async () => {
    const { issuer, keys, authenticate, failures } = await start(unavailable => {
      unavailable.keys = undefined;
    });
    expect([keys.available, failures]).toEqual([false, [expect.any(String)]]);
    expect(await authenticate()).toBe('ACCESS_UNAVAILABLE');
    issuer.keys = [issuer.key];
    expect(await authenticate()).toBe('anna');
  });
});

it('a gateway that starts without signing keys logs an error, is not ready, and answers 503 with Retry-After', async () => {
  const issuer = await startIssuer();
  onTestFinished(() => issuer.close());
  issuer.keys = undefined;
  const { log, line } = captureLog();
  const gateway = await startListeningGateway({ env: issuer.env, log });
  onTestFinished(() => gateway.close());
  expect(await line(({ level }) => level >= 50)).toMatchObject({
    msg: expect.stringMatching(/^AUTH_JWKS_URL: .* tries again/),
    url: issuer.env['AUTH_JWKS_URL'],
  });
  const ready = await fetch(`${gateway.origin}/ready`);
  expect([ready.status, await ready.json()]).toEqual([
    503,
    { status: 'no signing keys to verify access tokens' },
  ]);

  const headers = {
    authorization: `Bearer ${await issuer.token({ scope: 'payouts:read' })}`,
  };
  const query = '{ payouts(first: 1) { totalCount } }';
  const refused = await postOperation(gateway.url, query, {}, { headers });
  expect(refused).toMatchObject({
    status: 503,
    errors: [{ extensions: { code: 'ACCESS_UNAVAILABLE', retryable: true, retryAfterSeconds: 5 } }],
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
