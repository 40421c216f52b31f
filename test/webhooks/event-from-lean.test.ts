import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { announcedPayoutFromLean, eventFromLean } from '../../src/webhooks/event-from-lean.ts';

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
  it('keeps all digits of its time', () => {
    expect(eventFromLean(envelope)).toEqual(event);
    expect(eventFromLean({ ...envelope, type: 'payment.created' })).toEqual({
      ...event,
      type: 'PAYMENT_CREATED',
    });
  });

  it('has its time in UTC, whatever offset Lean gives', () => {
    const time = (timestamp: unknown) => eventFromLean({ ...envelope, timestamp })?.publishedAt;
    expect(time('2026-03-01T00:00:00.123456789')).toBe('2026-03-01T00:00:00.123456789Z');
    expect(time('2026-03-01T04:00:00.5+04:00')).toBe('2026-03-01T00:00:00.5Z');
    expect(time('2026-03-01T00:00:00Z')).toBe('2026-03-01T00:00:00Z');
  });

  it('has its payment and intent ids in lower case', () => {
    const upperCase = {
      ...payload,
      id: payload.id.toUpperCase(),
      intent_id: payload.intent_id.toUpperCase(),
    };
    expect(eventFromLean({ ...envelope, payload: upperCase })).toEqual(event);
  });

  it('may be of a pay-in, because only a read from Lean shows the difference', () => {
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
  ])('may lack its %s', (field, changes) => {
    const expected = { ...event, ...changes };
    expect(eventFromLean({ ...envelope, payload: without(payload, field) })).toEqual(expected);
    expect(eventFromLean({ ...envelope, payload: { ...payload, [field]: null } })).toEqual(expected);
  });

  it('without the tracking differs from one whose tracking has not ended', () => {
    const read = (changed: object) => eventFromLean({ ...envelope, payload: changed });
    expect(read(without(payload, 'post_initiation_status'))).toStrictEqual({
      ...event,
      postInitiationStatus: undefined,
    });
    for (const post_initiation_status of [null, 'null', ''])
      expect(read({ ...payload, post_initiation_status })).toStrictEqual({
        ...event,
        postInitiationStatus: null,
      });
  });

  it('with an invalid intent id is read without an intent', () => {
    for (const intent_id of ['', 'null', 'no id', 4711, {}, []])
      expect(eventFromLean({ ...envelope, payload: { ...payload, intent_id } })).toEqual({
        ...event,
        intentId: null,
      });
  });

  it('keeps an unknown status as it is, and reads an unknown tracking as UNKNOWN', () => {
    const unknown = { ...payload, status: 'NEW_STATUS', post_initiation_status: 'NEW_TRACKING' };
    expect(eventFromLean({ ...envelope, payload: unknown })).toMatchObject({
      leanStatus: 'NEW_STATUS',
      postInitiationStatus: 'UNKNOWN',
    });
  });
});

describe('an envelope is ignored', () => {
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
  ])('if its type is %j', type => {
    expect(eventFromLean({ ...envelope, type })).toBeUndefined();
  });

  it.each(['type', 'payload', 'timestamp', 'event_id'])('without its %s', field => {
    expect(eventFromLean(without(envelope, field))).toBeUndefined();
    expect(eventFromLean({ ...envelope, [field]: null })).toBeUndefined();
  });

  it.each([undefined, null, '', 'null', 'b0000000', `${payload.id}0`, `${payload.id}\n`, 7, [[]], {}])(
    'if its payment id is %j',
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
  ])('if its time is %j', timestamp => {
    expect(eventFromLean({ ...envelope, timestamp })).toBeUndefined();
  });

  it.each([
    ['that is empty', ''],
    ['of two lines', 'a\nid: b'],
    ['of two lines with a carriage return', 'a\rb'],
    ['with a zero byte', 'a\u0000b'],
    ['with a space', 'a b'],
    ['beyond ASCII', 'é'],
    ['of 201 characters', 'x'.repeat(201)],
    ['that is an object', {}],
  ])('if its event id does not fit into a header: one %s', (_, event_id) => {
    expect(eventFromLean({ ...envelope, event_id })).toBeUndefined();
  });

  it('if it has any other shape, and no input makes the parser throw', () => {
    fc.assert(
      fc.property(fc.anything(), anything => {
        expect(eventFromLean(anything)).toBeUndefined();
        expect(() => eventFromLean({ ...envelope, payload: anything })).not.toThrow();
      }),
    );
    for (const invalid of [null, undefined, 'text', [payload], 7])
      expect(eventFromLean({ ...envelope, payload: invalid })).toBeUndefined();
  });
});

describe('the payload of an envelope', () => {
  const destinationId = 'd0000000-0000-4000-8000-000000000001';
  const payloadWith = (change: object) =>
    announcedPayoutFromLean({ ...envelope, payload: { ...payload, ...change } });

  it.each([
    ['a number', 16.5, '16.5'],
    ['a text', '16.50', '16.50'],
    ['nothing', undefined, null],
    ['null', null, null],
    ['something else', {}, null],
  ])('gives the amount as text or null, if Lean sends %s', (_description, amount, text) => {
    expect(payloadWith({ amount })).toMatchObject({ amount: text });
  });

  it.each([
    ['an id', destinationId, destinationId],
    ['nothing', undefined, null],
    ['a text that is no id', 'somewhere', null],
    ['a number', 4711, null],
  ])('gives the destination id or null, if Lean sends %s', (_description, payment_destination_id, id) => {
    expect(payloadWith({ payment_destination_id })).toMatchObject({ destinationId: id });
  });

  it('has only null values if the envelope has no payload', () => {
    for (const body of [null, 'text', {}, { payload: null }, { payload: 'text' }])
      expect(announcedPayoutFromLean(body)).toEqual({ amount: null, destinationId: null, intentId: null });
  });
});
