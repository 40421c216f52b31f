import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { destinations, examplePayoutId } from '../../src/sandbox/fixtures.ts';
import { createSandbox, type SandboxOptions } from '../../src/sandbox/sandbox.ts';
import { startTestSandbox, type Json, creationBody } from './test-sandbox.ts';
import { startWebhookReceiver, secret } from './webhook-receiver.ts';

/** Starts a sandbox that sends its webhooks to a receiver. */
async function startWithReceiver(options: SandboxOptions = {}) {
  const receiver = await startWebhookReceiver();
  return { receiver, ...(await startTestSandbox({ webhook: receiver.target, ...options })) };
}

describe('a webhook', () => {
  it('is a signed POST of the event that the events API returns, digit for digit', async () => {
    const { receiver, sandbox, get } = await startWithReceiver();
    sandbox.payouts.add({ amount: '9007199254740993.010', description: 'Überweisung' });
    await sandbox.webhooks.settled();
    const [webhook] = receiver.received;
    const { json } = await get('/events/v1?page=0&size=1');
    expect(webhook?.json).toEqual(json.data[0]);
    expect(webhook?.text).toContain('"amount":9007199254740993.010,');
    expect(webhook?.method).toBe('POST');
    expect(webhook?.headers).toMatchObject({
      'content-type': 'application/json',
      'lean-signature': `sha512=${createHmac('sha512', secret)
        .update(webhook?.text ?? '')
        .digest('hex')}`,
    });
    expect(sandbox.webhooks.sent).toEqual([{ eventId: webhook?.json.event_id, attempt: 1, status: 200 }]);
  });

  it('is sent when a step is due', async () => {
    const { receiver, create } = await startWithReceiver({ clock: Date.now, speed: 60 });
    await create(creationBody());
    await receiver.waitForCount(2);
    expect(receiver.statuses()).toEqual(['ACCEPTED_BY_BANK', 'ACCEPTED_BY_BANK PROCESSED']);
  });

  it('is sent when a test moves the clock past a step', async () => {
    const { receiver, create, advance } = await startWithReceiver();
    await create(creationBody(destinations.failsAtBank));
    advance(8);
    await receiver.waitForCount(2);
    expect(receiver.statuses()).toEqual(['PENDING_WITH_BANK', 'FAILED']);
  });

  it('is not sent before its step is due, nor for past steps', async () => {
    const { receiver, create, sandbox, advance } = await startWithReceiver({ payouts: 20 });
    sandbox.payouts.add({ createdAt: '2026-05-01T00:00:00Z' });
    await create(creationBody());
    advance(1.999);
    await sandbox.webhooks.settled();
    expect(receiver.received).toEqual([]);
    advance(0.001);
    await sandbox.webhooks.settled();
    expect(receiver.statuses()).toEqual(['ACCEPTED_BY_BANK']);
  });

  it('reports a payout that a test changes or authorises', async () => {
    const { receiver, create, sandbox, advance } = await startWithReceiver({ payouts: 1 });
    sandbox.payouts.change(examplePayoutId, { postInitiationStatus: 'REJECTED' });
    await create(creationBody(destinations.waitsForAuthorization));
    advance(1);
    sandbox.payouts.authorize(sandbox.payouts.all()[0]?.intentId ?? '');
    await sandbox.webhooks.settled();
    expect(receiver.statuses().sort()).toEqual(['ACCEPTED_BY_BANK', 'ACCEPTED_BY_BANK REJECTED']);
  });

  it('is sent in order with the other events of its payment', async () => {
    const { receiver, sandbox } = await startWithReceiver();
    const { intentId } = sandbox.payouts.add({ status: 'PENDING_WITH_BANK' });
    const later = Array.from({ length: 50 }, (_, index) => `STATUS_${String(index)}`);
    for (const status of later) sandbox.payouts.change(intentId, { status });
    await sandbox.webhooks.settled();
    expect(receiver.statuses()).toEqual(['PENDING_WITH_BANK', ...later]);
  });

  it('is sent to the target at the time of its event, or not at all if there is none', async () => {
    const { receiver, sandbox, get } = await startWithReceiver();
    sandbox.webhooks.target = undefined;
    const { intentId } = sandbox.payouts.add();
    await sandbox.webhooks.settled();
    sandbox.webhooks.target = receiver.target;
    sandbox.payouts.change(intentId, { status: 'FAILED' });
    await sandbox.webhooks.settled();
    expect(receiver.statuses()).toEqual(['FAILED']);
    expect((await get('/events/v1?page=0&size=9')).json.page.total_elements).toBe(2);
  });

  it('must have an http or https address as its target', () => {
    const webhook = { url: 'ftp://127.0.0.1/', secret };
    expect(() => createSandbox({ payouts: 0, webhook })).toThrow(RangeError);
    const { webhooks } = createSandbox({ payouts: 0 });
    expect(() => {
      webhooks.target = { url: 'here', secret };
    }).toThrow(RangeError);
  });

  it('shares at most 32 connections with thousands of others', async () => {
    const { receiver, sandbox } = await startWithReceiver();
    for (let count = 0; count < 3000; count += 1) sandbox.payouts.add();
    await sandbox.webhooks.settled();
    expect(new Set(receiver.ids()).size).toBe(3000);
    expect(receiver.connections()).toBeLessThanOrEqual(32);
  });

  it('may be about a pay-in or have an undocumented type', async () => {
    const { receiver, sandbox, get } = await startWithReceiver();
    const ids = [
      sandbox.webhooks.sendUnrelatedEvent('pay_in'),
      sandbox.webhooks.sendUnrelatedEvent('unknown_type'),
    ];
    await sandbox.webhooks.settled();
    const received = receiver.received
      .map(({ json }) => json as Json)
      .sort((one, other) => ids.indexOf(one.event_id) - ids.indexOf(other.event_id));
    expect(received.map(({ event_id: id }) => id)).toEqual(ids);
    const [payIn, unknown] = received;
    expect(payIn).toMatchObject({ type: 'payment.updated', payload: { status: 'ACCEPTED_BY_BANK' } });
    expect((await get(`/payouts/v1/intents/${payIn.payload.intent_id}`)).status).toBe(404);
    expect(unknown.type).toBe('sandbox.unknown.updated');
    expect((await get('/events/v1?page=0&size=9')).json.data).toEqual(received);
  });
});

describe('a webhook that fails', () => {
  it('is retried 1, 2, 5, 10, 60 and 180 minutes after the first attempt, and never again', async () => {
    const { receiver, sandbox, advance } = await startWithReceiver();
    receiver.respond = response => response.writeHead(500).end();
    sandbox.payouts.add();
    const attempts: number[] = [];
    for (const minutes of [0, 1, 1, 3, 5, 50, 120, 9999]) {
      advance(minutes * 60 - 0.001);
      await sandbox.webhooks.settled();
      const before = receiver.received.length;
      advance(0.001);
      await sandbox.webhooks.settled();
      attempts.push(receiver.received.length - before);
    }
    expect(attempts).toEqual([0, 1, 1, 1, 1, 1, 1, 0]);
    expect(receiver.received).toHaveLength(7);
    expect(new Set(receiver.received.map(({ text }) => text)).size).toBe(1);
    expect(sandbox.webhooks.sent.map(({ attempt, status }) => [attempt, status])).toEqual(
      [1, 2, 3, 4, 5, 6, 7].map(attempt => [attempt, 500]),
    );
  });

  it('is retried sooner at a higher speed', async () => {
    const { receiver, sandbox } = await startWithReceiver({ clock: Date.now, speed: 2000 });
    receiver.respond = response => response.writeHead(receiver.received.length < 3 ? 503 : 200).end();
    sandbox.payouts.add();
    await receiver.waitForCount(3);
    await sandbox.webhooks.settled();
    expect(sandbox.webhooks.sent.map(({ attempt, status }) => [attempt, status])).toEqual([
      [1, 503],
      [2, 503],
      [3, 200],
    ]);
  });

  it.each([201, 202, 204, 302])('is one with the response status %i', async status => {
    const { receiver, sandbox, advance } = await startWithReceiver();
    receiver.respond = response => response.writeHead(receiver.received.length > 1 ? 200 : status).end();
    sandbox.payouts.add();
    await sandbox.webhooks.settled();
    advance(60);
    await sandbox.webhooks.settled();
    expect(sandbox.webhooks.sent.map(sent => sent.status)).toEqual([status, 200]);
  });

  it('is one without a complete response in time, or with an unreachable target', async () => {
    const { receiver, sandbox } = await startWithReceiver();
    sandbox.webhooks.timeoutMs = 30;
    const failures = [
      () => undefined,
      (response: { write: (text: string) => unknown }) => response.write('half'),
      (response: { destroy: () => unknown }) => response.destroy(),
    ];
    for (const fail of failures) {
      receiver.respond = fail;
      sandbox.payouts.add();
      await sandbox.webhooks.settled();
    }
    sandbox.webhooks.target = { url: 'http://127.0.0.1:1/', secret };
    sandbox.payouts.add();
    await sandbox.webhooks.settled();
    expect(sandbox.webhooks.sent.map(({ status }) => status)).toEqual([null, null, null, null]);
  });

  it('does not delay the next event of its payment', async () => {
    const { receiver, sandbox, advance } = await startWithReceiver();
    receiver.respond = response => response.writeHead(receiver.received.length === 1 ? 500 : 200).end();
    const { intentId } = sandbox.payouts.add({ status: 'PENDING_WITH_BANK' });
    sandbox.payouts.change(intentId, { status: 'FAILED' });
    await sandbox.webhooks.settled();
    advance(60);
    await sandbox.webhooks.settled();
    expect(receiver.statuses()).toEqual(['PENDING_WITH_BANK', 'FAILED', 'PENDING_WITH_BANK']);
  });
});

describe('webhook faults', () => {
  /** Adds `count` payouts with two events each, with these faults, and waits for the webhooks. */
  const sendWith = async (faults: object, seed = 1, count = 100) => {
    const { receiver, sandbox, get } = await startWithReceiver({ seed });
    Object.assign(sandbox.webhooks.faults, faults);
    for (let index = 0; index < count; index += 1) {
      const { intentId } = sandbox.payouts.add();
      sandbox.payouts.change(intentId, { postInitiationStatus: 'PROCESSED' });
    }
    await sandbox.webhooks.settled();
    const listed = (await get('/events/v1?page=0&size=1')).json.page.total_elements as number;
    return { receiver, ids: receiver.ids(), listed };
  };
  /** Counts the payments whose later event arrived before the earlier one. */
  const countReversed = ({ received }: Awaited<ReturnType<typeof startWebhookReceiver>>): number => {
    const updated = new Set<string>();
    return received.filter(({ json: { type, payload } }) => {
      if (type === 'payment.updated') updated.add(payload.id);
      return type === 'payment.created' && updated.has(payload.id);
    }).length;
  };

  it('duplicate sends a share of the events twice', async () => {
    const { ids } = await sendWith({ duplicate: 0.5 });
    expect(new Set(ids).size).toBe(200);
    expect(ids.length - 200).toBeGreaterThan(60);
    expect(ids.length - 200).toBeLessThan(140);
    expect((await sendWith({ duplicate: 1 })).ids).toHaveLength(400);
  });

  it('lose never sends a share of the events, but the events API contains them', async () => {
    const { ids, listed } = await sendWith({ lose: 0.5 });
    expect(ids.length).toBeGreaterThan(60);
    expect(ids.length).toBeLessThan(140);
    expect(listed).toBe(200);
    expect((await sendWith({ lose: 1 })).ids).toEqual([]);
  });

  it('reorder sends a share of the events after later ones and loses none', async () => {
    const half = await sendWith({ reorder: 0.5 });
    expect(new Set(half.ids).size).toBe(200);
    expect(half.ids).toHaveLength(200);
    expect(countReversed(half.receiver)).toBeGreaterThan(30);
    expect(countReversed(half.receiver)).toBeLessThan(100);
    expect(countReversed((await sendWith({ reorder: 1 })).receiver)).toBe(100);
    expect(countReversed((await sendWith({})).receiver)).toBe(0);
  });

  it('reorder sends an event after five seconds if no later event follows', async () => {
    const { receiver, sandbox, advance } = await startWithReceiver();
    sandbox.webhooks.faults.reorder = 1;
    sandbox.payouts.add();
    advance(5);
    await receiver.waitForCount(1);
    expect(receiver.received).toHaveLength(1);
  });

  it('affect the same events for the same seed, independently of each other', async () => {
    const idsSentWith = async (faults: object, seed: number) =>
      new Set((await sendWith({ lose: 0.3, ...faults }, seed, 40)).ids);
    const first = await idsSentWith({}, 7);
    expect(await idsSentWith({}, 7)).toEqual(first);
    expect(await idsSentWith({ duplicate: 0.4, reorder: 0.4 }, 7)).toEqual(first);
    expect((await idsSentWith({}, 8)).size).not.toBe(0);
  });
});

describe('a reset', () => {
  it('drops pending webhooks, removes attempts and faults, and keeps the target', async () => {
    const { receiver, sandbox, advance } = await startWithReceiver({ payouts: 1 });
    receiver.respond = () => undefined;
    sandbox.webhooks.faults.duplicate = 1;
    sandbox.payouts.change(examplePayoutId, { status: 'FAILED' });
    await receiver.waitForCount(1);
    sandbox.reset();
    receiver.respond = response => response.end();
    advance(9999);
    await sandbox.webhooks.settled();
    expect(receiver.received).toHaveLength(1);
    expect(sandbox.webhooks.sent).toEqual([]);
    expect(sandbox.webhooks.faults).toEqual({ duplicate: 0, reorder: 0, lose: 0 });
    sandbox.payouts.change(examplePayoutId, { status: 'FAILED' });
    await sandbox.webhooks.settled();
    expect(receiver.received).toHaveLength(2);
  });

  it('drops future events, and so does payouts.clear', async () => {
    const { receiver, create, sandbox, advance } = await startWithReceiver();
    await create(creationBody());
    sandbox.reset();
    await create(creationBody());
    sandbox.payouts.clear();
    advance(60);
    await sandbox.webhooks.settled();
    expect(receiver.received).toEqual([]);
  });
});

it('a closed sandbox sends no webhooks', async () => {
  const { receiver, sandbox } = await startWithReceiver({ payouts: 1 });
  await sandbox.close();
  sandbox.payouts.change(examplePayoutId, { status: 'FAILED' });
  await sandbox.webhooks.settled();
  expect(receiver.received).toEqual([]);
});

describe('the control routes of webhooks', () => {
  it('show the target without the secret', async () => {
    const { receiver, call, get } = await startWithReceiver();
    const put = (body: object) => call('PUT', '/sandbox/webhooks', { body: JSON.stringify(body) });
    const { url } = receiver.target;
    const faults = { duplicate: 0, reorder: 0, lose: 0 };
    expect((await get('/sandbox/webhooks')).json).toEqual({ url, faults, sent: [] });
    expect((await call('DELETE', '/sandbox/webhooks')).json).toEqual({ url: null, faults, sent: [] });
    expect((await put({ duplicate: 0.5 })).json.faults).toEqual({ ...faults, duplicate: 0.5 });
    expect((await put({ url, secret, lose: 1 })).json).toEqual({
      url,
      faults: { duplicate: 0.5, reorder: 0, lose: 1 },
      sent: [],
    });
  });

  it.each([
    [[], /an object/],
    [{ retry: 1 }, /unknown field retry; accepted fields: url, secret, duplicate, reorder, lose/],
    [{ lose: 2 }, /lose must be/],
    [{ reorder: '1' }, /reorder must be/],
    [{ url: 'ftp://x', secret }, /url must be/],
    [{ secret }, /url must be/],
    [{ url: 'http://127.0.0.1/' }, /secret must be/],
    [{ url: 'http://127.0.0.1/', secret: '' }, /secret must be/],
  ])('refuse %j', async (body, error) => {
    const { call, sandbox } = await startTestSandbox();
    const response = await call('PUT', '/sandbox/webhooks', { body: JSON.stringify(body) });
    expect([response.status, response.json.error]).toEqual([400, expect.stringMatching(error)]);
    expect(sandbox.webhooks.target).toBeUndefined();
  });

  it('change a payout and send an unrelated event', async () => {
    const { receiver, post, sandbox } = await startWithReceiver({ payouts: 1 });
    const path = `/sandbox/payouts/${examplePayoutId}/change`;
    expect((await post(path, { status: 'FAILED', postInitiationStatus: null })).json).toMatchObject({
      paymentId: examplePayoutId,
      status: 'FAILED',
    });
    const { json } = await post('/sandbox/webhooks/unrelated-event', { kind: 'unknown_type' });
    await sandbox.webhooks.settled();
    expect(receiver.ids()).toContain(json.event_id);
    expect(receiver.statuses()).toContain('FAILED');
    for (const invalid of [[], { status: null }, { statusDetails: 1 }, { payment: true }])
      expect((await post(path, invalid)).status).toBe(400);
    expect((await post('/sandbox/payouts/nobody/change', {})).status).toBe(404);
    expect((await post('/sandbox/webhooks/unrelated-event', { kind: 'loud' })).status).toBe(400);
  });
});
