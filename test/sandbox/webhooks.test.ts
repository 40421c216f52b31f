import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { destinations, examplePayoutId } from '../../src/sandbox/named.ts';
import { createSandbox, type SandboxOptions } from '../../src/sandbox/sandbox.ts';
import { callLean, type Json, order } from './lean-caller.ts';
import { receiveWebhooks, secret } from './webhook-receiver.ts';

/** A sandbox whose webhooks go to a receiver. */
async function leanAndReceiver(options: SandboxOptions = {}) {
  const receiver = await receiveWebhooks();
  return { receiver, ...(await callLean({ webhook: receiver.target, ...options })) };
}

describe('a webhook', () => {
  it('is a signed POST of the event as the events API has it, digit for digit', async () => {
    const { receiver, sandbox, get } = await leanAndReceiver();
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

  it('comes by itself when a step falls due', async () => {
    const { receiver, create } = await leanAndReceiver({ clock: Date.now, speed: 60 });
    await create(order());
    await receiver.come(2);
    expect(receiver.standings()).toEqual(['ACCEPTED_BY_BANK', 'ACCEPTED_BY_BANK PROCESSED']);
  });

  it('comes by itself when a clock that is set by hand has passed the step', async () => {
    const { receiver, create, pass } = await leanAndReceiver();
    await create(order(destinations.failsAtBank));
    pass(8);
    await receiver.come(2);
    expect(receiver.standings()).toEqual(['PENDING_WITH_BANK', 'FAILED']);
  });

  it('does not come before its time, nor for what is past', async () => {
    const { receiver, create, sandbox, pass } = await leanAndReceiver({ payouts: 20 });
    sandbox.payouts.add({ createdAt: '2026-05-01T00:00:00Z' });
    await create(order());
    pass(1.999);
    await sandbox.webhooks.settled();
    expect(receiver.received).toEqual([]);
    pass(0.001);
    await sandbox.webhooks.settled();
    expect(receiver.standings()).toEqual(['ACCEPTED_BY_BANK']);
  });

  it('tells of a payout that is changed or authorised by hand', async () => {
    const { receiver, create, sandbox, pass } = await leanAndReceiver({ payouts: 1 });
    sandbox.payouts.change(examplePayoutId, { postInitiationStatus: 'REJECTED' });
    await create(order(destinations.waitsForAuthorization));
    pass(1);
    sandbox.payouts.authorize(sandbox.payouts.all()[0]?.intentId ?? '');
    await sandbox.webhooks.settled();
    expect(receiver.standings().sort()).toEqual(['ACCEPTED_BY_BANK', 'ACCEPTED_BY_BANK REJECTED']);
  });

  it('comes in its order among those of its payment', async () => {
    const { receiver, sandbox } = await leanAndReceiver();
    const { intentId } = sandbox.payouts.add({ status: 'PENDING_WITH_BANK' });
    const later = Array.from({ length: 50 }, (_, index) => `STATUS_${String(index)}`);
    for (const status of later) sandbox.payouts.change(intentId, { status });
    await sandbox.webhooks.settled();
    expect(receiver.standings()).toEqual(['PENDING_WITH_BANK', ...later]);
  });

  it('goes where it is told to go by then, or nowhere', async () => {
    const { receiver, sandbox, get } = await leanAndReceiver();
    sandbox.webhooks.target = undefined;
    const { intentId } = sandbox.payouts.add();
    await sandbox.webhooks.settled();
    sandbox.webhooks.target = receiver.target;
    sandbox.payouts.change(intentId, { status: 'FAILED' });
    await sandbox.webhooks.settled();
    expect(receiver.standings()).toEqual(['FAILED']);
    expect((await get('/events/v1?page=0&size=9')).json.page.total_elements).toBe(2);
  });

  it('cannot go to what is no http or https address', () => {
    const webhook = { url: 'ftp://127.0.0.1/', secret };
    expect(() => createSandbox({ payouts: 0, webhook })).toThrow(RangeError);
    const { webhooks } = createSandbox({ payouts: 0 });
    expect(() => {
      webhooks.target = { url: 'here', secret };
    }).toThrow(RangeError);
  });

  it('is one of thousands over a few connections', async () => {
    const { receiver, sandbox } = await leanAndReceiver();
    for (let count = 0; count < 3000; count += 1) sandbox.payouts.add();
    await sandbox.webhooks.settled();
    expect(new Set(receiver.ids()).size).toBe(3000);
    expect(receiver.connections()).toBeLessThanOrEqual(32);
  });

  it('may be a pay-in’s, or of a type that nobody knows', async () => {
    const { receiver, sandbox, get } = await leanAndReceiver();
    const ids = [sandbox.webhooks.noise('pay_in'), sandbox.webhooks.noise('unknown_type')];
    await sandbox.webhooks.settled();
    const received = receiver.received
      .map(({ json }) => json as Json)
      .sort((one, other) => ids.indexOf(one.event_id) - ids.indexOf(other.event_id));
    expect(received.map(({ event_id: id }) => id)).toEqual(ids);
    const [payIn, unknown] = received;
    expect(payIn).toMatchObject({ type: 'payment.updated', payload: { status: 'ACCEPTED_BY_BANK' } });
    expect((await get(`/payouts/v1/intents/${payIn.payload.intent_id}`)).status).toBe(404);
    expect(unknown.type).toBe('sandbox.novelty.updated');
    expect((await get('/events/v1?page=0&size=9')).json.data).toEqual(received);
  });
});

describe('a webhook that fails', () => {
  it('is tried again 1, 2, 5, 10, 60 and 180 minutes after the first attempt, and then no more', async () => {
    const { receiver, sandbox, pass } = await leanAndReceiver();
    receiver.respond = response => response.writeHead(500).end();
    sandbox.payouts.add();
    const attempts: number[] = [];
    for (const minutes of [0, 1, 1, 3, 5, 50, 120, 9999]) {
      pass(minutes * 60 - 0.001);
      await sandbox.webhooks.settled();
      const before = receiver.received.length;
      pass(0.001);
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

  it('is tried again the sooner, the faster the sandbox lives', async () => {
    const { receiver, sandbox } = await leanAndReceiver({ clock: Date.now, speed: 2000 });
    receiver.respond = response => response.writeHead(receiver.received.length < 3 ? 503 : 200).end();
    sandbox.payouts.add();
    await receiver.come(3);
    await sandbox.webhooks.settled();
    expect(sandbox.webhooks.sent.map(({ attempt, status }) => [attempt, status])).toEqual([
      [1, 503],
      [2, 503],
      [3, 200],
    ]);
  });

  it.each([201, 202, 204, 302])('is one that was answered with %i', async status => {
    const { receiver, sandbox, pass } = await leanAndReceiver();
    receiver.respond = response => response.writeHead(receiver.received.length > 1 ? 200 : status).end();
    sandbox.payouts.add();
    await sandbox.webhooks.settled();
    pass(60);
    await sandbox.webhooks.settled();
    expect(sandbox.webhooks.sent.map(sent => sent.status)).toEqual([status, 200]);
  });

  it('is one without a whole answer in time, or without anybody there', async () => {
    const { receiver, sandbox } = await leanAndReceiver();
    sandbox.webhooks.timeoutMs = 30;
    const answers = [
      () => undefined,
      (response: { write: (text: string) => unknown }) => response.write('half'),
      (response: { destroy: () => unknown }) => response.destroy(),
    ];
    for (const answer of answers) {
      receiver.respond = answer;
      sandbox.payouts.add();
      await sandbox.webhooks.settled();
    }
    sandbox.webhooks.target = { url: 'http://127.0.0.1:1/', secret };
    sandbox.payouts.add();
    await sandbox.webhooks.settled();
    expect(sandbox.webhooks.sent.map(({ status }) => status)).toEqual([null, null, null, null]);
  });

  it('does not hold up the next of its payment', async () => {
    const { receiver, sandbox, pass } = await leanAndReceiver();
    receiver.respond = response => response.writeHead(receiver.received.length === 1 ? 500 : 200).end();
    const { intentId } = sandbox.payouts.add({ status: 'PENDING_WITH_BANK' });
    sandbox.payouts.change(intentId, { status: 'FAILED' });
    await sandbox.webhooks.settled();
    pass(60);
    await sandbox.webhooks.settled();
    expect(receiver.standings()).toEqual(['PENDING_WITH_BANK', 'FAILED', 'PENDING_WITH_BANK']);
  });
});

describe('the faults of webhooks', () => {
  /** Tells of so many payouts, two events each, under faults. */
  const tell = async (faults: object, seed = 1, count = 100) => {
    const { receiver, sandbox, get } = await leanAndReceiver({ seed });
    Object.assign(sandbox.webhooks.faults, faults);
    for (let index = 0; index < count; index += 1) {
      const { intentId } = sandbox.payouts.add();
      sandbox.payouts.change(intentId, { postInitiationStatus: 'PROCESSED' });
    }
    await sandbox.webhooks.settled();
    const listed = (await get('/events/v1?page=0&size=1')).json.page.total_elements as number;
    return { receiver, ids: receiver.ids(), listed };
  };
  /** Of how many payments the later event came before the earlier one. */
  const reversed = ({ received }: Awaited<ReturnType<typeof receiveWebhooks>>): number => {
    const updated = new Set<string>();
    return received.filter(({ json: { type, payload } }) => {
      if (type === 'payment.updated') updated.add(payload.id);
      return type === 'payment.created' && updated.has(payload.id);
    }).length;
  };

  it('duplicate sends a share of the events twice', async () => {
    const { ids } = await tell({ duplicate: 0.5 });
    expect(new Set(ids).size).toBe(200);
    expect(ids.length - 200).toBeGreaterThan(60);
    expect(ids.length - 200).toBeLessThan(140);
    expect((await tell({ duplicate: 1 })).ids).toHaveLength(400);
  });

  it('lose never sends a share of them, which the events API has', async () => {
    const { ids, listed } = await tell({ lose: 0.5 });
    expect(ids.length).toBeGreaterThan(60);
    expect(ids.length).toBeLessThan(140);
    expect(listed).toBe(200);
    expect((await tell({ lose: 1 })).ids).toEqual([]);
  });

  it('reorder sends a share of them after later ones, and loses none', async () => {
    const half = await tell({ reorder: 0.5 });
    expect(new Set(half.ids).size).toBe(200);
    expect(half.ids).toHaveLength(200);
    expect(reversed(half.receiver)).toBeGreaterThan(30);
    expect(reversed(half.receiver)).toBeLessThan(100);
    expect(reversed((await tell({ reorder: 1 })).receiver)).toBe(100);
    expect(reversed((await tell({})).receiver)).toBe(0);
  });

  it('reorder sends what nothing overtakes after five seconds', async () => {
    const { receiver, sandbox, pass } = await leanAndReceiver();
    sandbox.webhooks.faults.reorder = 1;
    sandbox.payouts.add();
    pass(5);
    await receiver.come(1);
    expect(receiver.received).toHaveLength(1);
  });

  it('are the same under the same seed, each whatever the others are', async () => {
    const lost = async (faults: object, seed: number) =>
      new Set((await tell({ lose: 0.3, ...faults }, seed, 40)).ids);
    const first = await lost({}, 7);
    expect(await lost({}, 7)).toEqual(first);
    expect(await lost({ duplicate: 0.4, reorder: 0.4 }, 7)).toEqual(first);
    expect((await lost({}, 8)).size).not.toBe(0);
  });
});

describe('a reset', () => {
  it('drops what is under way, forgets attempts and faults, and leaves the target', async () => {
    const { receiver, sandbox, pass } = await leanAndReceiver({ payouts: 1 });
    receiver.respond = () => undefined;
    sandbox.webhooks.faults.duplicate = 1;
    sandbox.payouts.change(examplePayoutId, { status: 'FAILED' });
    await receiver.come(1);
    sandbox.reset();
    receiver.respond = response => response.end();
    pass(9999);
    await sandbox.webhooks.settled();
    expect(receiver.received).toHaveLength(1);
    expect(sandbox.webhooks.sent).toEqual([]);
    expect(sandbox.webhooks.faults).toEqual({ duplicate: 0, reorder: 0, lose: 0 });
    sandbox.payouts.change(examplePayoutId, { status: 'FAILED' });
    await sandbox.webhooks.settled();
    expect(receiver.received).toHaveLength(2);
  });

  it('drops events to come, and so does removing the payouts', async () => {
    const { receiver, create, sandbox, pass } = await leanAndReceiver();
    await create(order());
    sandbox.reset();
    await create(order());
    sandbox.payouts.clear();
    pass(60);
    await sandbox.webhooks.settled();
    expect(receiver.received).toEqual([]);
  });
});

it('a closed sandbox sends nothing', async () => {
  const { receiver, sandbox } = await leanAndReceiver({ payouts: 1 });
  await sandbox.close();
  sandbox.payouts.change(examplePayoutId, { status: 'FAILED' });
  await sandbox.webhooks.settled();
  expect(receiver.received).toEqual([]);
});

describe('the control routes of webhooks', () => {
  it('say where webhooks go, and keep the secret', async () => {
    const { receiver, call, get } = await leanAndReceiver();
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
    [{ retry: 1 }, /no retry/],
    [{ lose: 2 }, /lose must be/],
    [{ reorder: '1' }, /reorder must be/],
    [{ url: 'ftp://x', secret }, /url must be/],
    [{ secret }, /url must be/],
    [{ url: 'http://127.0.0.1/' }, /secret must be/],
    [{ url: 'http://127.0.0.1/', secret: '' }, /secret must be/],
  ])('refuse %j', async (body, error) => {
    const { call, sandbox } = await callLean();
    const answered = await call('PUT', '/sandbox/webhooks', { body: JSON.stringify(body) });
    expect([answered.status, answered.json.error]).toEqual([400, expect.stringMatching(error)]);
    expect(sandbox.webhooks.target).toBeUndefined();
  });

  it('change a payout and make noise', async () => {
    const { receiver, post, sandbox } = await leanAndReceiver({ payouts: 1 });
    const path = `/sandbox/payouts/${examplePayoutId}/change`;
    expect((await post(path, { status: 'FAILED', postInitiationStatus: null })).json).toMatchObject({
      paymentId: examplePayoutId,
      status: 'FAILED',
    });
    const { json } = await post('/sandbox/webhooks/noise', { kind: 'unknown_type' });
    await sandbox.webhooks.settled();
    expect(receiver.ids()).toContain(json.event_id);
    expect(receiver.standings()).toContain('FAILED');
    for (const wrong of [[], { status: null }, { statusDetails: 1 }, { payment: true }])
      expect((await post(path, wrong)).status).toBe(400);
    expect((await post('/sandbox/payouts/nobody/change', {})).status).toBe(404);
    expect((await post('/sandbox/webhooks/noise', { kind: 'loud' })).status).toBe(400);
  });
});
