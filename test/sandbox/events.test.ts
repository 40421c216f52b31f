import { describe, expect, it } from 'vitest';
import { destinations, exampleIntentId, examplePayoutId } from '../../src/sandbox/named.ts';
import { callLean, type Json, order } from './lean-caller.ts';

const path = '/events/v1?page=0&size=100';

/** What every event says, oldest first, in short. */
const told = (json: Json): string[] =>
  json.data.map(({ type, payload }: Json) =>
    [type, payload.status, payload.post_initiation_status].filter(Boolean).join(' '),
  );

describe('the events of a payout', () => {
  it('begin with its payment and follow every change, to the moment', async () => {
    const { create, get, pass } = await callLean();
    await create(order(destinations.pays, { amount: 16.25 }));
    expect((await get(path)).json.data).toEqual([]);
    pass(9);
    const [row] = (await get('/payouts/v1/payments')).json.content;
    const payload = {
      id: row.payment_id,
      intent_id: row.payment_intent_id,
      customer_id: expect.stringMatching(/^f0/),
      status: 'ACCEPTED_BY_BANK',
      amount: 16.25,
      currency: 'AED',
      payment_destination_id: destinations.pays,
      bank_transaction_reference: row.bank_transaction_reference,
    };
    expect((await get(path)).json).toEqual({
      data: [
        {
          type: 'payment.created',
          payload,
          message: expect.any(String),
          timestamp: '2026-06-01T12:00:02Z',
          event_id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/),
        },
        {
          type: 'payment.updated',
          payload: { ...payload, post_initiation_status: 'PROCESSED' },
          message: expect.any(String),
          timestamp: row.updated_at,
          event_id: expect.any(String),
        },
      ],
      page: { number: 0, size: 100, total_elements: 2, total_pages: 1 },
    });
  });

  it.each([
    ['failsAtBank', ['payment.created PENDING_WITH_BANK', 'payment.updated FAILED']],
    [
      'rejectedAfterAcceptance',
      ['payment.created ACCEPTED_BY_BANK', 'payment.updated ACCEPTED_BY_BANK REJECTED'],
    ],
    ['authorisationFails', ['payment.created AUTHORISATION_FAILED']],
    ['waitsForAuthorization', []],
    ['failsAtOnce', []],
  ] as const)('are those of its life: %s', async (behaviour, expected) => {
    const { create, get, pass } = await callLean();
    await create(order(destinations[behaviour]));
    pass(99);
    expect(told((await get(path)).json)).toEqual(expected);
  });

  it('come when a person authorises it', async () => {
    const { create, get, pass, sandbox } = await callLean();
    await create(order(destinations.waitsForAuthorization));
    pass(60);
    sandbox.payouts.authorize(sandbox.payouts.all()[0]?.intentId ?? '');
    expect(told((await get(path)).json)).toEqual(['payment.created ACCEPTED_BY_BANK']);
    pass(6);
    expect(told((await get(path)).json)).toHaveLength(2);
  });

  it('come once, also when it is authorised before its time', async () => {
    const { create, get, pass, sandbox } = await callLean();
    await create(order(destinations.pays, { authorize_payment: false }));
    pass(5);
    sandbox.payouts.authorize(sandbox.payouts.all()[0]?.intentId ?? '');
    pass(60);
    expect(told((await get(path)).json)).toEqual([
      'payment.created ACCEPTED_BY_BANK',
      'payment.updated ACCEPTED_BY_BANK PROCESSED',
    ]);
  });

  it('write amounts digit for digit', async () => {
    const { sandbox, get } = await callLean();
    sandbox.payouts.add({ amount: '9007199254740993.010' });
    expect((await get(path)).text).toContain('"amount":9007199254740993.010,');
  });

  it('are there for what was planted with a past, none for what never has a payment', async () => {
    const { sandbox, get } = await callLean();
    sandbox.payouts.add({ paymentId: null });
    sandbox.payouts.add({
      steps: [
        { at: '2026-05-30T00:00:00.123456789Z', status: 'PENDING_WITH_BANK' },
        { at: '2026-06-01T12:00:05Z', status: 'FAILED' },
      ],
    });
    const { json } = await get(path);
    expect(told(json)).toEqual(['payment.created PENDING_WITH_BANK']);
    expect(json.data[0].timestamp).toBe('2026-05-30T00:00:00.123456789Z');
    sandbox.payouts.clear();
    expect((await get(path)).json.data).toEqual([]);
  });

  it('have the same ids under one seed, and none of them twice', async () => {
    const ids = async (seed: number): Promise<string[]> => {
      const { get } = await callLean({ payouts: 60, seed });
      return (await get(path)).json.data.map(({ event_id: id }: Json) => id);
    };
    const first = await ids(3);
    expect(await ids(3)).toEqual(first);
    expect(new Set([...first, ...(await ids(4))]).size).toBe(2 * first.length);
  });
});

describe('a payout that is changed by hand', () => {
  it('is the same in every answer of Lean', async () => {
    const { sandbox, get, list, pass } = await callLean({ payouts: 3 });
    pass(60);
    const changed = sandbox.payouts.change(examplePayoutId, { postInitiationStatus: 'REJECTED' });
    expect(changed).toMatchObject({ status: 'ACCEPTED_BY_BANK', postInitiationStatus: 'REJECTED' });
    const standing = { status: 'ACCEPTED_BY_BANK', post_initiation_status: 'REJECTED' };
    expect((await list('?from_updated_at=2026-06-01T12:01:00Z'))[0]).toMatchObject({
      ...standing,
      updated_at: '2026-06-01T12:01:00Z',
    });
    expect((await get(`/payouts/v1/${examplePayoutId}`)).json).toMatchObject(standing);
    expect((await get(`/payouts/v1/intents/${exampleIntentId}`)).json.payment).toMatchObject(standing);
    const history = (await get(`/payouts/v1/payments/${exampleIntentId}/history`)).json;
    expect(history.content[0].events[0]).toMatchObject({
      ...standing,
      published_at: '2026-06-01T12:01:00Z',
    });
    const { json } = await get(`${path}&from=2026-06-01T12:00:00Z`);
    expect(json.data).toMatchObject([{ type: 'payment.updated', timestamp: '2026-06-01T12:01:00Z' }]);
    expect(json.data[0].payload).toMatchObject({ id: examplePayoutId, ...standing });
  });

  it('gets its payment by the change, at the time that the change names', async () => {
    const { sandbox, get } = await callLean();
    const { intentId } = sandbox.payouts.add({ status: 'AWAITING_AUTHORIZATION' });
    const at = '2026-06-01T12:00:00.000000001Z';
    sandbox.payouts.change(intentId, { at: '2026-06-01T11:59:59.5Z', status: 'PENDING_WITH_BANK' });
    sandbox.payouts.change(intentId, { at, status: 'FAILED', statusDetails: 'No such account.' });
    expect(told((await get(path)).json)).toEqual(['payment.created PENDING_WITH_BANK']);
    expect(sandbox.payouts.all()[0]).toMatchObject({ status: 'PENDING_WITH_BANK' });
  });

  it('does not live on by itself', async () => {
    const { create, sandbox, get, pass } = await callLean();
    await create(order());
    const { intentId = '' } = sandbox.payouts.all()[0] ?? {};
    sandbox.payouts.change(intentId, { status: 'PENDING_WITH_BANK' });
    pass(60);
    expect(told((await get(path)).json)).toEqual(['payment.created PENDING_WITH_BANK']);
  });

  it('must be one that there is', async () => {
    const { sandbox } = await callLean();
    expect(() => sandbox.payouts.change('nobody', {})).toThrow(RangeError);
  });
});

describe('the events API', () => {
  it('has what became of the seeded payouts, oldest first', async () => {
    const { sandbox, get } = await callLean({ payouts: 300 });
    const pages: Json[] = [];
    for (let page = 0; page < 5; page += 1) {
      pages.push((await get(`/events/v1?page=${String(page)}&size=120`)).json);
    }
    const { total_elements: total, total_pages: count } = pages[0].page;
    expect([pages[0].page.size, count]).toEqual([100, 5]);
    const events: Json[] = pages.flatMap(({ data }) => data);
    expect(events).toHaveLength(total);
    const times = events.map(({ timestamp }) => Date.parse(timestamp));
    expect(times).toEqual(times.toSorted((one, other) => one - other));
    const paid = sandbox.payouts.all().filter(({ paymentId }) => paymentId !== null);
    for (const { paymentId, status, updatedAt } of paid) {
      const latest = events.findLast(({ payload }) => payload.id === paymentId);
      expect([latest.payload.status, latest.timestamp]).toEqual([status, updatedAt]);
    }
    expect(new Set(events.map(({ payload }) => payload.id)).size).toBe(paid.length);
  });

  it('takes the bounds in, and keeps a type alone when asked', async () => {
    const { sandbox, get } = await callLean();
    for (const fraction of ['000000001', '000000002', '000000003']) {
      sandbox.payouts.add({ createdAt: `2026-05-01T10:00:00.${fraction}Z`, paymentId: fraction.slice(-1) });
    }
    sandbox.payouts.change('2', { postInitiationStatus: 'PROCESSED' });
    const found = async (query: string) =>
      (await get(path + query)).json.data.map(({ payload }: Json) => payload.id).join('');
    expect(await found('')).toBe('1232');
    expect(await found('&from=2026-05-01T10:00:00.000000002Z')).toBe('232');
    expect(await found('&to=2026-05-01T10:00:00.000000002Z')).toBe('12');
    expect(await found('&from=2026-05-01T10:00:00.000000002Z&to=2026-05-01T14:00:00.000000002%2B04:00')).toBe(
      '2',
    );
    expect(await found('&from=2026-06-02T00:00:00Z')).toBe('');
    expect(await found('&to=2026-04-01T00:00:00Z')).toBe('');
    expect(await found('&type=payment.updated')).toBe('2');
    expect(await found('&type=payment_source.created')).toBe('');
  });

  it('forgets after ninety days', async () => {
    const { sandbox, get, pass } = await callLean();
    sandbox.payouts.add();
    pass(90 * 24 * 3600);
    expect((await get(path)).json.data).toHaveLength(1);
    pass(0.001);
    expect((await get(`${path}&from=2020-01-01T00:00:00Z`)).json.data).toEqual([]);
  });

  it('is empty beyond the last page', async () => {
    const { sandbox, get } = await callLean();
    sandbox.payouts.add();
    expect((await get('/events/v1?page=3&size=1')).json).toEqual({
      data: [],
      page: { number: 3, size: 1, total_elements: 1, total_pages: 1 },
    });
  });

  it.each([
    '',
    'page=0',
    'size=10',
    'page=-1&size=10',
    'page=0&size=0',
    'page=x&size=10',
    'page=0&size=1.5',
    'page=0&size=10&from=yesterday',
    'page=0&size=10&to=2026-02-30T00:00:00Z',
    'page=0&size=10&type=payment.paid',
  ])('refuses %j', async query => {
    const { get } = await callLean();
    const { status, json } = await get(`/events/v1?${query}`);
    expect([status, json.status]).toEqual([400, 'INVALID_PARAMETERS']);
  });

  it('wants a token, a GET, and obeys faults', async () => {
    const { call, get, post, sandbox } = await callLean();
    expect((await call('GET', path, { headers: { authorization: 'Bearer x' } })).status).toBe(401);
    expect((await post(path, {})).status).toBe(405);
    sandbox.faults.add({ kind: 'status', status: 503, operation: 'listEvents', times: 1 });
    expect((await get(path)).status).toBe(503);
    expect((await get(path)).status).toBe(200);
    expect(sandbox.requests.map(({ operation }) => operation)).toEqual([
      'listEvents',
      'unknown',
      'listEvents',
      'listEvents',
    ]);
  });

  it.each(['v1', 'ksa'] as const)('is there in %s', async profile => {
    const { get } = await callLean({ profile, payouts: 19 });
    expect((await get(path)).json.data[0].payload.currency).toBe(profile === 'ksa' ? 'SAR' : 'AED');
  });

  it('begins anew at a reset', async () => {
    const { sandbox, get, pass } = await callLean({ payouts: 20 });
    const before = (await get(path)).json;
    pass(60);
    sandbox.payouts.change(examplePayoutId, { status: 'FAILED' });
    sandbox.reset();
    expect((await get(path)).json).toEqual(before);
  });
});
