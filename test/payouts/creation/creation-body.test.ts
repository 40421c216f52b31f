import { expect, it } from 'vitest';
import { creationBody } from '../../../src/payouts/creation/creation-body.ts';
import type { Decimal } from '../../../src/payouts/values/decimal.ts';
import type { Transfer } from '../../../src/payouts/creation/transfer.ts';

function transfer(destinationId: string, amount = '10.00', change: Partial<Transfer> = {}): Transfer {
  return {
    accountId: 'a1',
    destinationId,
    amount: { amount: amount as Decimal, currency: 'AED' },
    description: 'INV 001',
    externalReference: `ref ${destinationId}`,
    authorize: true,
    ...change,
  };
}

it("the creation body has Lean's format and the exact digits of the caller", () => {
  expect(creationBody([transfer('d1', '16.50')])).toBe(
    '{"payment_details":[{"account_id":"a1","currency":"AED","destination_details":[' +
      '{"payment_destination_id":"d1","amount":16.50,"currency":"AED","description":"INV 001",' +
      '"external_reference":"ref d1","authorize_payment":true}]}]}',
  );
});

it('the creation body groups consecutive transfers of one account and currency and keeps the order', () => {
  const body = creationBody([
    transfer('d1'),
    transfer('d4', '4', { authorize: false }),
    transfer('d2', '2', { accountId: 'a2' }),
    transfer('d3', '3', { amount: { amount: '3' as Decimal, currency: 'USD' } }),
    transfer('d5'),
  ]);
  const { payment_details } = JSON.parse(body) as {
    payment_details: {
      account_id: string;
      currency: string;
      destination_details: { payment_destination_id: string; currency: string }[];
    }[];
  };
  expect(
    payment_details.map(group => [
      group.account_id,
      group.currency,
      ...group.destination_details.map(detail => `${detail.payment_destination_id} ${detail.currency}`),
    ]),
  ).toEqual([
    ['a1', 'AED', 'd1 AED', 'd4 AED'],
    ['a2', 'AED', 'd2 AED'],
    ['a1', 'USD', 'd3 USD'],
    ['a1', 'AED', 'd5 AED'],
  ]);
});
