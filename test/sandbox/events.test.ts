import { describe, expect, it } from 'vitest';
import { destinations, exampleIntentId, examplePayoutId } from '../../src/sandbox/fixtures.ts';
import { startTestSandbox, type Json, creationBody } from './test-sandbox.ts';

const path = '/events/v1?page=0&size=100';

/** The type and the statuses of each event, oldest first. */
const summaries = (json: Json): string[] =>
  json.data.map(({ type, payload }: Json) =>
    [type, payload.status, payload.post_initiation_status].filter(Boolean).join(' '),
  );

describe('the events of a payout', () => {
  it('start with its payment and contain every change with its time', async () => {
    const { create, get, advance } = await startTestSandbox();
    await create(creationBody(destinations.pays, { amount: 16.25 }));
    expect((await get(path)).json.data).toEqual([]);
    advance(9);
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
  ] as const)('match its lifecycle for the destination %s', async (behaviour, expected) => {
    const { create, get, advance } = await startTestSandbox();
    await create(creationBody(destinations[behaviour]));
    advance(99);
    expect(summaries((await get(path)).json)).toEqual(expected);
  });

  it('start when a person authorises it', async () => {
    const { create, get, advance, sandbox } = await startTestSandbox();
    await create(creationBody(destinations.waitsForAuthorization));
    advance(60);
    sandbox.payouts.authorize(sandbox.payouts.all()[0]?.intentId ?? '');
    expect(summaries((await get(path)).json)).toEqual(['payment.created ACCEPTED_BY_BANK']);
    advance(6);
    expect(summaries((await get(path)).json)).toHaveLength(2);
  });

  it('occur once, even if it is authorised before its lifecycle would', async () => {
    const { create, get, advance, sandbox } = await startTestSandbox();
    await create(creationBody(destinations.pays, { authorize_payment: false }));
    advance(5);
    sandbox.payouts.authorize(sandbox.payouts.all()[0]?.intentId ?? '');
    advance(60);
    expect(summaries((await get(path)).json)).toEqual([
      'payment.created ACCEPTED_BY_BANK',
      'payment.updated ACCEPTED_BY_BANK PROCESSED',
    ]);
  });

  it('contain the amount digit for digit', async () => {
    const { sandbox, get } = await startTestSandbox();
    sandbox.payouts.add({ amount: '9007199254740993.010' });
    expect((await get(path)).text).toContain('"amount":9007199254740993.010,');
  });

  it('include past steps of an added payout, but exist only for payouts with a payment', async () => {
    const { sandbox, get } = await startTestSandbox();
    sandbox.payouts.add({ paymentId: null });
    sandbox.payouts.add({
      steps: [
        { at: '2026-05-30T00:00:00.123456789Z', status: 'PENDING_WITH_BANK' },
        { at: '2026-06-01T12:00:05Z', status: 'FAILED' },
      ],
    });
    const { json } = await get(path);
    expect(summaries(json)).toEqual(['payment.created PENDING_WITH_BANK']);
    expect(json.data[0].timestamp).toBe('2026-05-30T00:00:00.123456789Z');
    sandbox.payouts.clear();
    expect((await get(path)).json.data).toEqual([]);
  });

  it('have unique ids, which are the same for the same seed', async () => {
    const ids = async (seed: number): Promise<string[]> => {
      const { get } = await startTestSandbox({ payouts: 60, seed });
      return (await get(path)).json.data.map(({ event_id: id }: Json) => id);
    };
    const first = await ids(3);
    expect(await ids(3)).toEqual(first);
    expect(new Set([...first, ...(await ids(4))]).size).toBe(2 * first.length);
  });
});

describe('a payout that a test changes', () => {
  it('shows the change in all responses of Lean', async () => {
    const { sandbox, get, list, advance } = await startTestSandbox({ payouts: 3 });
    advance(60);
    const changed = sandbox.payouts.change(examplePayoutId, { postInitiationStatus: 'REJECTED' });
    expect(changed).toMatchObject({ status: 'ACCEPTED_BY_BANK', postInitiationStatus: 'REJECTED' });
    const statuses = { status: 'ACCEPTED_BY_BANK', post_initiation_status: 'REJECTED' };
    expect((await list('?from_updated_at=2026-06-01T12:01:00Z'))[0]).toMatchObject({
      ...statuses,
      updated_at: '2026-06-01T12:01:00Z',
    });
    expect((await get(`/payouts/v1/${examplePayoutId}`)).json).toMatchObject(statuses);
    expect((await get(`/payouts/v1/intents/${exampleIntentId}`)).json.payment).toMatchObject(statuses);
    const history = (await get(`/payouts/v1/payments/${exampleIntentId}/history`)).json;
    expect(history.content[0].events[0]).toMatchObject({
      ...statuses,
      published_at: '2026-06-01T12:01:00Z',
    });
    const { json } = await get(`${path}&from=2026-06-01T12:00:00Z`);
    expect(json.data).toMatchObject([{ type: 'payment.updated', timestamp: '2026-06-01T12:01:00Z' }]);
    expect(json.data[0].payload).toMatchObject({ id: examplePayoutId, ...statuses });
  });

  it('gets its payment at the time that the change states', async () => {
    const { sandbox, get } = await startTestSandbox();
    const { intentId } = sandbox.payouts.add({ status: 'AWAITING_AUTHORIZATION' });
    const at = '2026-06-01T12:00:00.000000001Z';
    sandbox.payouts.change(intentId, { at: '2026-06-01T11:59:59.5Z', status: 'PENDING_WITH_BANK' });
    sandbox.payouts.change(intentId, { at, status: 'FAILED', statusDetails: 'No such account.' });
    expect(summaries((await get(path)).json)).toEqual(['payment.created PENDING_WITH_BANK']);
    expect(sandbox.payouts.all()[0]).toMatchObject({ status: 'PENDING_WITH_BANK' });
  });

  it('does not continue its original lifecycle', async () => {
    const { create, sandbox, get, advance } = await startTestSandbox();
    await create(creationBody());
    const { intentId = '' } = sandbox.payouts.all()[0] ?? {};
    sandbox.payouts.change(intentId, { status: 'PENDING_WITH_BANK' });
    advance(60);
    expect(summaries((await get(path)).json)).toEqual(['payment.created PENDING_WITH_BANK']);
  });

  it('must exist', async () => {
    const { sandbox } = await startTestSandbox();
    expect(() => sandbox.payouts.change('nobody', {})).toThrow(RangeError);
  });
});

describe('the events API', () => {
  it('contains the events of the seeded payouts, oldest first', async () => {
    const { sandbox, get } = await startTestSandbox({ payouts: 300 });
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

  it('filters by inclusive time bounds and by type', async () => {
    const { sandbox, get } = await startTestSandbox();
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

  it('omits events that are older than ninety days', async () => {
    const { sandbox, get, advance } = await startTestSandbox();
    sandbox.payouts.add();
    advance(90 * 24 * 3600);
    expect((await get(path)).json.data).toHaveLength(1);
    advance(0.001);
    expect((await get(`${path}&from=2020-01-01T00:00:00Z`)).json.data).toEqual([]);
  });

  it('returns an empty page beyond the last one', async () => {
    const { sandbox, get } = await startTestSandbox();
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
  ])('refuses the query %j', async query => {
    const { get } = await startTestSandbox();
    const { status, json } = await get(`/events/v1?${query}`);
    expect([status, json.status]).toEqual([400, 'INVALID_PARAMETERS']);
  });

  it('requires a token and the method GET, and applies faults', async () => {
    const { call, get, post, sandbox } = await startTestSandbox();
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

  it.each(['v1', 'ksa'] as const)('exists in profile %s', async profile => {
    const { get } = await startTestSandbox({ profile, payouts: 19 });
    expect((await get(path)).json.data[0].payload.currency).toBe(profile === 'ksa' ? 'SAR' : 'AED');
  });

  it('contains only the events of the seeded payouts after a reset', async () => {
    const { sandbox, get, advance } = await startTestSandbox({ payouts: 20 });
    const before = (await get(path)).json;
    advance(60);
    sandbox.payouts.change(examplePayoutId, { status: 'FAILED' });
    sandbox.reset();
    expect((await get(path)).json).toEqual(before);
  });
});
