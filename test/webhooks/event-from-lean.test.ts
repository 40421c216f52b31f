import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { announcedPayout, eventFromLean } from '../../src/webhooks/event-from-lean.ts';

const payload = {
  id: 'b0000000-0000-4000-8000-000000000001',
  intent_id: 'c0000000-0000-4000-8000-000000000001',
  status: 'ACCEPTED_BY_BANK',
  post_initiation_status: 'PROCESSED',
  amount: 16.5,
};
const envelope = {
  type: 'payment.updated',
  payload,
  message: 'hello',
  timestamp: '2026-03-01T00:00:00.123456789Z',
  event_id: 'e0000000-0000-4000-8000-000000000001',
};
const event = {
  eventId: envelope.event_id,
  type: 'PAYMENT_UPDATED',
  paymentId: payload.id,
  intentId: payload.intent_id,
  leanStatus: 'ACCEPTED_BY_BANK',
  postInitiationStatus: 'PROCESSED',
  publishedAt: '2026-03-01T00:00:00.123456789Z',
};

const without = (object: object, field: string): object =>
  Object.fromEntries(Object.entries(object).filter(([name]) => name !== field));

describe('an event of a payment', () => {
  it('is read as Lean writes it, to the last digit of its time', () => {
    expect(eventFromLean(envelope)).toEqual(event);
    expect(eventFromLean({ ...envelope, type: 'payment.created' })).toEqual({
      ...event,
      type: 'PAYMENT_CREATED',
    });
  });

  it('has its time in UTC, with or without an offset', () => {
    const time = (timestamp: unknown) => eventFromLean({ ...envelope, timestamp })?.publishedAt;
    expect(time('2026-03-01T00:00:00.123456789')).toBe('2026-03-01T00:00:00.123456789Z');
    expect(time('2026-03-01T04:00:00.5+04:00')).toBe('2026-03-01T00:00:00.5Z');
    expect(time('2026-03-01T00:00:00Z')).toBe('2026-03-01T00:00:00Z');
  });

  it('has its ids of payment and intent in small letters, as the graph has them', () => {
    const shouted = { ...payload, id: payload.id.toUpperCase(), intent_id: payload.intent_id.toUpperCase() };
    expect(eventFromLean({ ...envelope, payload: shouted })).toEqual(event);
  });

  it('of a pay-in is one, too: only Lean can tell', () => {
    const payIn = {
      id: payload.id,
      customer_id: 'k1',
      status: 'ACCEPTED_BY_BANK',
      bank_identifier: 'LEAN_MB1',
    };
    expect(eventFromLean({ ...envelope, payload: payIn })).toEqual({
      ...event,
      intentId: null,
      postInitiationStatus: undefined,
    });
  });

  it.each([
    ['intent_id', { intentId: null }],
    ['status', { leanStatus: null }],
    ['amount', {}],
  ])('need not have a %s', (field, changes) => {
    const expected = { ...event, ...changes };
    expect(eventFromLean({ ...envelope, payload: without(payload, field) })).toEqual(expected);
    expect(eventFromLean({ ...envelope, payload: { ...payload, [field]: null } })).toEqual(expected);
  });

  it('that says nothing of the tracking is told from one that says that it has not ended', () => {
    const tracking = (of: object) => eventFromLean({ ...envelope, payload: of });
    expect(tracking(without(payload, 'post_initiation_status'))).toStrictEqual({
      ...event,
      postInitiationStatus: undefined,
    });
    for (const post_initiation_status of [null, 'null', ''])
      expect(tracking({ ...payload, post_initiation_status })).toStrictEqual({
        ...event,
        postInitiationStatus: null,
      });
  });

  it('whose intent is no id has none, and is one all the same', () => {
    for (const intent_id of ['', 'null', 'no id', 4711, {}, []])
      expect(eventFromLean({ ...envelope, payload: { ...payload, intent_id } })).toEqual({
        ...event,
        intentId: null,
      });
  });

  it('keeps a status that has no name yet, and says of a tracking that has none that it is unknown', () => {
    const strange = { ...payload, status: 'ON_THE_MOON', post_initiation_status: 'LANDED' };
    expect(eventFromLean({ ...envelope, payload: strange })).toMatchObject({
      leanStatus: 'ON_THE_MOON',
      postInitiationStatus: 'UNKNOWN',
    });
  });
});

describe('no event of a payment', () => {
  it.each([
    'payment_source.created',
    'entity.created',
    'payment.reconciled',
    'payment.updated ',
    'PAYMENT.UPDATED',
    '',
    null,
    7,
    {},
  ])('is one of the type %j', type => {
    expect(eventFromLean({ ...envelope, type })).toBeUndefined();
  });

  it.each(['type', 'payload', 'timestamp', 'event_id'])('is one without its %s', field => {
    expect(eventFromLean(without(envelope, field))).toBeUndefined();
    expect(eventFromLean({ ...envelope, [field]: null })).toBeUndefined();
  });

  it.each([undefined, null, '', 'null', 'b0000000', `${payload.id}0`, `${payload.id}\n`, 7, [[]], {}])(
    'is one of the payment %j',
    id => {
      expect(eventFromLean({ ...envelope, payload: { ...payload, id } })).toBeUndefined();
    },
  );

  it.each([
    '',
    'yesterday',
    '2026-02-30T00:00:00Z',
    '2026-03-01',
    '2026-03-01T00:00:00.1234567890Z',
    1_772_323_200,
  ])('is one of the time %j', timestamp => {
    expect(eventFromLean({ ...envelope, timestamp })).toBeUndefined();
  });

  it.each([
    ['that is empty', ''],
    ['of two lines', 'a\nid: b'],
    ['of two lines, as another system breaks them', 'a\rb'],
    ['with a zero byte', 'a\u0000b'],
    ['with a space', 'a b'],
    ['beyond ASCII', 'é'],
    ['of 201 characters', 'x'.repeat(201)],
    ['that is an object', {}],
  ])('is one with an id %s, which cannot be sent back in a header', (_, event_id) => {
    expect(eventFromLean({ ...envelope, event_id })).toBeUndefined();
  });

  it('is anything that is no envelope, and nothing makes it fail', () => {
    fc.assert(
      fc.property(fc.anything(), anything => {
        expect(eventFromLean(anything)).toBeUndefined();
        expect(() => eventFromLean({ ...envelope, payload: anything })).not.toThrow();
      }),
    );
    for (const payloadOf of [null, undefined, 'text', [payload], 7])
      expect(eventFromLean({ ...envelope, payload: payloadOf })).toBeUndefined();
  });
});

describe('what an envelope says of its payout', () => {
  const destinationId = 'd0000000-0000-4000-8000-000000000001';
  const announced = (change: object) => announcedPayout({ ...envelope, payload: { ...payload, ...change } });

  it.each([
    ['a number', 16.5, '16.5'],
    ['a text', '16.50', '16.50'],
    ['nothing', undefined, null],
    ['null', null, null],
    ['something else', {}, null],
  ])('has the amount of its payload, also where that is %s', (_what, amount, text) => {
    expect(announced({ amount })).toMatchObject({ amount: text });
  });

  it.each([
    ['an id', destinationId, destinationId],
    ['nothing', undefined, null],
    ['no id', 'somewhere', null],
    ['a number', 4711, null],
  ])('has the destination of its payload, also where that is %s', (_what, payment_destination_id, id) => {
    expect(announced({ payment_destination_id })).toMatchObject({ destinationId: id });
  });

  it('is nothing where it has no payload', () => {
    for (const body of [null, 'text', {}, { payload: null }, { payload: 'text' }])
      expect(announcedPayout(body)).toEqual({ amount: null, destinationId: null, intentId: null });
  });
});
