import { describe, expect, it } from 'vitest';
import { destinations, exampleIntentId, examplePayoutId } from '../../src/sandbox/named.ts';
import { callLean, order } from './lean-caller.ts';

const unsorted = { empty: true, sorted: false, unsorted: true };

describe.each(['v1', 'ksa'] as const)('%s', profile => {
  const [currency, country] = profile === 'v1' ? ['AED', 'AE'] : ['SAR', 'SA'];

  it('lists in a flat page, with the fields of the specification alone', async () => {
    const { get } = await callLean({ profile, payouts: 12 });
    const { json } = await get('/payouts/v1/payments?page_size=5&page_number=2');
    const { content, ...page } = json;
    expect(page).toEqual({
      number: 2,
      size: 5,
      total_elements: 12,
      pageable: { sort: unsorted, offset: 10, page_size: 5, page_number: 2, paged: true, unpaged: false },
      last: true,
      total_pages: 3,
      sort: unsorted,
      first: false,
      number_of_elements: 2,
      empty: false,
    });
    const { json: first } = await get('/payouts/v1/payments?page_size=1');
    expect(first.content[0]).toEqual({
      recipient_name: expect.any(String),
      recipient_bank_name: expect.any(String),
      recipient_iban: expect.stringMatching(new RegExp(`^${country}\\d{21,22}$`)),
      description: expect.any(String),
      currency,
      amount: expect.any(Number),
      created_at: expect.any(String),
      payment_intent_id: exampleIntentId,
      payment_id: examplePayoutId,
      auto_authorized: false,
      status: 'ACCEPTED_BY_BANK',
    });
    expect(content).toHaveLength(2);
  });

  it('says that an empty list is first, last and empty', async () => {
    const { get } = await callLean({ profile });
    expect((await get('/payouts/v1/payments')).json).toMatchObject({
      content: [],
      first: true,
      last: true,
      empty: true,
      total_pages: 0,
    });
  });

  it('spells the answer to a create its own way', async () => {
    const { create } = await callLean({ profile });
    const [detail] = (await create(order())).json.payouts_payment_details;
    expect(detail).toMatchObject({
      payment_id: null,
      iban: expect.stringMatching(new RegExp(`^${country}`)),
    });
    const own = profile === 'v1' ? detail.destination_details[0] : detail.destination_details;
    const key = profile === 'v1' ? 'recepient_details' : 'recipient_details';
    expect(own).toEqual({
      destination_id: destinations.pays,
      amount: 16.5,
      currency,
      payment_status: 'CREATED',
      [key]: { account_number: expect.any(String), iban: expect.any(String), name: 'Al Noor Trading' },
    });
  });

  it('tells the history of a payment, oldest first, without what came after the initiation', async () => {
    const { get } = await callLean({ profile, payouts: 1 });
    const { json } = await get(`/payouts/v1/payments/${examplePayoutId}/history`);
    const event = (name: string, status: string) => ({
      payment_id: examplePayoutId,
      event: name,
      status,
      published_at: expect.any(String),
    });
    expect(json).toEqual({
      customer_id: expect.any(String),
      end_user_id: expect.any(String),
      intent_id: exampleIntentId,
      payments: [
        {
          payment_id: examplePayoutId,
          description: expect.any(String),
          amount: expect.any(Number),
          bank_identifier: expect.any(String),
          status: 'ACCEPTED_BY_BANK',
          initiation_timestamp: expect.any(String),
          events: [
            event('payment.created', 'AWAITING_AUTHORIZATION'),
            event('payment.updated', 'PENDING_WITH_BANK'),
            event('payment.updated', 'ACCEPTED_BY_BANK'),
          ],
        },
      ],
    });
  });

  it.each([
    [`/payouts/v1/payments/${exampleIntentId}/history`, 'UNKNOWN_PAYMENT'],
    [`/payouts/v1/${examplePayoutId}`, 'INVALID_URL'],
    [`/payouts/v1/intents/${exampleIntentId}`, 'INVALID_URL'],
  ])('answers %s with 404 %s', async (path, code) => {
    const { get } = await callLean({ profile, payouts: 1 });
    const { status, json } = await get(path);
    expect([status, json.status]).toEqual([404, code]);
  });

  it('gives a destination by its short name, and its state', async () => {
    const { get } = await callLean({ profile });
    const { json } = await get(`/payouts/v1/payment/destinations/${destinations.refused}`);
    expect(json).toMatchObject({
      short_name: 'New Dawn Consultancy',
      status: 'AWAITING_BENEFICIARY_COOL_OFF',
      currency_iso_code: currency,
    });
  });
});
