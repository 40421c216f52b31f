import { inspect } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { clientCredentialsToken, readyToken, type ClientCredentials } from '../../src/lean/access-token.ts';
import { LeanNotSent, LeanTokenUnavailable } from '../../src/errors/lean-errors.ts';
import { examplePayoutId, sandboxCredentials } from '../../src/sandbox/named.ts';
import type { FaultRule } from '../../src/sandbox/sandbox.ts';
import {
  clientTo,
  createPayouts,
  deadAddress,
  failureOf,
  gate,
  json,
  later,
  rawServer,
  startLean,
  transportTo,
} from './wiring.ts';

const credentials: ClientCredentials = {
  clientId: sandboxCredentials.clientId,
  clientSecret: sandboxCredentials.clientSecret,
  tokenPath: '/oauth2/token',
  scope: 'api',
};

/** Tokens from a server that hands out `token-1`, `token-2`, ..., with a clock that the test moves. */
async function tokens(expiresIn: unknown = 3599) {
  let now = Date.parse('2026-06-01T12:00:00Z');
  let failing = false;
  const { url, heard } = await rawServer(response =>
    failing
      ? json(response, {}, 503)
      : json(response, { access_token: `token-${String(heard.length)}`, expires_in: expiresIn }),
  );
  const source = clientCredentialsToken(transportTo(url), credentials, () => now);
  return {
    source,
    heard,
    fail: (value: boolean): void => {
      failing = value;
    },
    pass: (seconds: number): void => {
      now += seconds * 1000;
    },
  };
}

describe('a ready token', () => {
  it('is what it is, at once', async () => {
    expect(await readyToken('abc').token(0)).toBe('abc');
    expect(readyToken('abc').usable).toBe(true);
  });

  it('that Lean refuses stays what it is: there is no other one', async () => {
    const source = readyToken('abc');
    expect(source.refused('abc')).toBe(false);
    expect(await source.token(0)).toBe('abc');
  });
});

describe('a token by client credentials', () => {
  it('is asked for as RFC 6749 says', async () => {
    const { source, heard } = await tokens();
    await source.token(later());
    expect(heard).toMatchObject([
      {
        method: 'POST',
        target: '/oauth2/token',
        headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
      },
    ]);
    expect(Object.fromEntries(new URLSearchParams(heard[0]?.body))).toEqual({
      client_id: 'sandbox',
      client_secret: 'sandbox-secret',
      grant_type: 'client_credentials',
      scope: 'api',
    });
  });

  it('carries secrets with signs of their own unharmed', async () => {
    const { url, heard } = await rawServer(response => json(response, { access_token: 'a' }));
    const clientSecret = 'a&b=c+d%20é';
    await clientCredentialsToken(transportTo(url), { ...credentials, clientSecret }).token(later());
    expect(new URLSearchParams(heard[0]?.body).get('client_secret')).toBe(clientSecret);
  });

  it('opens Lean', async () => {
    const lean = await startLean({ payouts: 1 });
    const token = clientCredentialsToken(transportTo(lean.url), credentials);
    const { page } = await clientTo(lean.url, { token }).listPayouts({ page_number: '0', page_size: '1' });
    expect(page.content).toHaveLength(1);
    expect(lean.requests.map(({ operation }) => operation)).toEqual(['token', 'listPayouts']);
  });

  it('is fetched once for 200 who wait', async () => {
    const { source, heard } = await tokens();
    const all = await Promise.all(Array.from({ length: 200 }, () => source.token(later())));
    expect(new Set(all)).toEqual(new Set(['token-1']));
    expect(heard).toHaveLength(1);
  });

  it.each([
    ['four fifths of its life are over', 3599, 2880],
    ['half of it is over, when it is short', 60, 30],
    ['four fifths of an hour are over, when Lean does not say how long it lives', null, 2880],
    ['four fifths of what a text says are over', '3599', 2880],
  ])('is kept until %s, and then renewed', async (_when, expiresIn, renewAt) => {
    const { source, heard, pass } = await tokens(expiresIn);
    expect(await source.token(later())).toBe('token-1');
    pass(renewAt - 1);
    expect(await source.token(later())).toBe('token-1');
    expect(heard).toHaveLength(1);
    pass(1);
    await source.token(later());
    await vi.waitUntil(async () => (await source.token(later())) === 'token-2');
    expect(heard).toHaveLength(2);
  });

  it('is handed out while it is renewed ahead of its end, and nobody waits', async () => {
    let now = 0;
    const renewing = gate();
    const release = gate();
    const { url, heard } = await rawServer(response => {
      const answer = { access_token: `token-${String(heard.length)}`, expires_in: 3600 };
      if (heard.length === 1) return json(response, answer);
      renewing.open();
      void release.opened.then(() => json(response, answer));
    });
    const source = clientCredentialsToken(transportTo(url), credentials, () => now);
    await source.token(later());
    now = 3_000_000;
    for (let call = 0; call < 50; call += 1) expect(await source.token(performance.now())).toBe('token-1');
    await renewing.opened;
    expect(await source.token(performance.now())).toBe('token-1');
    release.open();
    await vi.waitUntil(async () => (await source.token(later())) === 'token-2');
    expect(heard).toHaveLength(2);
  });

  it('is not used within a minute of its end: whoever needs one then waits for the next', async () => {
    const { source, heard, pass } = await tokens(3600);
    await source.token(later());
    pass(3540);
    expect(await source.token(later())).toBe('token-2');
    expect(heard).toHaveLength(2);
  });

  it('goes on being used until shortly before its end when its renewal fails', async () => {
    const { source, heard, pass, fail } = await tokens(3600);
    await source.token(later());
    fail(true);
    pass(2880);
    expect(await source.token(later())).toBe('token-1');
    await vi.waitUntil(() => heard.length === 2);
    for (const seconds of [300, 300, 59]) {
      pass(seconds);
      expect(await source.token(later())).toBe('token-1');
      expect(source.usable).toBe(true);
    }
    pass(1);
    expect(await failureOf(source.token(later()))).toBeInstanceOf(LeanTokenUnavailable);
    expect(source.usable).toBe(false);
    fail(false);
    pass(1);
    expect(await source.token(later())).toMatch(/^token-/);
  });

  it('that Lean has refused is not handed out again; one that is older changes nothing', async () => {
    const { source, heard } = await tokens();
    expect(source.refused(await source.token(later()))).toBe(true);
    expect(await source.token(later())).toBe('token-2');
    expect(source.refused('token-1')).toBe(true);
    expect(await source.token(later())).toBe('token-2');
    expect(heard).toHaveLength(2);
  });

  it('is not kept when its lifetime cannot be read or is over', async () => {
    for (const lifetime of ['soon', 0, -1]) {
      const { source } = await tokens(lifetime);
      expect([await source.token(later()), await source.token(later())]).toEqual(['token-1', 'token-2']);
    }
  });
});

describe('without a token nothing is sent', () => {
  async function failing(answer: { status: number; body: string }) {
    const { url } = await rawServer(response => json(response, answer.body, answer.status));
    const source = clientCredentialsToken(transportTo(url), credentials);
    return failureOf(source.token(later()));
  }

  it.each([400, 401, 403])('because the credentials are refused (%i)', async status => {
    const failure = await failing({ status, body: '{"error":"invalid_client"}' });
    expect(failure).toBeInstanceOf(LeanNotSent);
    expect(failure).toMatchObject({
      code: 'LEAN_UNAUTHORIZED',
      details: { httpStatus: status, code: 'invalid_client', retryable: false },
    });
  });

  it('because the sandbox does not know the secret', async () => {
    const lean = await startLean();
    const wrong = { ...credentials, clientSecret: 'wrong' };
    const token = clientCredentialsToken(transportTo(lean.url), wrong);
    const failure = await failureOf(createPayouts(clientTo(lean.url, { token }), '{}', 'key-1'));
    expect(failure).toBeInstanceOf(LeanNotSent);
    expect(failure).toMatchObject({ code: 'LEAN_UNAUTHORIZED' });
    expect(lean.requests.map(({ operation }) => operation)).toEqual(['token']);
  });

  it.each([
    [429, '{}', 'LEAN_RATE_LIMITED', true],
    [500, '{}', 'LEAN_UNAVAILABLE', true],
    [503, '<html>', 'LEAN_UNAVAILABLE', true],
    [302, '', 'LEAN_BAD_RESPONSE', false],
    [200, '', 'LEAN_BAD_RESPONSE', false],
    [200, '<html>', 'LEAN_BAD_RESPONSE', false],
    [200, '{}', 'LEAN_BAD_RESPONSE', false],
    [200, '{"access_token":7}', 'LEAN_BAD_RESPONSE', false],
    [200, '{"access_token":""}', 'LEAN_BAD_RESPONSE', false],
    [200, '{"access_token":"two words"}', 'LEAN_BAD_RESPONSE', false],
    [200, '{"access_token":"line\\r\\nx-evil: 1"}', 'LEAN_BAD_RESPONSE', false],
  ])('because the token endpoint answers %i %s', async (status, body, code, retryable) => {
    const failure = await failing({ status, body });
    expect(failure).toBeInstanceOf(LeanNotSent);
    expect(failure).toMatchObject({ code, details: { retryable } });
  });

  it('because the token endpoint is down', async () => {
    const source = clientCredentialsToken(transportTo(await deadAddress()), credentials);
    const failure = await failureOf(source.token(later()));
    expect(failure).toBeInstanceOf(LeanNotSent);
    expect(failure).toMatchObject({ code: 'LEAN_UNAVAILABLE', details: { retryable: true } });
  });

  it.each<FaultRule>([{ kind: 'drop_after' }, { kind: 'truncate' }])(
    'because the connection to the token endpoint breaks ($kind)',
    async fault => {
      const lean = await startLean();
      lean.faults.add({ ...fault, operation: 'token' });
      const token = clientCredentialsToken(transportTo(lean.url), credentials);
      const failure = await failureOf(createPayouts(clientTo(lean.url, { token }), '{}', 'key-1'));
      expect(failure).toBeInstanceOf(LeanNotSent);
      expect(lean.requests.map(({ operation }) => operation)).toEqual(['token']);
    },
  );

  it("because the caller's deadline passes; who has more time gets it", async () => {
    const release = gate();
    const { url, heard } = await rawServer(response => {
      void release.opened.then(() => json(response, { access_token: 'late' }));
    });
    const source = clientCredentialsToken(transportTo(url), credentials);
    const patient = source.token(later());
    const failure = await failureOf(source.token(performance.now() + 20));
    expect(failure).toBeInstanceOf(LeanNotSent);
    expect(failure).toMatchObject({ code: 'LEAN_TIMEOUT', details: { retryable: true } });
    release.open();
    expect(await patient).toBe('late');
    expect(heard).toHaveLength(1);
  });

  it('and the endpoint is left alone for a second: calls meanwhile fail at once, the next one asks', async () => {
    const { source, heard, pass, fail } = await tokens();
    fail(true);
    const failure = await failureOf(source.token(later()));
    expect(failure).toBeInstanceOf(LeanTokenUnavailable);
    pass(0.999);
    for (let call = 0; call < 20; call += 1) expect(await failureOf(source.token(later()))).toBe(failure);
    expect(heard).toHaveLength(1);
    pass(0.001);
    fail(false);
    expect(await source.token(later())).toBe('token-2');
    expect(heard).toHaveLength(2);
  });

  it('and no error tells the secret or what was answered', async () => {
    const secrets = ['sandbox-secret', 'sshh-token', 'Mohammed Al Falasi'];
    const body = '{"access_token":"sshh-token x","error_description":"Mohammed Al Falasi"}';
    for (const status of [200, 401, 500]) {
      const failure = inspect(await failing({ status, body }), { depth: 10 });
      for (const secret of secrets) expect(failure).not.toContain(secret);
    }
  });
});

describe('usable', () => {
  it('is true until a token could not be had, and again once one could', async () => {
    let now = 0;
    const lean = await startLean();
    const source = clientCredentialsToken(transportTo(lean.url), credentials, () => now);
    expect(source.usable).toBe(true);
    expect(lean.requests).toEqual([]);
    lean.faults.add({ kind: 'status', status: 401, operation: 'token', times: 1 });
    await failureOf(source.token(later()));
    expect(source.usable).toBe(false);
    now = 1000;
    await source.token(later());
    expect(source.usable).toBe(true);
  });

  it('stays true while the kept token is good, whatever becomes of its renewal', async () => {
    let now = 0;
    const { url } = await rawServer(response => json(response, { access_token: 'a', expires_in: 3600 }));
    const source = clientCredentialsToken(transportTo(url), credentials, () => now);
    await source.token(later());
    now = 3_539_999;
    expect(source.usable).toBe(true);
  });
});

describe("at Lean's own token endpoint", () => {
  const hour = 3_600_000;

  /** A Lean and a client with its credentials, on clocks that the test moves. */
  async function leanAndClient(clock: { lean: number; ours: number }) {
    const lean = await startLean({ payouts: 2, clock: () => clock.lean });
    const token = clientCredentialsToken(transportTo(lean.url), credentials, () => clock.ours);
    return {
      lean,
      client: clientTo(lean.url, { token }),
      asked: () => lean.requests.map(({ operation }) => operation),
    };
  }

  it('a token that has ended there is replaced, whatever our own clock says', async () => {
    const clock = { lean: Date.UTC(2026, 5, 1), ours: 0 };
    const { client, asked } = await leanAndClient(clock);
    expect(await client.getPayout(examplePayoutId)).not.toBeNull();
    clock.lean += hour;
    expect(await client.getPayout(examplePayoutId)).not.toBeNull();
    expect(asked()).toEqual(['token', 'getPayout', 'getPayout', 'token', 'getPayout']);
  });

  it('a token near its end is replaced without a refusal', async () => {
    const clock = { lean: Date.UTC(2026, 5, 1), ours: 0 };
    const { client, asked } = await leanAndClient(clock);
    await client.getPayout(examplePayoutId);
    clock.lean += hour;
    clock.ours += hour;
    expect(await client.getPayout(examplePayoutId)).not.toBeNull();
    expect(asked()).toEqual(['token', 'getPayout', 'token', 'getPayout']);
  });

  it('a token that a payout is refused for is replaced for the next, and the payout is not repeated', async () => {
    const clock = { lean: Date.UTC(2026, 5, 1), ours: 0 };
    const { client, asked } = await leanAndClient(clock);
    await client.getPayout(examplePayoutId);
    clock.lean += hour;
    expect(await failureOf(createPayouts(client, '{}', 'key-1'))).toMatchObject({
      code: 'LEAN_UNAUTHORIZED',
    });
    expect(await failureOf(createPayouts(client, '{}', 'key-1'))).toMatchObject({
      details: { httpStatus: 400 },
    });
    expect(asked()).toEqual(['token', 'getPayout', 'createPayoutPayment', 'token', 'createPayoutPayment']);
  });

  it('60 reads that all find their token withdrawn ask for one new token', async () => {
    const clock = { lean: Date.UTC(2026, 5, 1), ours: 0 };
    const { lean, client, asked } = await leanAndClient(clock);
    await client.getPayout(examplePayoutId);
    clock.lean += hour;
    const before = lean.requests.length;
    const ids = Array.from({ length: 60 }, (_, index) => examplePayoutId.slice(0, -2) + String(index + 10));
    await Promise.all(ids.map(id => client.getPayout(id)));
    expect(
      asked()
        .slice(before)
        .filter(operation => operation === 'token'),
    ).toHaveLength(1);
  });
});
