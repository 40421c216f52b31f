import { describe, expect, it } from 'vitest';
import {
  destinations,
  exampleIntentId,
  examplePayoutId,
  waitingIntentId,
} from '../../src/sandbox/fixtures.ts';
import { startTestSandbox, creationBody } from './test-sandbox.ts';

const uuid = expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
const iban = expect.stringMatching(/^AE\d{21}$/);
const digits = expect.stringMatching(/^\d+$/);
const instant = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$/);

describe('profile v2', () => {
  it('returns a creation response as recorded from Lean', async () => {
    const { create } = await startTestSandbox();
    const { json } = await create(creationBody());
    expect(json).toEqual({
      end_user_id: uuid,
      payouts_payment_details: [
        {
          payment_intent_id: uuid,
          initiate_payment_task_id: uuid,
          account_number: digits,
          iban,
          destination_details: {
            destination_id: destinations.pays,
            amount: 16.5,
            currency: 'AED',
            payment_status: 'CREATED',
            error_message: null,
            recipient_details: { account_number: digits, iban, name: 'Al Noor Trading' },
          },
          bank_identifier: 'LEAN_SME_MB1_UAE',
        },
      ],
    });
  });

  it('lists a payout with the eight fields that the specification lacks', async () => {
    const { list } = await startTestSandbox({ payouts: 1 });
    expect(await list()).toEqual([
      {
        recipient_name: expect.any(String),
        recipient_bank_name: expect.stringMatching(/_UAE$/),
        recipient_iban: iban,
        recipient_cool_off_expiry: null,
        recipient_address: expect.any(String),
        recipient_city: expect.any(String),
        recipient_country: 'ARE',
        description: expect.any(String),
        currency: 'AED',
        amount: expect.any(Number),
        created_at: instant,
        updated_at: instant,
        payment_intent_id: exampleIntentId,
        payment_id: examplePayoutId,
        auto_authorized: false,
        pending_manual_authorization: false,
        status: 'ACCEPTED_BY_BANK',
        post_initiation_status: 'PROCESSED',
        bank_transaction_reference: digits,
      },
    ]);
  });

  it('omits payment_id from the row of a payout without a payment', async () => {
    const { sandbox, list } = await startTestSandbox();
    sandbox.payouts.add({ status: 'FAILED', paymentId: null });
    expect((await list())[0]).not.toHaveProperty('payment_id');
  });

  it('returns a single payment', async () => {
    const { get } = await startTestSandbox({ payouts: 1 });
    const { json } = await get(`/payouts/v1/${examplePayoutId}`);
    expect(json).toEqual({
      id: examplePayoutId,
      payment_intent_id: exampleIntentId,
      payment_source_id: uuid,
      sender_details: { account_number: digits, iban, name: expect.stringMatching(/ Account$/) },
      recipient_details: { account_number: digits, iban, name: expect.any(String) },
      amount: expect.any(Number),
      currency: 'AED',
      description: expect.any(String),
      submission_timestamp: instant,
      initiation_timestamp: instant,
      status: 'ACCEPTED_BY_BANK',
      post_initiation_status: 'PROCESSED',
      bank_transaction_reference: digits,
      granular_status_code: null,
      status_additional_details: null,
    });
    expect(json.submission_timestamp < json.initiation_timestamp).toBe(true);
  });

  it('returns an intent with its payment and its destination', async () => {
    const { get } = await startTestSandbox({ payouts: 1 });
    const payment = (await get(`/payouts/v1/${examplePayoutId}`)).json;
    const { json } = await get(`/payouts/v1/intents/${exampleIntentId}`);
    expect(json).toMatchObject({ payment_intent_id: exampleIntentId, customer_id: uuid, payment });
    expect(json.payment_destination).toMatchObject({
      id: uuid,
      status: 'ACTIVE',
      short_name: expect.any(String),
    });
    expect(json.payment_destination).not.toHaveProperty('display_name');
  });

  it('returns an intent without a payment before its initiation, with its reference', async () => {
    const { create, get } = await startTestSandbox();
    const reference = { external_reference: 'mine-1', authorize_payment: false };
    const { json } = await create(creationBody(destinations.pays, reference));
    const id = json.payouts_payment_details[0].payment_intent_id;
    expect((await get(`/payouts/v1/intents/${id}`)).json).toMatchObject({
      external_reference: 'mine-1',
      payment: null,
    });
  });

  it('returns the later of two payments with their intent, and both in list and history', async () => {
    const { sandbox, get, list } = await startTestSandbox();
    const { intentId } = sandbox.payouts.add({
      status: 'FAILED',
      createdAt: '2026-05-01T00:00:00Z',
      paymentId: 'p1',
    });
    sandbox.payouts.add({ intentId, createdAt: '2026-05-02T00:00:00Z', paymentId: 'p2' });
    expect((await get(`/payouts/v1/intents/${intentId}`)).json.payment.id).toBe('p2');
    expect((await list()).map(row => [row.payment_intent_id, row.payment_id])).toEqual([
      [intentId, 'p2'],
      [intentId, 'p1'],
    ]);
    const { json } = await get(`/payouts/v1/payments/${intentId}/history`);
    expect(json.content.map((entry: { payment_id: string }) => entry.payment_id)).toEqual(['p2', 'p1']);
  });

  it('returns the history of an intent, newest first', async () => {
    const { get } = await startTestSandbox({ payouts: 1 });
    const { json } = await get(`/payouts/v1/payments/${exampleIntentId}/history`);
    const event = (name: string, status: string, post: string | null = null) => ({
      event: name,
      status,
      published_at: instant,
      post_initiation_status: post,
    });
    expect(json).toEqual({
      content: [
        {
          payment_id: examplePayoutId,
          events: [
            event('payment.updated', 'ACCEPTED_BY_BANK', 'PROCESSED'),
            event('payment.updated', 'ACCEPTED_BY_BANK'),
            event('payment.updated', 'PENDING_WITH_BANK'),
            event('payment.created', 'AWAITING_AUTHORIZATION'),
          ],
        },
      ],
      page: { number: 0, size: 10, total_elements: 1, total_pages: 1, sort: null },
    });
  });

  it('returns the history of a waiting intent without a payment id', async () => {
    const { get } = await startTestSandbox({ payouts: 2 });
    const { json } = await get(`/payouts/v1/payments/${waitingIntentId}/history`);
    expect(json.content).toEqual([
      { payment_id: null, events: [expect.objectContaining({ status: 'AWAITING_AUTHORIZATION' })] },
    ]);
  });

  it('returns an empty history for an intent that was only created', async () => {
    const { create, get } = await startTestSandbox();
    const id = (await create(creationBody())).json.payouts_payment_details[0].payment_intent_id;
    expect((await get(`/payouts/v1/payments/${id}/history`)).json).toMatchObject({
      content: [],
      page: { total_elements: 0, total_pages: 0 },
    });
  });

  it('returns a destination', async () => {
    const { get } = await startTestSandbox();
    const { json } = await get(`/payouts/v1/payment/destinations/${destinations.pays}`);
    expect(json).toEqual({
      id: destinations.pays,
      name: 'Al Noor Trading LLC',
      display_name: 'Al Noor Trading',
      iban,
      account_number: digits,
      swift_code: expect.any(String),
      status: 'ACTIVE',
      address: expect.any(String),
      country: 'ARE',
      city: 'Dubai',
      currency_iso_code: 'AED',
    });
  });

  it.each([
    ['GET', '/payouts/v1/unknown', 404, 'UNKNOWN_PAYMENT'],
    ['GET', '/payouts/v1/intents/unknown', 404, 'UNKNOWN_PAYMENT_INTENT'],
    ['GET', '/payouts/v1/payments/unknown/history', 404, 'UNKNOWN_PAYMENT_INTENT'],
    ['GET', `/payouts/v1/payments/${examplePayoutId}/history`, 404, 'UNKNOWN_PAYMENT_INTENT'],
    ['GET', `/payouts/v1/${exampleIntentId}`, 404, 'UNKNOWN_PAYMENT'],
    ['GET', '/payouts/v1/payment/destinations/unknown', 404, 'UNKNOWN_PAYMENT_DESTINATION'],
    ['GET', '/nowhere', 404, 'INVALID_URL'],
    ['GET', '/payouts/v1/%zz/a/b', 404, 'INVALID_URL'],
    ['GET', '/payouts/v1/payment', 405, 'INVALID_HTTP_METHOD'],
    ['DELETE', '/payouts/v1/payments', 405, 'INVALID_HTTP_METHOD'],
  ])('responds to %s %s with %i %s', async (method, path, status, code) => {
    const { call } = await startTestSandbox({ payouts: 1 });
    const response = await call(method, path);
    expect([response.status, response.json.status]).toEqual([status, code]);
  });

  it('responds 404 to a payment id before the payment exists', async () => {
    const { create, get, list, advance } = await startTestSandbox();
    await create(creationBody());
    advance(2);
    const id = (await list())[0].payment_id;
    expect((await get(`/payouts/v1/${id}`)).status).toBe(200);
    advance(-1);
    expect((await get(`/payouts/v1/${id}`)).status).toBe(404);
  });
});
