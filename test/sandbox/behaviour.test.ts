import { describe, expect, it, vi } from 'vitest';
import { type LeanBehaviour, parseBehaviour } from '../../src/sandbox/lean-api/behaviour.ts';
import { createSandbox } from '../../src/sandbox/sandbox.ts';
import { accounts, destinations } from '../../src/sandbox/named.ts';
import { callLean, type Json, order } from './lean-caller.ts';
import { receiveWebhooks } from './webhook-receiver.ts';

const list = '/payouts/v1/payments';

/** A sandbox without payouts that behaves so. */
const unkindLean = (behaviour: Partial<LeanBehaviour>) => callLean({ behaviour });
type Caller = Awaited<ReturnType<typeof callLean>>;

/** Sends a creation, and returns once Lean has got it. The answer comes when the clock has been moved far enough. */
async function send({ create, sandbox }: Caller, body: unknown = order(), key?: string) {
  const count = sandbox.requests.length;
  const answer = create(body, key);
  await vi.waitFor(() => {
    expect(sandbox.requests).toHaveLength(count + 1);
  });
  // An object, because awaiting the call would otherwise await the answer.
  return { answer };
}

/** A create body with one transfer for each amount. */
function batch(...amounts: number[]): object {
  const transfer = { payment_destination_id: destinations.pays, description: 'x', authorize_payment: true };
  const transfers = amounts.map(amount => ({ ...transfer, amount }));
  return { payment_details: [{ account_id: accounts.operating, destination_details: transfers }] };
}

const idsOf = (rows: readonly Json[]): string[] => rows.map(row => row.payment_intent_id);

describe('processingMs', () => {
  it('lets no payout exist before the processing is over', async () => {
    const lean = await unkindLean({ processingMs: 5000 });
    const { answer } = await send(lean);
    lean.pass(4.999);
    expect(lean.sandbox.payouts.all()).toEqual([]);
    lean.pass(0.001);
    expect(lean.sandbox.payouts.all()).toHaveLength(1);
    expect((await answer).status).toBe(200);
  });

  it('creates the payout at the end of the processing, however late the clock is looked at', async () => {
    const lean = await unkindLean({ processingMs: 5000 });
    const { answer } = await send(lean);
    lean.pass(60);
    await answer;
    const [row] = await lean.list();
    expect(row).toMatchObject({ created_at: '2026-06-01T12:00:05Z', updated_at: '2026-06-01T12:00:13Z' });
  });

  it('takes a payout although the caller hung up while it was processed', async () => {
    const { call, sandbox, pass } = await unkindLean({ processingMs: 5000 });
    const caller = new AbortController();
    const body = JSON.stringify(order());
    const answer = call('POST', '/payouts/v1/payment', { body, signal: caller.signal });
    await vi.waitFor(() => {
      expect(sandbox.requests).toHaveLength(1);
    });
    caller.abort();
    await expect(answer).rejects.toThrow('abort');
    await vi.waitFor(async () => {
      expect(await sandbox.connections()).toBe(0);
    });
    expect(sandbox.payouts.all()).toEqual([]);
    pass(5);
    expect(sandbox.payouts.all()).toHaveLength(1);
  });

  it('answers without another request once the clock has moved', async () => {
    const lean = await unkindLean({ processingMs: 86_400_000 });
    const { answer } = await send(lean);
    lean.pass(86_400);
    expect((await answer).status).toBe(200);
  });

  it("works with the machine's clock", async () => {
    const { create } = await callLean({ clock: Date.now, behaviour: { processingMs: 60 } });
    const begun = performance.now();
    expect((await create(order())).status).toBe(200);
    expect(performance.now() - begun).toBeGreaterThan(55);
  });

  it('shows a processed payout to the next read at once', async () => {
    const lean = await unkindLean({ processingMs: 5000 });
    const { answer } = await send(lean);
    lean.pass(5);
    expect(await lean.list()).toHaveLength(1);
    await answer;
  });

  it('decides to refuse only when the processing is over', async () => {
    const lean = await unkindLean({ processingMs: 5000 });
    const { answer } = await send(lean, order(destinations.refused));
    lean.pass(5);
    const { status, json } = await answer;
    expect([status, json.status]).toEqual([422, 'BENEFICIARY_NOT_ACTIVE']);
    expect(json.timestamp).toBe('2026-06-01T12:00:05Z');
  });

  it('processes creations in the order in which they came', async () => {
    const lean = await unkindLean({ processingMs: 5000 });
    const { answer: first } = await send(lean, order(undefined, { description: 'first' }));
    const { answer: second } = await send(lean, order(undefined, { description: 'second' }));
    lean.pass(5);
    await Promise.all([first, second]);
    expect((await lean.list()).map(row => row.description)).toEqual(['second', 'first']);
  });

  it('makes one payout of two requests with one key that are processed together', async () => {
    const lean = await unkindLean({ processingMs: 5000 });
    const { answer: first } = await send(lean, order(), 'key-1');
    const { answer: second } = await send(lean, order(), 'key-1');
    lean.pass(5);
    expect((await second).text).toBe((await first).text);
    expect(lean.sandbox.payouts.all()).toHaveLength(1);
  });

  it('tells of a payout by webhook from the end of its processing', async () => {
    const { target, received } = await receiveWebhooks();
    const lean = await callLean({ webhook: target, behaviour: { processingMs: 5000 } });
    const { answer } = await send(lean);
    lean.pass(8);
    await lean.sandbox.webhooks.settled();
    expect(received.map(({ json }) => json.timestamp)).toEqual(['2026-06-01T12:00:07Z']);
    await answer;
  });

  it('drops the connection of drop_after only once the payout exists', async () => {
    const lean = await unkindLean({ processingMs: 5000 });
    lean.sandbox.faults.add({ kind: 'drop_after' });
    const { answer } = await send(lean);
    lean.pass(5);
    await expect(answer).rejects.toThrow();
    expect(lean.sandbox.payouts.all()).toHaveLength(1);
  });

  it('delays no read', async () => {
    const { get } = await unkindLean({ processingMs: 5000 });
    expect((await get(list)).status).toBe(200);
  });

  it('drops what is in processing when the sandbox is reset', async () => {
    const lean = await unkindLean({ processingMs: 5000 });
    const { answer } = await send(lean);
    lean.sandbox.reset();
    await expect(answer).rejects.toThrow();
    lean.pass(10);
    expect(lean.sandbox.payouts.all()).toEqual([]);
  });

  it('takes as long when the clock of Lean is set meanwhile', async () => {
    const lean = await unkindLean({ processingMs: 5000 });
    const { answer } = await send(lean);
    lean.sandbox.behaviour.clockOffsetMs = 3_600_000;
    lean.pass(4);
    expect(lean.sandbox.payouts.all()).toEqual([]);
    lean.pass(1);
    await answer;
    expect(lean.sandbox.payouts.all()[0]?.createdAt).toBe('2026-06-01T13:00:05Z');
  });
});

describe('listingMs', () => {
  it('leaves a new payout out of the list and its total until the time has passed', async () => {
    const { create, get, pass } = await unkindLean({ listingMs: 30_000 });
    await create(order());
    pass(29.999);
    expect((await get(list)).json).toMatchObject({ content: [], page: { total_elements: 0 } });
    pass(0.001);
    expect((await get(list)).json.page.total_elements).toBe(1);
  });

  it('keeps the creation time of a payout that is listed late', async () => {
    const { create, list: rows, pass } = await unkindLean({ listingMs: 30_000 });
    await create(order());
    pass(30);
    expect((await rows())[0].created_at).toBe('2026-06-01T12:00:00Z');
  });

  it('shows an unlisted payout to single reads at once', async () => {
    const { create, get, pass, sandbox } = await unkindLean({ listingMs: 30_000 });
    await create(order());
    pass(2);
    const [payout] = sandbox.payouts.all();
    const intentId = payout?.intentId ?? '';
    const paths = [
      `/payouts/v1/${payout?.paymentId ?? ''}`,
      `/payouts/v1/intents/${intentId}`,
      `${list}/${intentId}/history`,
    ];
    const answers = await Promise.all(paths.map(path => get(path)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  });

  it('applies on top of filters', async () => {
    const { create, list: rows } = await unkindLean({ listingMs: 30_000 });
    await create(order());
    expect(await rows('?amount_min=1')).toEqual([]);
  });
});

describe('keys', () => {
  it('forget makes a new payout for each request with the same key', async () => {
    const { create, sandbox } = await unkindLean({ keys: 'forget' });
    const first = await create(order(), 'key-1');
    const second = await create(order(), 'key-1');
    expect([first.status, second.status]).toEqual([200, 200]);
    expect(sandbox.payouts.all()).toHaveLength(2);
  });

  it('forget accepts another body under the same key', async () => {
    const { create } = await unkindLean({ keys: 'forget' });
    await create(order(), 'key-1');
    expect((await create(order(undefined, { amount: 17 }), 'key-1')).status).toBe(200);
  });

  it('refuse answers 409 to a key that has made a payout', async () => {
    const { create, sandbox } = await unkindLean({ keys: 'refuse' });
    expect((await create(order(), 'key-1')).status).toBe(200);
    const { status, json } = await create(order(), 'key-1');
    expect(status).toBe(409);
    expect(json).toMatchObject({ status: 'IDEMPOTENCY_KEY_ALREADY_USED', metadata: null });
    expect(sandbox.payouts.all()).toHaveLength(1);
  });

  it('refuse leaves a key free whose request was refused', async () => {
    const { create } = await unkindLean({ keys: 'refuse' });
    expect((await create(order(undefined, { amount: 0 }), 'key-1')).status).toBe(400);
    expect((await create(order(), 'key-1')).status).toBe(200);
  });

  it('refuse knows the keys that were used before the switch', async () => {
    const { create, sandbox } = await unkindLean({});
    await create(order(), 'key-1');
    sandbox.behaviour.keys = 'refuse';
    expect((await create(order(), 'key-1')).status).toBe(409);
  });
});

describe('references', () => {
  it.each([
    ['exact', '  Order  4711\tAB ', '  Order  4711\tAB '],
    ['trimmed', '  Order  4711\tAB ', 'Order 4711 AB'],
    ['cut', 'Order-4711-AB', 'Order-4711'],
    ['cut', 'short', 'short'],
    ['lowercased', 'Order-4711-AB', 'order-4711-ab'],
    ['dropped', 'Order-4711-AB', null],
  ] as const)('%s gives %j back as %j', async (references, sent, given) => {
    const { create, get, sandbox } = await unkindLean({ references });
    await create(order(undefined, { external_reference: sent }));
    const [payout] = sandbox.payouts.all();
    const { json } = await get(`/payouts/v1/intents/${payout?.intentId ?? ''}`);
    expect(json.external_reference).toBe(given);
    expect(payout?.externalReference).toBe(sent);
  });

  it.each(['trimmed', 'cut', 'lowercased'] as const)('%s leaves no reference as it is', async references => {
    const { get, sandbox } = await unkindLean({ references });
    const { intentId } = sandbox.payouts.add();
    expect((await get(`/payouts/v1/intents/${intentId}`)).json.external_reference).toBeNull();
  });
});

describe('amounts', () => {
  it('rounded gives a whole number in list rows, payments and intents', async () => {
    const { get, sandbox } = await unkindLean({ amounts: 'rounded' });
    const { intentId, paymentId } = sandbox.payouts.add({ amount: '16.50' });
    const [row] = (await get(list)).json.content;
    const payment = (await get(`/payouts/v1/${paymentId ?? ''}`)).json;
    const intent = (await get(`/payouts/v1/intents/${intentId}`)).json;
    expect([row.amount, payment.amount, intent.amount, intent.payment.amount]).toEqual([17, 17, 17, 17]);
  });

  it.each(['v1', 'ksa'] as const)('rounded gives a whole number in the history of %s', async profile => {
    const { get, sandbox } = await callLean({ profile, behaviour: { amounts: 'rounded' } });
    const { paymentId } = sandbox.payouts.add({ amount: '16.49' });
    expect((await get(`${list}/${paymentId ?? ''}/history`)).json.payments[0].amount).toBe(16);
  });

  it('rounded leaves the creation answer, the filters and the stored payout exact', async () => {
    const { create, list: rows, sandbox } = await unkindLean({ amounts: 'rounded' });
    const { json } = await create(order());
    expect(json.payouts_payment_details[0].destination_details.amount).toBe(16.5);
    expect(await rows('?amount_max=16.5')).toHaveLength(1);
    expect(sandbox.payouts.all()[0]?.amount).toBe('16.5');
  });

  it('gives exact amounts again after the switch back', async () => {
    const { list: rows, sandbox } = await unkindLean({ amounts: 'rounded' });
    sandbox.payouts.add({ amount: '16.5' });
    await rows();
    sandbox.behaviour.amounts = 'exact';
    expect((await rows())[0].amount).toBe(16.5);
  });
});

describe('batches', () => {
  it('partly takes the first of several transfers and answers 422', async () => {
    const { create, sandbox } = await unkindLean({ batches: 'partly' });
    const { status, json } = await create(batch(1, 2, 3));
    expect(status).toBe(422);
    expect(json).toMatchObject({ status: 'BENEFICIARY_NOT_ACTIVE', metadata: null });
    expect(sandbox.payouts.all().map(({ amount }) => amount)).toEqual(['1']);
  });

  it('partly takes a single transfer as usual', async () => {
    const { create, sandbox } = await unkindLean({ batches: 'partly' });
    expect((await create(batch(1))).status).toBe(200);
    expect(sandbox.payouts.all()).toHaveLength(1);
  });

  it('partly takes nothing of a creation that Lean would refuse anyway', async () => {
    const { create, sandbox } = await unkindLean({ batches: 'partly' });
    expect((await create(batch(1, 0))).status).toBe(400);
    expect(sandbox.payouts.all()).toEqual([]);
  });

  it('partly gives the 422 again under the same key and takes no second payout', async () => {
    const { create, sandbox } = await unkindLean({ batches: 'partly' });
    const first = await create(batch(1, 2), 'key-1');
    const second = await create(batch(1, 2), 'key-1');
    expect([second.status, second.text]).toEqual([422, first.text]);
    expect(sandbox.payouts.all()).toHaveLength(1);
  });
});

describe('listOrder', () => {
  it('unsorted pages cover every payout exactly once, and not newest first', async () => {
    const { list: rows, sandbox } = await callLean({ payouts: 61, behaviour: { listOrder: 'unsorted' } });
    const pages = await Promise.all(
      [0, 1, 2, 3].map(page => rows(`?page_size=20&page_number=${String(page)}`)),
    );
    const listed = pages.flat().map(row => row.created_at);
    const newest = sandbox.payouts.all().map(({ createdAt }) => createdAt);
    expect(listed).not.toEqual(newest);
    expect(listed.toSorted()).toEqual(newest.toSorted());
  });

  it('unsorted keeps the order of known payouts when a new one comes', async () => {
    const { create, list: rows } = await callLean({ payouts: 40, behaviour: { listOrder: 'unsorted' } });
    const before = idsOf(await rows());
    await create(order());
    const after = idsOf(await rows());
    expect(after).toHaveLength(41);
    expect(after.filter(id => before.includes(id))).toEqual(before);
  });
});

describe('listCap', () => {
  it('caps the rows of a page without saying so in its size', async () => {
    const { get } = await callLean({ payouts: 10, behaviour: { listCap: 4 } });
    const { json } = await get(`${list}?page_size=6`);
    expect(json.content).toHaveLength(4);
    expect(json.page).toMatchObject({ size: 6, total_elements: 10, total_pages: 3 });
  });

  it('begins the next page where the capped page ended', async () => {
    const { list: rows, sandbox } = await callLean({ payouts: 10, behaviour: { listCap: 4 } });
    const all = sandbox.payouts.all().map(({ intentId }) => intentId);
    expect(idsOf(await rows('?page_size=6&page_number=1'))).toEqual(all.slice(4, 8));
    expect(idsOf(await rows('?page_size=6&page_number=2'))).toEqual(all.slice(8));
  });

  it('leaves smaller pages as they are', async () => {
    const { list: rows } = await callLean({ payouts: 10, behaviour: { listCap: 4 } });
    expect(await rows('?page_size=3')).toHaveLength(3);
  });

  it.each(['v1', 'ksa'] as const)('gives the true offset in %s', async profile => {
    const { get } = await callLean({ profile, payouts: 10, behaviour: { listCap: 4 } });
    const { json } = await get(`${list}?page_size=6&page_number=2`);
    expect(json).toMatchObject({ size: 6, last: true, number_of_elements: 2, pageable: { offset: 8 } });
  });
});

describe('listTotal', () => {
  it('missing leaves the totals out of the page', async () => {
    const { get } = await callLean({ payouts: 3, behaviour: { listTotal: 'missing' } });
    expect((await get(list)).json.page).toEqual({ number: 0, size: 50, sort: null });
  });

  it.each(['v1', 'ksa'] as const)('missing leaves the totals out of the page of %s', async profile => {
    const { get } = await callLean({ profile, payouts: 3, behaviour: { listTotal: 'missing' } });
    const { json } = await get(list);
    expect(json.content).toHaveLength(3);
    expect(json).not.toHaveProperty('total_elements');
    expect(json).not.toHaveProperty('total_pages');
  });
});

describe('edge', () => {
  it('repeats makes two payouts of a request without a key', async () => {
    const { create, sandbox } = await unkindLean({ edge: 'repeats' });
    const { json } = await create(order());
    const [newest, oldest] = sandbox.payouts.all();
    expect(newest?.intentId).not.toBe(oldest?.intentId);
    expect(json.payouts_payment_details[0].payment_intent_id).toBe(newest?.intentId);
  });

  it('repeats makes one payout of a request whose key is remembered', async () => {
    const { create, sandbox } = await unkindLean({ edge: 'repeats' });
    expect((await create(order(), 'key-1')).status).toBe(200);
    expect(sandbox.payouts.all()).toHaveLength(1);
  });

  it('repeats makes two payouts under one key that Lean forgets', async () => {
    const { create, sandbox } = await unkindLean({ edge: 'repeats', keys: 'forget' });
    await create(order(), 'key-1');
    expect(sandbox.payouts.all().map(({ idempotencyKey }) => idempotencyKey)).toEqual(['key-1', 'key-1']);
  });

  it('repeats answers 409 although the payout was taken when Lean refuses used keys', async () => {
    const { create, sandbox } = await unkindLean({ edge: 'repeats', keys: 'refuse' });
    expect((await create(order(), 'key-1')).status).toBe(409);
    expect(sandbox.payouts.all()).toHaveLength(1);
  });

  it('repeats delivers both copies when creations take their time', async () => {
    const lean = await unkindLean({ edge: 'repeats', processingMs: 5000 });
    const { answer } = await send(lean);
    lean.pass(5);
    await answer;
    expect(lean.sandbox.payouts.all()).toHaveLength(2);
  });

  it('repeats records what the caller sent once', async () => {
    const { create, sandbox } = await unkindLean({ edge: 'repeats' });
    await create(order());
    expect(sandbox.requests).toHaveLength(1);
  });
});

describe('clockOffsetMs', () => {
  it.each([
    [90_000, 'Mon, 01 Jun 2026 12:01:30 GMT', '2026-06-01T12:01:30Z'],
    [-90_000, 'Mon, 01 Jun 2026 11:58:30 GMT', '2026-06-01T11:58:30Z'],
  ])('of %i moves the date header and every timestamp', async (clockOffsetMs, date, time) => {
    const { create, get, list: rows } = await unkindLean({ clockOffsetMs });
    expect((await create(order())).headers.get('date')).toBe(date);
    expect((await rows())[0]).toMatchObject({ created_at: time, updated_at: time });
    expect((await get('/payouts/v1/nowhere')).json.timestamp).toBe(time);
  });

  it('moves what the filters of the list compare with', async () => {
    const { create, list: rows } = await unkindLean({ clockOffsetMs: 90_000 });
    await create(order());
    expect(await rows('?from=2026-06-01T12:01:30Z')).toHaveLength(1);
    expect(await rows('?to=2026-06-01T12:01:29Z')).toEqual([]);
  });

  it('moves the seeded payouts along', async () => {
    const plain = await callLean({ payouts: 1 });
    const ahead = await callLean({ payouts: 1, behaviour: { clockOffsetMs: 90_000 } });
    const [one] = plain.sandbox.payouts.all();
    const [other] = ahead.sandbox.payouts.all();
    expect(Date.parse(other?.createdAt ?? '') - Date.parse(one?.createdAt ?? '')).toBe(90_000);
  });

  it('leaves the steps of a payout as far apart as they were', async () => {
    const { create, pass, list: rows } = await unkindLean({ clockOffsetMs: -90_000 });
    await create(order());
    pass(1.9);
    expect((await rows())[0].status).toBe('CREATED');
    pass(0.1);
    expect((await rows())[0].status).toBe('ACCEPTED_BY_BANK');
  });

  it('lets access tokens live as long as they say', async () => {
    const { call, get, pass } = await unkindLean({ clockOffsetMs: -90_000 });
    const { json } = await call('POST', '/oauth2/token', {
      body: 'grant_type=client_credentials&client_id=sandbox&client_secret=sandbox-secret',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    const headers = { authorization: `Bearer ${String(json.access_token)}` };
    pass(3599);
    expect((await call('GET', list, { headers })).status).toBe(200);
    pass(1);
    expect((await call('GET', list, { headers })).status).toBe(401);
    expect((await get(list)).status).toBe(200);
  });
});

describe('the behaviour of a sandbox', () => {
  it('goes back to what it was created with on reset', async () => {
    const { sandbox } = await unkindLean({ keys: 'forget' });
    Object.assign(sandbox.behaviour, { keys: 'refuse', listCap: 3 });
    sandbox.reset();
    expect(sandbox.behaviour).toMatchObject({ keys: 'forget', listCap: null });
  });

  it('cannot start with a wrong value', () => {
    expect(() => createSandbox({ payouts: 0, behaviour: { listCap: 0 } })).toThrow(
      new RangeError('behaviour: listCap must be null or a whole number from 1 to 1000'),
    );
  });
});

describe('the control routes of the behaviour', () => {
  it('show every switch with its default', async () => {
    const { get } = await callLean();
    const { json } = await get('/sandbox/behaviour');
    expect(json).toEqual({
      processingMs: 0,
      listingMs: 0,
      keys: 'replay',
      references: 'exact',
      amounts: 'exact',
      batches: 'whole',
      listOrder: 'newest',
      listCap: null,
      listTotal: 'stated',
      edge: 'once',
      answers: 'recorded',
      clockOffsetMs: 0,
    });
    expect((await get('/sandbox')).json.behaviour).toEqual(json);
  });

  it('change the given fields and leave the others', async () => {
    const { call, sandbox } = await unkindLean({ keys: 'forget' });
    const body = '{"listCap":5,"clockOffsetMs":-1}';
    const { status, json } = await call('PUT', '/sandbox/behaviour', { body });
    expect(status).toBe(200);
    expect(json).toEqual(sandbox.behaviour);
    expect(json).toMatchObject({ keys: 'forget', listCap: 5, clockOffsetMs: -1 });
  });

  it('put the behaviour back to that of the start', async () => {
    const { call, sandbox } = await unkindLean({ keys: 'forget' });
    sandbox.behaviour.listCap = 5;
    const { json } = await call('DELETE', '/sandbox/behaviour');
    expect(json).toMatchObject({ keys: 'forget', listCap: null });
    expect(sandbox.behaviour).toEqual(json);
  });

  it('change nothing when one of several values is wrong', async () => {
    const { call, sandbox } = await callLean();
    const body = '{"listCap":5,"keys":"lose"}';
    const { status, json } = await call('PUT', '/sandbox/behaviour', { body });
    expect(status).toBe(400);
    expect(json).toEqual({ error: 'keys must be one of replay, forget, refuse' });
    expect(sandbox.behaviour.listCap).toBeNull();
  });

  it.each([
    [{ processingMs: -1 }, /^processingMs must be a whole number from 0 to 86400000$/],
    [{ processingMs: 86_400_001 }, /^processingMs must be/],
    [{ listingMs: '5' }, /^listingMs must be a whole number/],
    [{ references: 'short' }, /^references must be one of exact, trimmed, cut, lowercased, dropped$/],
    [{ amounts: 1 }, /^amounts must be one of/],
    [{ batches: null }, /^batches must be one of/],
    [{ listOrder: 'oldest' }, /^listOrder must be one of/],
    [{ listCap: 1001 }, /^listCap must be null or a whole number from 1 to 1000$/],
    [{ listTotal: false }, /^listTotal must be one of/],
    [{ edge: 'twice' }, /^edge must be one of once, repeats$/],
    [{ clockOffsetMs: 0.5 }, /^clockOffsetMs must be a whole number/],
    [{ patience: 1 }, /^there is no patience; the fields are processingMs, /],
    [JSON.parse('{"__proto__":{}}'), /^there is no __proto__; /],
    [[], /^the body must be an object with some of processingMs, /],
    [undefined, /^the body must be an object/],
  ])('refuse %j', (body: unknown, sentence) => {
    expect(parseBehaviour(body)).toMatch(sentence);
  });
});

describe('the idempotency key of a stored payout', () => {
  it('is that of the request that made it', async () => {
    const { create, sandbox } = await callLean();
    await create(batch(1, 2), 'key-1');
    await create(order(), 'key-2');
    const keys = sandbox.payouts.all().map(({ idempotencyKey }) => idempotencyKey);
    expect(keys).toEqual(['key-2', 'key-1', 'key-1']);
  });

  it('is null without a key and for seeded and planted payouts', async () => {
    const { create, sandbox } = await callLean({ payouts: 1 });
    await create(order());
    sandbox.payouts.add();
    const keys = sandbox.payouts.all().map(({ idempotencyKey }) => idempotencyKey);
    expect(keys).toEqual([null, null, null]);
  });

  it("is in none of Lean's answers", async () => {
    const { create, get, sandbox } = await callLean();
    const created = await create(order(), 'key-1');
    const intentId = sandbox.payouts.all()[0]?.intentId ?? '';
    const reads = await Promise.all([get(list), get(`/payouts/v1/intents/${intentId}`)]);
    for (const { text } of [created, ...reads]) expect(text).not.toContain('key-1');
  });
});
