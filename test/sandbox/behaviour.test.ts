import { describe, expect, it, vi } from 'vitest';
import { type LeanBehaviour, parseBehaviour } from '../../src/sandbox/lean-api/behaviour.ts';
import { createSandbox } from '../../src/sandbox/sandbox.ts';
import { accounts, destinations } from '../../src/sandbox/fixtures.ts';
import { startTestSandbox, type Json, creationBody } from './test-sandbox.ts';
import { startWebhookReceiver } from './webhook-receiver.ts';

const list = '/payouts/v1/payments';

/** Starts a sandbox without payouts and with these switches. */
const startWith = (behaviour: Partial<LeanBehaviour>) => startTestSandbox({ behaviour });
type TestSandbox = Awaited<ReturnType<typeof startTestSandbox>>;

/**
 * Sends a creation and returns once Lean has received it. The response comes once the test has moved the clock far
 * enough.
 */
async function send({ create, sandbox }: TestSandbox, body: unknown = creationBody(), key?: string) {
  const count = sandbox.requests.length;
  const response = create(body, key);
  await vi.waitFor(() => {
    expect(sandbox.requests).toHaveLength(count + 1);
  });
  // An object, because awaiting `send` would otherwise also await the response.
  return { response };
}

/** The body of a creation request with one transfer for each amount. */
function batchBody(...amounts: number[]): object {
  const transfer = { payment_destination_id: destinations.pays, description: 'x', authorize_payment: true };
  const transfers = amounts.map(amount => ({ ...transfer, amount }));
  return { payment_details: [{ account_id: accounts.operating, destination_details: transfers }] };
}

const idsOf = (rows: readonly Json[]): string[] => rows.map(row => row.payment_intent_id);

describe('processingMs', () => {
  it('creates no payout before the processing time is over', async () => {
    const lean = await startWith({ processingMs: 5000 });
    const { response } = await send(lean);
    lean.advance(4.999);
    expect(lean.sandbox.payouts.all()).toEqual([]);
    lean.advance(0.001);
    expect(lean.sandbox.payouts.all()).toHaveLength(1);
    expect((await response).status).toBe(200);
  });

  it('dates a payout to the end of its processing, even if the clock is read much later', async () => {
    const lean = await startWith({ processingMs: 5000 });
    const { response } = await send(lean);
    lean.advance(60);
    await response;
    const [row] = await lean.list();
    expect(row).toMatchObject({ created_at: '2026-06-01T12:00:05Z', updated_at: '2026-06-01T12:00:13Z' });
  });

  it('creates a payout even if the caller disconnects while it is processed', async () => {
    const { call, sandbox, advance } = await startWith({ processingMs: 5000 });
    const caller = new AbortController();
    const body = JSON.stringify(creationBody());
    const response = call('POST', '/payouts/v1/payment', { body, signal: caller.signal });
    await vi.waitFor(() => {
      expect(sandbox.requests).toHaveLength(1);
    });
    caller.abort();
    await expect(response).rejects.toThrow('abort');
    await vi.waitFor(async () => {
      expect(await sandbox.connections()).toBe(0);
    });
    expect(sandbox.payouts.all()).toEqual([]);
    advance(5);
    expect(sandbox.payouts.all()).toHaveLength(1);
  });

  it('sends the response without another request once the clock has moved', async () => {
    const lean = await startWith({ processingMs: 86_400_000 });
    const { response } = await send(lean);
    lean.advance(86_400);
    expect((await response).status).toBe(200);
  });

  it("delays a creation by the machine's clock", async () => {
    const { create } = await startTestSandbox({ clock: Date.now, behaviour: { processingMs: 60 } });
    const startedAt = performance.now();
    expect((await create(creationBody())).status).toBe(200);
    expect(performance.now() - startedAt).toBeGreaterThan(55);
  });

  it('shows a processed payout to the next read at once', async () => {
    const lean = await startWith({ processingMs: 5000 });
    const { response } = await send(lean);
    lean.advance(5);
    expect(await lean.list()).toHaveLength(1);
    await response;
  });

  it('refuses a creation only when its processing is over', async () => {
    const lean = await startWith({ processingMs: 5000 });
    const { response } = await send(lean, creationBody(destinations.refused));
    lean.advance(5);
    const { status, json } = await response;
    expect([status, json.status]).toEqual([422, 'BENEFICIARY_NOT_ACTIVE']);
    expect(json.timestamp).toBe('2026-06-01T12:00:05Z');
  });

  it('processes creations in the order in which they arrived', async () => {
    const lean = await startWith({ processingMs: 5000 });
    const { response: first } = await send(lean, creationBody(undefined, { description: 'first' }));
    const { response: second } = await send(lean, creationBody(undefined, { description: 'second' }));
    lean.advance(5);
    await Promise.all([first, second]);
    expect((await lean.list()).map(row => row.description)).toEqual(['second', 'first']);
  });

  it('creates one payout for two requests with the same key that are processed at the same time', async () => {
    const lean = await startWith({ processingMs: 5000 });
    const { response: first } = await send(lean, creationBody(), 'key-1');
    const { response: second } = await send(lean, creationBody(), 'key-1');
    lean.advance(5);
    expect((await second).text).toBe((await first).text);
    expect(lean.sandbox.payouts.all()).toHaveLength(1);
  });

  it('sends the webhooks of a payout relative to the end of its processing', async () => {
    const { target, received } = await startWebhookReceiver();
    const lean = await startTestSandbox({ webhook: target, behaviour: { processingMs: 5000 } });
    const { response } = await send(lean);
    lean.advance(8);
    await lean.sandbox.webhooks.settled();
    expect(received.map(({ json }) => json.timestamp)).toEqual(['2026-06-01T12:00:07Z']);
    await response;
  });

  it('drops the connection for the fault drop_after only after the payout exists', async () => {
    const lean = await startWith({ processingMs: 5000 });
    lean.sandbox.faults.add({ kind: 'drop_after' });
    const { response } = await send(lean);
    lean.advance(5);
    await expect(response).rejects.toThrow();
    expect(lean.sandbox.payouts.all()).toHaveLength(1);
  });

  it('does not delay reads', async () => {
    const { get } = await startWith({ processingMs: 5000 });
    expect((await get(list)).status).toBe(200);
  });

  it('drops creations in processing when the sandbox is reset', async () => {
    const lean = await startWith({ processingMs: 5000 });
    const { response } = await send(lean);
    lean.sandbox.reset();
    await expect(response).rejects.toThrow();
    lean.advance(10);
    expect(lean.sandbox.payouts.all()).toEqual([]);
  });

  it('takes the same time if the clock of Lean is changed in the meantime', async () => {
    const lean = await startWith({ processingMs: 5000 });
    const { response } = await send(lean);
    lean.sandbox.behaviour.clockOffsetMs = 3_600_000;
    lean.advance(4);
    expect(lean.sandbox.payouts.all()).toEqual([]);
    lean.advance(1);
    await response;
    expect(lean.sandbox.payouts.all()[0]?.createdAt).toBe('2026-06-01T13:00:05Z');
  });
});

describe('listingMs', () => {
  it('leaves a new payout out of the list and its total until the time has passed', async () => {
    const { create, get, advance } = await startWith({ listingMs: 30_000 });
    await create(creationBody());
    advance(29.999);
    expect((await get(list)).json).toMatchObject({ content: [], page: { total_elements: 0 } });
    advance(0.001);
    expect((await get(list)).json.page.total_elements).toBe(1);
  });

  it('keeps the creation time of a payout that is listed late', async () => {
    const { create, list: rows, advance } = await startWith({ listingMs: 30_000 });
    await create(creationBody());
    advance(30);
    expect((await rows())[0].created_at).toBe('2026-06-01T12:00:00Z');
  });

  it('shows an unlisted payout to single reads at once', async () => {
    const { create, get, advance, sandbox } = await startWith({ listingMs: 30_000 });
    await create(creationBody());
    advance(2);
    const [payout] = sandbox.payouts.all();
    const intentId = payout?.intentId ?? '';
    const paths = [
      `/payouts/v1/${payout?.paymentId ?? ''}`,
      `/payouts/v1/intents/${intentId}`,
      `${list}/${intentId}/history`,
    ];
    const responses = await Promise.all(paths.map(path => get(path)));
    expect(responses.map(({ status }) => status)).toEqual([200, 200, 200]);
  });

  it('also hides a new payout from a filtered list', async () => {
    const { create, list: rows } = await startWith({ listingMs: 30_000 });
    await create(creationBody());
    expect(await rows('?amount_min=1')).toEqual([]);
  });
});

describe('keys', () => {
  it('forget creates a new payout for each request with the same key', async () => {
    const { create, sandbox } = await startWith({ keys: 'forget' });
    const first = await create(creationBody(), 'key-1');
    const second = await create(creationBody(), 'key-1');
    expect([first.status, second.status]).toEqual([200, 200]);
    expect(sandbox.payouts.all()).toHaveLength(2);
  });

  it('forget accepts another body under the same key', async () => {
    const { create } = await startWith({ keys: 'forget' });
    await create(creationBody(), 'key-1');
    expect((await create(creationBody(undefined, { amount: 17 }), 'key-1')).status).toBe(200);
  });

  it('refuse responds 409 to a key that has created a payout', async () => {
    const { create, sandbox } = await startWith({ keys: 'refuse' });
    expect((await create(creationBody(), 'key-1')).status).toBe(200);
    const { status, json } = await create(creationBody(), 'key-1');
    expect(status).toBe(409);
    expect(json).toMatchObject({ status: 'IDEMPOTENCY_KEY_ALREADY_USED', metadata: null });
    expect(sandbox.payouts.all()).toHaveLength(1);
  });

  it('refuse accepts a key again whose first request was refused', async () => {
    const { create } = await startWith({ keys: 'refuse' });
    expect((await create(creationBody(undefined, { amount: 0 }), 'key-1')).status).toBe(400);
    expect((await create(creationBody(), 'key-1')).status).toBe(200);
  });

  it('refuse also applies to keys that were used before the switch was changed', async () => {
    const { create, sandbox } = await startWith({});
    await create(creationBody(), 'key-1');
    sandbox.behaviour.keys = 'refuse';
    expect((await create(creationBody(), 'key-1')).status).toBe(409);
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
  ] as const)('%s returns %j as %j', async (references, sent, returned) => {
    const { create, get, sandbox } = await startWith({ references });
    await create(creationBody(undefined, { external_reference: sent }));
    const [payout] = sandbox.payouts.all();
    const { json } = await get(`/payouts/v1/intents/${payout?.intentId ?? ''}`);
    expect(json.external_reference).toBe(returned);
    expect(payout?.externalReference).toBe(sent);
  });

  it.each(['trimmed', 'cut', 'lowercased'] as const)(
    '%s returns null for a payout without a reference',
    async references => {
      const { get, sandbox } = await startWith({ references });
      const { intentId } = sandbox.payouts.add();
      expect((await get(`/payouts/v1/intents/${intentId}`)).json.external_reference).toBeNull();
    },
  );
});

describe('amounts', () => {
  it('rounded returns a whole number in list rows, payments and intents', async () => {
    const { get, sandbox } = await startWith({ amounts: 'rounded' });
    const { intentId, paymentId } = sandbox.payouts.add({ amount: '16.50' });
    const [row] = (await get(list)).json.content;
    const payment = (await get(`/payouts/v1/${paymentId ?? ''}`)).json;
    const intent = (await get(`/payouts/v1/intents/${intentId}`)).json;
    expect([row.amount, payment.amount, intent.amount, intent.payment.amount]).toEqual([17, 17, 17, 17]);
  });

  it.each(['v1', 'ksa'] as const)(
    'rounded returns a whole number in the history of profile %s',
    async profile => {
      const { get, sandbox } = await startTestSandbox({ profile, behaviour: { amounts: 'rounded' } });
      const { paymentId } = sandbox.payouts.add({ amount: '16.49' });
      expect((await get(`${list}/${paymentId ?? ''}/history`)).json.payments[0].amount).toBe(16);
    },
  );

  it('rounded keeps creation responses, filters and stored payouts exact', async () => {
    const { create, list: rows, sandbox } = await startWith({ amounts: 'rounded' });
    const { json } = await create(creationBody());
    expect(json.payouts_payment_details[0].destination_details.amount).toBe(16.5);
    expect(await rows('?amount_max=16.5')).toHaveLength(1);
    expect(sandbox.payouts.all()[0]?.amount).toBe('16.5');
  });

  it('exact returns exact amounts after rounded was switched off', async () => {
    const { list: rows, sandbox } = await startWith({ amounts: 'rounded' });
    sandbox.payouts.add({ amount: '16.5' });
    await rows();
    sandbox.behaviour.amounts = 'exact';
    expect((await rows())[0].amount).toBe(16.5);
  });
});

describe('batches', () => {
  it('partly takes the first of several transfers and responds 422', async () => {
    const { create, sandbox } = await startWith({ batches: 'partly' });
    const { status, json } = await create(batchBody(1, 2, 3));
    expect(status).toBe(422);
    expect(json).toMatchObject({ status: 'BENEFICIARY_NOT_ACTIVE', metadata: null });
    expect(sandbox.payouts.all().map(({ amount }) => amount)).toEqual(['1']);
  });

  it('partly accepts a creation with a single transfer', async () => {
    const { create, sandbox } = await startWith({ batches: 'partly' });
    expect((await create(batchBody(1))).status).toBe(200);
    expect(sandbox.payouts.all()).toHaveLength(1);
  });

  it('partly takes no transfer of an invalid creation', async () => {
    const { create, sandbox } = await startWith({ batches: 'partly' });
    expect((await create(batchBody(1, 0))).status).toBe(400);
    expect(sandbox.payouts.all()).toEqual([]);
  });

  it('partly repeats the 422 for the same key and takes no second payout', async () => {
    const { create, sandbox } = await startWith({ batches: 'partly' });
    const first = await create(batchBody(1, 2), 'key-1');
    const second = await create(batchBody(1, 2), 'key-1');
    expect([second.status, second.text]).toEqual([422, first.text]);
    expect(sandbox.payouts.all()).toHaveLength(1);
  });
});

describe('listOrder', () => {
  it('unsorted pages contain every payout exactly once, but not newest first', async () => {
    const { list: rows, sandbox } = await startTestSandbox({
      payouts: 61,
      behaviour: { listOrder: 'unsorted' },
    });
    const pages = await Promise.all(
      [0, 1, 2, 3].map(page => rows(`?page_size=20&page_number=${String(page)}`)),
    );
    const listed = pages.flat().map(row => row.created_at);
    const newest = sandbox.payouts.all().map(({ createdAt }) => createdAt);
    expect(listed).not.toEqual(newest);
    expect(listed.toSorted()).toEqual(newest.toSorted());
  });

  it('unsorted keeps the order of existing payouts when a payout is added', async () => {
    const { create, list: rows } = await startTestSandbox({
      payouts: 40,
      behaviour: { listOrder: 'unsorted' },
    });
    const before = idsOf(await rows());
    await create(creationBody());
    const after = idsOf(await rows());
    expect(after).toHaveLength(41);
    expect(after.filter(id => before.includes(id))).toEqual(before);
  });
});

describe('listCap', () => {
  it('limits the rows of a page but not the size that the page states', async () => {
    const { get } = await startTestSandbox({ payouts: 10, behaviour: { listCap: 4 } });
    const { json } = await get(`${list}?page_size=6`);
    expect(json.content).toHaveLength(4);
    expect(json.page).toMatchObject({ size: 6, total_elements: 10, total_pages: 3 });
  });

  it('starts the next page where the capped page ended', async () => {
    const { list: rows, sandbox } = await startTestSandbox({ payouts: 10, behaviour: { listCap: 4 } });
    const all = sandbox.payouts.all().map(({ intentId }) => intentId);
    expect(idsOf(await rows('?page_size=6&page_number=1'))).toEqual(all.slice(4, 8));
    expect(idsOf(await rows('?page_size=6&page_number=2'))).toEqual(all.slice(8));
  });

  it('does not change pages that are smaller than the cap', async () => {
    const { list: rows } = await startTestSandbox({ payouts: 10, behaviour: { listCap: 4 } });
    expect(await rows('?page_size=3')).toHaveLength(3);
  });

  it.each(['v1', 'ksa'] as const)('states the offset of the capped pages in profile %s', async profile => {
    const { get } = await startTestSandbox({ profile, payouts: 10, behaviour: { listCap: 4 } });
    const { json } = await get(`${list}?page_size=6&page_number=2`);
    expect(json).toMatchObject({ size: 6, last: true, number_of_elements: 2, pageable: { offset: 8 } });
  });
});

describe('listTotal', () => {
  it('missing omits the totals from the page', async () => {
    const { get } = await startTestSandbox({ payouts: 3, behaviour: { listTotal: 'missing' } });
    expect((await get(list)).json.page).toEqual({ number: 0, size: 50, sort: null });
  });

  it.each(['v1', 'ksa'] as const)('missing omits the totals from the page of profile %s', async profile => {
    const { get } = await startTestSandbox({ profile, payouts: 3, behaviour: { listTotal: 'missing' } });
    const { json } = await get(list);
    expect(json.content).toHaveLength(3);
    expect(json).not.toHaveProperty('total_elements');
    expect(json).not.toHaveProperty('total_pages');
  });
});

describe('edge', () => {
  it('repeats creates two payouts for a request without a key', async () => {
    const { create, sandbox } = await startWith({ edge: 'repeats' });
    const { json } = await create(creationBody());
    const [newest, oldest] = sandbox.payouts.all();
    expect(newest?.intentId).not.toBe(oldest?.intentId);
    expect(json.payouts_payment_details[0].payment_intent_id).toBe(newest?.intentId);
  });

  it('repeats creates one payout for a request with a key', async () => {
    const { create, sandbox } = await startWith({ edge: 'repeats' });
    expect((await create(creationBody(), 'key-1')).status).toBe(200);
    expect(sandbox.payouts.all()).toHaveLength(1);
  });

  it('repeats creates two payouts for one key if Lean forgets keys', async () => {
    const { create, sandbox } = await startWith({ edge: 'repeats', keys: 'forget' });
    await create(creationBody(), 'key-1');
    expect(sandbox.payouts.all().map(({ idempotencyKey }) => idempotencyKey)).toEqual(['key-1', 'key-1']);
  });

  it('repeats responds 409, although the payout was created, if Lean refuses used keys', async () => {
    const { create, sandbox } = await startWith({ edge: 'repeats', keys: 'refuse' });
    expect((await create(creationBody(), 'key-1')).status).toBe(409);
    expect(sandbox.payouts.all()).toHaveLength(1);
  });

  it('repeats delivers both copies if creations have a processing time', async () => {
    const lean = await startWith({ edge: 'repeats', processingMs: 5000 });
    const { response } = await send(lean);
    lean.advance(5);
    await response;
    expect(lean.sandbox.payouts.all()).toHaveLength(2);
  });

  it('repeats records the request once', async () => {
    const { create, sandbox } = await startWith({ edge: 'repeats' });
    await create(creationBody());
    expect(sandbox.requests).toHaveLength(1);
  });
});

describe('clockOffsetMs', () => {
  it.each([
    [90_000, 'Mon, 01 Jun 2026 12:01:30 GMT', '2026-06-01T12:01:30Z'],
    [-90_000, 'Mon, 01 Jun 2026 11:58:30 GMT', '2026-06-01T11:58:30Z'],
  ])('of %i shifts the date header and every timestamp', async (clockOffsetMs, date, time) => {
    const { create, get, list: rows } = await startWith({ clockOffsetMs });
    expect((await create(creationBody())).headers.get('date')).toBe(date);
    expect((await rows())[0]).toMatchObject({ created_at: time, updated_at: time });
    expect((await get('/payouts/v1/nowhere')).json.timestamp).toBe(time);
  });

  it('shifts the creation times that the filters of the list compare', async () => {
    const { create, list: rows } = await startWith({ clockOffsetMs: 90_000 });
    await create(creationBody());
    expect(await rows('?from=2026-06-01T12:01:30Z')).toHaveLength(1);
    expect(await rows('?to=2026-06-01T12:01:29Z')).toEqual([]);
  });

  it('shifts the seeded payouts', async () => {
    const plain = await startTestSandbox({ payouts: 1 });
    const ahead = await startTestSandbox({ payouts: 1, behaviour: { clockOffsetMs: 90_000 } });
    const [one] = plain.sandbox.payouts.all();
    const [other] = ahead.sandbox.payouts.all();
    expect(Date.parse(other?.createdAt ?? '') - Date.parse(one?.createdAt ?? '')).toBe(90_000);
  });

  it('does not change the time between the steps of a payout', async () => {
    const { create, advance, list: rows } = await startWith({ clockOffsetMs: -90_000 });
    await create(creationBody());
    advance(1.9);
    expect((await rows())[0].status).toBe('CREATED');
    advance(0.1);
    expect((await rows())[0].status).toBe('ACCEPTED_BY_BANK');
  });

  it('does not change the lifetime of access tokens', async () => {
    const { call, get, advance } = await startWith({ clockOffsetMs: -90_000 });
    const { json } = await call('POST', '/oauth2/token', {
      body: 'grant_type=client_credentials&client_id=sandbox&client_secret=sandbox-secret',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    const headers = { authorization: `Bearer ${String(json.access_token)}` };
    advance(3599);
    expect((await call('GET', list, { headers })).status).toBe(200);
    advance(1);
    expect((await call('GET', list, { headers })).status).toBe(401);
    expect((await get(list)).status).toBe(200);
  });
});

describe('the behaviour of a sandbox', () => {
  it('is restored to its initial values by a reset', async () => {
    const { sandbox } = await startWith({ keys: 'forget' });
    Object.assign(sandbox.behaviour, { keys: 'refuse', listCap: 3 });
    sandbox.reset();
    expect(sandbox.behaviour).toMatchObject({ keys: 'forget', listCap: null });
  });

  it('must not start with an invalid value', () => {
    expect(() => createSandbox({ payouts: 0, behaviour: { listCap: 0 } })).toThrow(
      new RangeError('behaviour: listCap must be null or a whole number from 1 to 1000'),
    );
  });
});

describe('the control routes of the behaviour', () => {
  it('show all switches with their defaults', async () => {
    const { get } = await startTestSandbox();
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

  it('change the given fields and keep the others', async () => {
    const { call, sandbox } = await startWith({ keys: 'forget' });
    const body = '{"listCap":5,"clockOffsetMs":-1}';
    const { status, json } = await call('PUT', '/sandbox/behaviour', { body });
    expect(status).toBe(200);
    expect(json).toEqual(sandbox.behaviour);
    expect(json).toMatchObject({ keys: 'forget', listCap: 5, clockOffsetMs: -1 });
  });

  it('restore the initial behaviour', async () => {
    const { call, sandbox } = await startWith({ keys: 'forget' });
    sandbox.behaviour.listCap = 5;
    const { json } = await call('DELETE', '/sandbox/behaviour');
    expect(json).toMatchObject({ keys: 'forget', listCap: null });
    expect(sandbox.behaviour).toEqual(json);
  });

  it('change nothing if one of several values is invalid', async () => {
    const { call, sandbox } = await startTestSandbox();
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
    [{ patience: 1 }, /^unknown field patience; accepted fields: processingMs, /],
    [JSON.parse('{"__proto__":{}}'), /^unknown field __proto__; /],
    [[], /^the body must be an object; accepted fields: processingMs, /],
    [undefined, /^the body must be an object/],
  ])('refuse %j', (body: unknown, message) => {
    expect(parseBehaviour(body)).toMatch(message);
  });
});

describe('the idempotency key of a stored payout', () => {
  it('is the key of the request that created it', async () => {
    const { create, sandbox } = await startTestSandbox();
    await create(batchBody(1, 2), 'key-1');
    await create(creationBody(), 'key-2');
    const keys = sandbox.payouts.all().map(({ idempotencyKey }) => idempotencyKey);
    expect(keys).toEqual(['key-2', 'key-1', 'key-1']);
  });

  it('is null without a key and for seeded and added payouts', async () => {
    const { create, sandbox } = await startTestSandbox({ payouts: 1 });
    await create(creationBody());
    sandbox.payouts.add();
    const keys = sandbox.payouts.all().map(({ idempotencyKey }) => idempotencyKey);
    expect(keys).toEqual([null, null, null]);
  });

  it("is in none of Lean's responses", async () => {
    const { create, get, sandbox } = await startTestSandbox();
    const created = await create(creationBody(), 'key-1');
    const intentId = sandbox.payouts.all()[0]?.intentId ?? '';
    const reads = await Promise.all([get(list), get(`/payouts/v1/intents/${intentId}`)]);
    for (const { text } of [created, ...reads]) expect(text).not.toContain('key-1');
  });
});
