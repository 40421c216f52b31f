import { describe, expect, it } from 'vitest';
import { destinations, exampleIntentId, examplePayoutId } from '../../src/sandbox/fixtures.ts';
import { startTestSandbox, creationBody } from './test-sandbox.ts';

const unsorted = { empty: true, sorted: false, unsorted: true };

describe.each(['v1', 'ksa'] as const)('profile %s', profile => {
  const [currency, country] = profile === 'v1' ? ['AED', 'AE'] : ['SAR', 'SA'];

  it('returns a flat list page with only the fields of the specification', async () => {
    const { get } = await startTestSandbox({ profile, payouts: 12 });
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

  it('marks the page of an empty list as first, last and empty', async () => {
    const { get } = await startTestSandbox({ profile });
    expect((await get('/payouts/v1/payments')).json).toMatchObject({
      content: [],
      first: true,
      last: true,
      empty: true,
      total_pages: 0,
    });
  });

  it('returns a creation response in its own format', async () => {
    const { create } = await startTestSandbox({ profile });
    const [detail] = (await create(creationBody())).json.payouts_payment_details;
    expect(detail).toMatchObject({
      payment_id: null,
      iban: expect.stringMatching(new RegExp(`^${country}`)),
    });
    const destination = profile === 'v1' ? detail.destination_details[0] : detail.destination_details;
    const key = profile === 'v1' ? 'recepient_details' : 'recipient_details';
    expect(destination).toEqual({
      destination_id: destinations.pays,
      amount: 16.5,
      currency,
      payment_status: 'CREATED',
      [key]: { account_number: expect.any(String), iban: expect.any(String), name: 'Al Noor Trading' },
    });
  });

  it('returns the history of a payment, oldest first, without the results of the tracking', async () => {
    const { get } = await startTestSandbox({ profile, payouts: 1 });
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
  ])('responds to %s with 404 %s', async (path, code) => {
    const { get } = await startTestSandbox({ profile, payouts: 1 });
    const { status, json } = await get(path);
    expect([status, json.status]).toEqual([404, code]);
  });

  it('returns a destination with its short name and status', async () => {
    const { get } = await startTestSandbox({ profile });
    const { json } = await get(`/payouts/v1/payment/destinations/${destinations.refused}`);
    expect(json).toMatchObject({
      short_name: 'New Dawn Consultancy',
      status: 'AWAITING_BENEFICIARY_COOL_OFF',
      currency_iso_code: currency,
    });
  });
});
