import { describe, expect, it } from 'vitest';
import type { LeanCreated, LeanCreatedTransfer } from '../../../src/lean/wire.ts';
import { creationBody } from '../../../src/payouts/creation/creation-body.ts';
import { createdFromLean } from '../../../src/payouts/creation/created-transfer.ts';
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

function entry(intentId: string, details: LeanCreatedTransfer | readonly LeanCreatedTransfer[] | null) {
  return { payment_intent_id: intentId, destination_details: details };
}

const said = (destination_id: string, amount: string): LeanCreatedTransfer => ({
  destination_id,
  amount,
  currency: 'AED',
  payment_status: 'CREATED',
});

function intents(created: LeanCreated, transfers: readonly Transfer[]): readonly string[] | undefined {
  return createdFromLean(created, transfers)?.map(({ intentId }) => intentId);
}

describe('creationBody', () => {
  it("is Lean's, field by field, with the caller's digits", () => {
    expect(creationBody([transfer('d1', '16.50')])).toBe(
      '{"payment_details":[{"account_id":"a1","currency":"AED","destination_details":[' +
        '{"payment_destination_id":"d1","amount":16.50,"currency":"AED","description":"INV 001",' +
        '"external_reference":"ref d1","authorize_payment":true}]}]}',
    );
  });

  it('puts together what follows each other from one account in one currency, and keeps the order', () => {
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
        ...group.destination_details.map(one => `${one.payment_destination_id} ${one.currency}`),
      ]),
    ).toEqual([
      ['a1', 'AED', 'd1 AED', 'd4 AED'],
      ['a2', 'AED', 'd2 AED'],
      ['a1', 'USD', 'd3 USD'],
      ['a1', 'AED', 'd5 AED'],
    ]);
  });
});

describe('createdFromLean', () => {
  const two = [transfer('d1', '10.00'), transfer('d2', '20.5')];

  it('reads an answer as recorded', () => {
    const created = {
      payouts_payment_details: [
        {
          payment_intent_id: 'i1',
          initiate_payment_task_id: 't1',
          account_number: '0101',
          iban: 'AE1',
          bank_identifier: 'LEAN_SME_MB1_UAE',
          destination_details: {
            ...said('d1', '10'),
            error_message: null,
            recipient_details: { account_number: '0202', iban: 'AE2', name: 'ABC CORP' },
          },
        },
      ],
    };
    expect(createdFromLean(created, two.slice(0, 1))).toEqual([
      {
        intentId: 'i1',
        paymentId: null,
        state: { status: 'CREATED', leanStatus: 'CREATED' },
        amount: { amount: '10', currency: 'AED' },
        sender: {
          legalName: undefined,
          displayName: undefined,
          accountNumber: '0101',
          iban: 'AE1',
          bankName: 'LEAN_SME_MB1_UAE',
        },
        recipient: {
          legalName: undefined,
          displayName: 'ABC CORP',
          accountNumber: '0202',
          iban: 'AE2',
          bankName: undefined,
        },
        traceId: 't1',
        reason: null,
      },
    ]);
  });

  it("names the payment where there is one; the payout's id is still its intent's", () => {
    const created = { payouts_payment_details: [{ ...entry('i1', said('d1', '10')), payment_id: 'p1' }] };
    expect(createdFromLean(created, two.slice(0, 1))?.[0]).toMatchObject({
      paymentId: 'p1',
    });
  });

  it("has Lean's ids in small letters", () => {
    const created = { payouts_payment_details: [{ ...entry('I1', said('d1', '10')), payment_id: 'P1' }] };
    expect(createdFromLean(created, two.slice(0, 1))?.[0]).toMatchObject({
      intentId: 'i1',
      paymentId: 'p1',
    });
  });

  it('does not know what the list would call a recipient that has no name here', () => {
    const created = {
      payouts_payment_details: [entry('i1', { ...said('d1', '10'), recipient_details: { name: null } })],
    };
    expect(createdFromLean(created, two.slice(0, 1))?.[0]?.recipient?.displayName).toBeUndefined();
  });

  it('reads the older spelling of the recipient', () => {
    const details = { ...said('d1', '10'), recepient_details: { name: 'ABC CORP' } };
    const created = { payouts_payment_details: [entry('i1', details)] };
    expect(createdFromLean(created, two.slice(0, 1))?.[0]?.recipient?.displayName).toBe('ABC CORP');
  });

  it.each([
    ['objects', [entry('i1', said('d1', '10')), entry('i2', said('d2', '20.50'))], ['i1', 'i2']],
    ['lists of one', [entry('i1', [said('d1', '10')]), entry('i2', [said('d2', '20.5')])], ['i1', 'i2']],
    ['one list', [entry('i1', [said('d1', '10'), said('d2', '20.5')])], ['i1', 'i1']],
    ['the other order', [entry('i2', said('d2', '20.5')), entry('i1', said('d1', '10'))], ['i1', 'i2']],
    ['capital letters', [entry('i2', said('D2', '20.5')), entry('i1', said('D1', '10'))], ['i1', 'i2']],
    ['amounts cut to integers', [entry('i2', said('d2', '20')), entry('i1', said('d1', '10'))], ['i1', 'i2']],
    [
      'no amounts',
      [entry('i2', { destination_id: 'd2' }), entry('i1', { destination_id: 'd1' })],
      ['i1', 'i2'],
    ],
    ['no details, in order', [entry('i1', null), entry('i2', null)], ['i1', 'i2']],
    ['details of one alone', [entry('i2', said('d2', '20.5')), entry('i1', {})], ['i1', 'i2']],
  ])('tells the transfers apart in %s', (_, payouts_payment_details, expected) => {
    expect(intents({ payouts_payment_details }, two)).toEqual(expected);
  });

  it('tells two transfers to one destination apart by their amounts', () => {
    const pair = [transfer('d1', '10'), transfer('d1', '10.01')];
    const payouts_payment_details = [entry('i2', said('d1', '10.01')), entry('i1', said('d1', '10.00'))];
    expect(intents({ payouts_payment_details }, pair)).toEqual(['i1', 'i2']);
  });

  it('reads an answer in the order in which the transfers were sent', () => {
    const ours = [
      transfer('d1', '5', { accountId: 'A' }),
      transfer('d1', '5', { accountId: 'B' }),
      transfer('d1', '5', { accountId: 'A' }),
    ];
    const failed = { ...said('d1', '5'), payment_status: 'FAILED' };
    const payouts_payment_details = [
      entry('a#0', said('d1', '5')),
      entry('b#1', said('d1', '5')),
      entry('a#2', failed),
    ];
    const answers = createdFromLean({ payouts_payment_details }, ours);
    expect(answers?.map(({ intentId, state }) => [intentId, state.status])).toEqual([
      ['a#0', 'CREATED'],
      ['b#1', 'CREATED'],
      ['a#2', 'FAILED'],
    ]);
  });

  it('does not take a cut amount for another transfer’s while the order is kept', () => {
    const pair = [transfer('d1', '10.50'), transfer('d1', '10.00')];
    const cut = [entry('i1', said('d1', '10')), entry('i2', said('d1', '10'))];
    const answers = createdFromLean({ payouts_payment_details: cut }, pair);
    expect(answers?.map(({ intentId, amount }) => [intentId, amount.amount])).toEqual([
      ['i1', '10.50'],
      ['i2', '10'],
    ]);
  });

  it.each([
    ['another destination', [said('d1', '10'), said('d9', '20.5')]],
    ['another amount', [said('d1', '10'), said('d2', '999')]],
    ['another currency', [said('d1', '10'), { ...said('d2', '20.5'), currency: 'USD' }]],
    ['one transfer twice', [said('d1', '10'), said('d1', '10')]],
  ])('does not account for the transfers when it speaks of %s', (_, details) => {
    const payouts_payment_details = details.map((detail, index) => entry(`i${String(index)}`, detail));
    expect(createdFromLean({ payouts_payment_details }, two)).toBeUndefined();
  });

  it('leaves open which of two transfers to one destination is meant, out of order and cut', () => {
    const three = [transfer('d1', '10.50'), transfer('d1', '10.20'), transfer('d2', '1')];
    const payouts_payment_details = [
      entry('i3', said('d2', '1')),
      entry('i1', said('d1', '10')),
      entry('i2', said('d1', '10')),
    ];
    expect(createdFromLean({ payouts_payment_details }, three)).toBeUndefined();
  });

  it('gives each of several equal transfers an answer of its own', () => {
    const triple = [transfer('d1'), transfer('d1'), transfer('d1')];
    const payouts_payment_details = ['i1', 'i2', 'i3'].map(intent => entry(intent, said('d1', '10')));
    expect(intents({ payouts_payment_details }, triple)).toEqual(['i1', 'i2', 'i3']);
  });

  it.each<[string, unknown]>([
    ['too few', [entry('i1', said('d1', '10'))]],
    ['too many', [1, 2, 3].map(number => entry(`i${String(number)}`, said('d1', '10')))],
    ['none', []],
    ['no list', null],
    ['an object', {}],
    ['one without an intent', [entry('i1', said('d1', '10')), { destination_details: said('d2', '20.5') }]],
    ['one with the text null for an intent', [entry('i1', null), entry('null', null)]],
    ['empty lists', [entry('i1', []), entry('i2', [])]],
    ['no entries', [null, 'x']],
  ])('does not account for the transfers by %s', (_, payouts_payment_details) => {
    expect(intents({ payouts_payment_details } as LeanCreated, two)).toBeUndefined();
  });
});
