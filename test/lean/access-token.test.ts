import { inspect } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { clientCredentialsToken, staticToken, type ClientCredentials } from '../../src/lean/access-token.ts';
import { LeanNotSent, LeanTokenUnavailable } from '../../src/errors/lean-errors.ts';
import { examplePayoutId, sandboxCredentials } from '../../src/sandbox/fixtures.ts';
import type { FaultRule } from '../../src/sandbox/sandbox.ts';
import {
  clientTo,
  createPayouts,
  failureOf,
  farDeadline,
  gate,
  json,
  rawServer,
  startLean,
  transportTo,
  unusedAddress,
} from './fixtures.ts';

const credentials: ClientCredentials = {
  clientId: sandboxCredentials.clientId,
  clientSecret: sandboxCredentials.clientSecret,
  tokenPath: '/oauth2/token',
  scope: 'api',
};

/** A token source with clocks that the test sets, and a server that issues `token-1`, `token-2`, and so on. */
async function startTokenSource(expiresIn: unknown = 3599) {
  const clock = { wall: Date.parse('2026-06-01T12:00:00Z'), monotonic: 0 };
  let failing = false;
  const { url, received } = await rawServer(response =>
    failing
      ? json(response, {}, 503)
      : json(response, { access_token: `token-${String(received.length)}`, expires_in: expiresIn }),
  );
  const clocks = { wall: () => clock.wall, monotonic: () => clock.monotonic };
  return {
    source: clientCredentialsToken(transportTo(url), credentials, clocks),
    received,
    clock,
    fail: (value: boolean): void => {
      failing = value;
    },
    advance: (seconds: number): void => {
      clock.wall += seconds * 1000;
      clock.monotonic += seconds * 1000;
    },
  };
}

describe('a static token', () => {
  it('is returned at once', async () => {
    expect(await staticToken('abc').token(0)).toBe('abc');
    expect(staticToken('abc').usable).toBe(true);
  });

  it('is still used after Lean has refused it, because there is no other one', async () => {
    const source = staticToken('abc');
    expect(source.invalidate('abc')).toBe(false);
    expect(await source.token(0)).toBe('abc');
  });
});

describe('a token by client credentials', () => {
  it('is requested as RFC 6749 specifies', async () => {
    const { source, received } = await startTokenSource();
    await source.token(farDeadline());
    expect(received).toMatchObject([
      {
        method: 'POST',
        target: '/oauth2/token',
        headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
      },
    ]);
    expect(Object.fromEntries(new URLSearchParams(received[0]?.body))).toEqual({
      client_id: 'sandbox',
      client_secret: 'sandbox-secret',
      grant_type: 'client_credentials',
      scope: 'api',
    });
  });

  it('is requested with a secret that contains special characters', async () => {
    const { url, received } = await rawServer(response => json(response, { access_token: 'a' }));
    const clientSecret = 'a&b=c+d%20é';
    await clientCredentialsToken(transportTo(url), { ...credentials, clientSecret }).token(farDeadline());
    expect(new URLSearchParams(received[0]?.body).get('client_secret')).toBe(clientSecret);
  });

  it('is accepted by Lean', async () => {
    const lean = await startLean({ payouts: 1 });
    const token = clientCredentialsToken(transportTo(lean.url), credentials);
    const { page } = await clientTo(lean.url, { token }).listPayouts({ page_number: '0', page_size: '1' });
    expect(page.content).toHaveLength(1);
    expect(lean.requests.map(({ operation }) => operation)).toEqual(['token', 'listPayouts']);
  });

  it('is fetched once for 200 waiting calls', async () => {
    const { source, received } = await startTokenSource();
    const all = await Promise.all(Array.from({ length: 200 }, () => source.token(farDeadline())));
    expect(new Set(all)).toEqual(new Set(['token-1']));
    expect(received).toHaveLength(1);
  });

  it.each([
    ['four fifths of its lifetime have passed', 3599, 2880],
    ['half of its lifetime has passed, if that is short', 60, 30],
    ['four fifths of an hour have passed, if Lean gives no lifetime', null, 2880],
    ['four fifths of its lifetime have passed, if Lean gives it as text', '3599', 2880],
  ])('is used until %s, and then renewed', async (_when, expiresIn, renewAt) => {
    const { source, received, advance } = await startTokenSource(expiresIn);
    expect(await source.token(farDeadline())).toBe('token-1');
    advance(renewAt - 1);
    expect(await source.token(farDeadline())).toBe('token-1');
    expect(received).toHaveLength(1);
    advance(1);
    await source.token(farDeadline());
    await vi.waitUntil(async () => (await source.token(farDeadline())) === 'token-2');
    expect(received).toHaveLength(2);
  });

  it('is used while it is renewed, and no call waits for the renewal', async () => {
    let now = 0;
    const renewing = gate();
    const release = gate();
    const { url, received } = await rawServer(response => {
      const answer = { access_token: `token-${String(received.length)}`, expires_in: 3600 };
      if (received.length === 1) return json(response, answer);
      renewing.open();
      void release.opened.then(() => json(response, answer));
    });
    const source = clientCredentialsToken(transportTo(url), credentials, {
      wall: () => now,
      monotonic: () => now,
    });
    await source.token(farDeadline());
    now = 3_000_000;
    for (let call = 0; call < 50; call += 1) expect(await source.token(performance.now())).toBe('token-1');
    await renewing.opened;
    expect(await source.token(performance.now())).toBe('token-1');
    release.open();
    await vi.waitUntil(async () => (await source.token(farDeadline())) === 'token-2');
    expect(received).toHaveLength(2);
  });

  it('is not used in its last minute: a call then waits for the next token', async () => {
    const { source, received, advance } = await startTokenSource(3600);
    await source.token(farDeadline());
    advance(3540);
    expect(await source.token(farDeadline())).toBe('token-2');
    expect(received).toHaveLength(2);
  });

  it('is used until a minute before it expires when its renewal fails', async () => {
    const { source, received, advance, fail } = await startTokenSource(3600);
    await source.token(farDeadline());
    fail(true);
    advance(2880);
    expect(await source.token(farDeadline())).toBe('token-1');
    await vi.waitUntil(() => received.length === 2);
    for (const seconds of [300, 300, 59]) {
      advance(seconds);
      expect(await source.token(farDeadline())).toBe('token-1');
      expect(source.usable).toBe(true);
    }
    advance(1);
    expect(await failureOf(source.token(farDeadline()))).toBeInstanceOf(LeanTokenUnavailable);
    expect(source.usable).toBe(false);
    fail(false);
    advance(1);
    expect(await source.token(farDeadline())).toMatch(/^token-/);
  });

  it('is not used again after Lean has refused it, and the refusal of an older token changes nothing', async () => {
    const { source, received } = await startTokenSource();
    expect(source.invalidate(await source.token(farDeadline()))).toBe(true);
    expect(await source.token(farDeadline())).toBe('token-2');
    expect(source.invalidate('token-1')).toBe(true);
    expect(await source.token(farDeadline())).toBe('token-2');
    expect(received).toHaveLength(2);
  });

  it.each(['soon', {}, 0, -1, 1, 3.9])(
    'is used for two seconds if its lifetime is %j, so that not every call requests one',
    async lifetime => {
      const { source, received, advance } = await startTokenSource(lifetime);
      for (let call = 0; call < 20; call += 1) expect(await source.token(farDeadline())).toBe('token-1');
      advance(1.999);
      expect(await source.token(farDeadline())).toBe('token-1');
      expect(received).toHaveLength(1);
      advance(0.001);
      expect(await source.token(farDeadline())).toBe('token-2');
      expect(received).toHaveLength(2);
    },
  );

  it('is replaced at most once in two seconds, however often Lean refuses it', async () => {
    const { source, received, advance } = await startTokenSource();
    expect(source.invalidate(await source.token(farDeadline()))).toBe(true);
    for (let call = 0; call < 20; call += 1)
      expect(source.invalidate(await source.token(farDeadline()))).toBe(false);
    advance(1.999);
    expect(source.invalidate(await source.token(farDeadline()))).toBe(false);
    expect(received).toHaveLength(2);
    advance(0.001);
    expect(source.invalidate(await source.token(farDeadline()))).toBe(true);
    expect(await source.token(farDeadline())).toBe('token-3');
    expect(received).toHaveLength(3);
  });

  it('is replaced after the clock was set back', async () => {
    const { source, clock } = await startTokenSource();
    expect(source.invalidate(await source.token(farDeadline()))).toBe(true);
    clock.wall -= 3_600_000;
    clock.monotonic += 2000;
    expect(source.invalidate(await source.token(farDeadline()))).toBe(true);
    expect(await source.token(farDeadline())).toBe('token-3');
  });
});

describe('nothing is sent without a token', () => {
  async function failureWith(response: { status: number; body: string }) {
    const { url } = await rawServer(reply => json(reply, response.body, response.status));
    const source = clientCredentialsToken(transportTo(url), credentials);
    return failureOf(source.token(farDeadline()));
  }

  it.each([400, 401, 403])('when the token endpoint refuses the credentials (%i)', async status => {
    const failure = await failureWith({ status, body: '{"error":"invalid_client"}' });
    expect(failure).toBeInstanceOf(LeanNotSent);
    expect(failure).toMatchObject({
      code: 'LEAN_UNAUTHORIZED',
      details: { httpStatus: status, code: 'invalid_client', retryable: false },
    });
  });

  it('when the sandbox does not know the secret', async () => {
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
  ])('when the token endpoint responds with %i %s', async (status, body, code, retryable) => {
    const failure = await failureWith({ status, body });
    expect(failure).toBeInstanceOf(LeanNotSent);
    expect(failure).toMatchObject({ code, details: { retryable } });
  });

  it('when no server listens at the token endpoint', async () => {
    const source = clientCredentialsToken(transportTo(await unusedAddress()), credentials);
    const failure = await failureOf(source.token(farDeadline()));
    expect(failure).toBeInstanceOf(LeanNotSent);
    expect(failure).toMatchObject({ code: 'LEAN_UNAVAILABLE', details: { retryable: true } });
  });

  it.each<FaultRule>([{ kind: 'drop_after' }, { kind: 'truncate' }])(
    'when the connection to the token endpoint breaks ($kind)',
    async fault => {
      const lean = await startLean();
      lean.faults.add({ ...fault, operation: 'token' });
      const token = clientCredentialsToken(transportTo(lean.url), credentials);
      const failure = await failureOf(createPayouts(clientTo(lean.url, { token }), '{}', 'key-1'));
      expect(failure).toBeInstanceOf(LeanNotSent);
      expect(lean.requests.map(({ operation }) => operation)).toEqual(['token']);
    },
  );

  it("when the caller's deadline passes first, and a caller with a later deadline gets the token", async () => {
    const release = gate();
    const { url, received } = await rawServer(response => {
      void release.opened.then(() => json(response, { access_token: 'late' }));
    });
    const source = clientCredentialsToken(transportTo(url), credentials);
    const patientCall = source.token(farDeadline());
    const failure = await failureOf(source.token(performance.now() + 20));
    expect(failure).toBeInstanceOf(LeanNotSent);
    expect(failure).toMatchObject({ code: 'LEAN_TIMEOUT', details: { retryable: true } });
    release.open();
    expect(await patientCall).toBe('late');
    expect(received).toHaveLength(1);
  });

  it('and calls fail at once for a second after a failure, without another token request', async () => {
    const { source, received, advance, fail } = await startTokenSource();
    fail(true);
    const failure = await failureOf(source.token(farDeadline()));
    expect(failure).toBeInstanceOf(LeanTokenUnavailable);
    advance(0.999);
    for (let call = 0; call < 20; call += 1)
      expect(await failureOf(source.token(farDeadline()))).toBe(failure);
    expect(received).toHaveLength(1);
    advance(0.001);
    fail(false);
    expect(await source.token(farDeadline())).toBe('token-2');
    expect(received).toHaveLength(2);
  });

  it('and no error contains the secret or the response', async () => {
    const secrets = ['sandbox-secret', 'sshh-token', 'Mohammed Al Falasi'];
    const body = '{"access_token":"sshh-token x","error_description":"Mohammed Al Falasi"}';
    for (const status of [200, 401, 500]) {
      const failure = inspect(await failureWith({ status, body }), { depth: 10 });
      for (const secret of secrets) expect(failure).not.toContain(secret);
    }
  });
});

describe('usable', () => {
  it('is true until a token request fails, and again after one succeeds', async () => {
    let now = 0;
    const lean = await startLean();
    const source = clientCredentialsToken(transportTo(lean.url), credentials, {
      wall: () => now,
      monotonic: () => now,
    });
    expect(source.usable).toBe(true);
    expect(lean.requests).toEqual([]);
    lean.faults.add({ kind: 'status', status: 401, operation: 'token', times: 1 });
    await failureOf(source.token(farDeadline()));
    expect(source.usable).toBe(false);
    now = 1000;
    await source.token(farDeadline());
    expect(source.usable).toBe(true);
  });

  it('is true while the cached token is usable, whatever the outcome of its renewal', async () => {
    let now = 0;
    const { url } = await rawServer(response => json(response, { access_token: 'a', expires_in: 3600 }));
    const source = clientCredentialsToken(transportTo(url), credentials, {
      wall: () => now,
      monotonic: () => now,
    });
    await source.token(farDeadline());
    now = 3_539_999;
    expect(source.usable).toBe(true);
  });
});

describe('when the clock of the machine is set back', () => {
  it('a failed token request is repeated after a second', async () => {
    const { source, clock, fail, advance } = await startTokenSource();
    fail(true);
    await failureOf(source.token(farDeadline()));
    fail(false);
    clock.wall -= 3_600_000;
    advance(1);
    expect(await source.token(farDeadline())).toBe('token-2');
  });

  it('a token is not used after it has expired', async () => {
    const { source, clock, advance } = await startTokenSource(3600);
    await source.token(farDeadline());
    clock.wall -= 3 * 3_600_000;
    advance(3540);
    expect(await source.token(farDeadline())).toBe('token-2');
  });
});

it('a token is not used after it has expired while the machine was suspended', async () => {
  const { source, clock } = await startTokenSource(3600);
  await source.token(farDeadline());
  clock.wall += 3_540_000;
  expect(await source.token(farDeadline())).toBe('token-2');
});

describe("at Lean's own token endpoint", () => {
  const hour = 3_600_000;

  /** A sandbox and a client with its credentials, on clocks that the test sets. */
  async function startLeanAndClient(clock: { lean: number; gateway: number }) {
    const lean = await startLean({ payouts: 2, clock: () => clock.lean });
    const token = clientCredentialsToken(transportTo(lean.url), credentials, {
      wall: () => clock.gateway,
      monotonic: () => clock.gateway,
    });
    return {
      lean,
      client: clientTo(lean.url, { token }),
      requested: () => lean.requests.map(({ operation }) => operation),
    };
  }

  it('a token that has expired by Lean’s clock is replaced, whatever the gateway’s clock says', async () => {
    const clock = { lean: Date.UTC(2026, 5, 1), gateway: 0 };
    const { client, requested } = await startLeanAndClient(clock);
    expect(await client.getPayout(examplePayoutId)).not.toBeNull();
    clock.lean += hour;
    expect(await client.getPayout(examplePayoutId)).not.toBeNull();
    expect(requested()).toEqual(['token', 'getPayout', 'getPayout', 'token', 'getPayout']);
  });

  it('a token near its expiry is replaced before Lean refuses it', async () => {
    const clock = { lean: Date.UTC(2026, 5, 1), gateway: 0 };
    const { client, requested } = await startLeanAndClient(clock);
    await client.getPayout(examplePayoutId);
    clock.lean += hour;
    clock.gateway += hour;
    expect(await client.getPayout(examplePayoutId)).not.toBeNull();
    expect(requested()).toEqual(['token', 'getPayout', 'token', 'getPayout']);
  });

  it('a token with which Lean has refused a payout is replaced for the next request, and the payout is not retried', async () => {
    const clock = { lean: Date.UTC(2026, 5, 1), gateway: 0 };
    const { client, requested } = await startLeanAndClient(clock);
    await client.getPayout(examplePayoutId);
    clock.lean += hour;
    expect(await failureOf(createPayouts(client, '{}', 'key-1'))).toMatchObject({
      code: 'LEAN_UNAUTHORIZED',
    });
    expect(await failureOf(createPayouts(client, '{}', 'key-1'))).toMatchObject({
      details: { httpStatus: 400 },
    });
    expect(requested()).toEqual([
      'token',
      'getPayout',
      'createPayoutPayment',
      'token',
      'createPayoutPayment',
    ]);
  });

  it('60 reads whose token Lean has withdrawn request one new token', async () => {
    const clock = { lean: Date.UTC(2026, 5, 1), gateway: 0 };
    const { lean, client, requested } = await startLeanAndClient(clock);
    await client.getPayout(examplePayoutId);
    clock.lean += hour;
    const before = lean.requests.length;
    const ids = Array.from({ length: 60 }, (_, index) => examplePayoutId.slice(0, -2) + String(index + 10));
    await Promise.all(ids.map(id => client.getPayout(id)));
    expect(
      requested()
        .slice(before)
        .filter(operation => operation === 'token'),
    ).toHaveLength(1);
  });
});
