import { describe, expect, it } from 'vitest';
import type { LeanCreated, LeanCreatedTransfer } from '../../../src/lean/wire.ts';
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

/** An entry of Lean's answer. */
function entry(intentId: string, details: LeanCreatedTransfer | readonly LeanCreatedTransfer[] | null) {
  return { payment_intent_id: intentId, destination_details: details };
}

/** The details of a transfer in Lean's answer. */
const detail = (destination_id: string, amount: string): LeanCreatedTransfer => ({
  destination_id,
  amount,
  currency: 'AED',
  payment_status: 'CREATED',
});

function intentIdsOf(created: LeanCreated, transfers: readonly Transfer[]): readonly string[] | undefined {
  return createdFromLean(created, transfers)?.map(({ intentId }) => intentId);
}

describe('createdFromLean', () => {
  const twoTransfers = [transfer('d1', '10.00'), transfer('d2', '20.5')];

  it('an answer as recorded from Lean is read with all fields', () => {
    const created = {
      payouts_payment_details: [
        {
          payment_intent_id: 'i1',
          initiate_payment_task_id: 't1',
          account_number: '0101',
          iban: 'AE1',
          bank_identifier: 'LEAN_SME_MB1_UAE',
          destination_details: {
            ...detail('d1', '10'),
            error_message: null,
            recipient_details: { account_number: '0202', iban: 'AE2', name: 'ABC CORP' },
          },
        },
      ],
    };
    expect(createdFromLean(created, twoTransfers.slice(0, 1))).toEqual([
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

  it('a created transfer has the id of its payment if Lean has created one', () => {
    const created = { payouts_payment_details: [{ ...entry('i1', detail('d1', '10')), payment_id: 'p1' }] };
    expect(createdFromLean(created, twoTransfers.slice(0, 1))?.[0]).toMatchObject({
      paymentId: 'p1',
    });
  });

  it("Lean's ids are converted to lower case", () => {
    const created = { payouts_payment_details: [{ ...entry('I1', detail('d1', '10')), payment_id: 'P1' }] };
    expect(createdFromLean(created, twoTransfers.slice(0, 1))?.[0]).toMatchObject({
      intentId: 'i1',
      paymentId: 'p1',
    });
  });

  it('a recipient without a name has no display name', () => {
    const created = {
      payouts_payment_details: [entry('i1', { ...detail('d1', '10'), recipient_details: { name: null } })],
    };
    expect(createdFromLean(created, twoTransfers.slice(0, 1))?.[0]?.recipient?.displayName).toBeUndefined();
  });

  it('the older spelling recepient_details is read', () => {
    const details = { ...detail('d1', '10'), recepient_details: { name: 'ABC CORP' } };
    const created = { payouts_payment_details: [entry('i1', details)] };
    expect(createdFromLean(created, twoTransfers.slice(0, 1))?.[0]?.recipient?.displayName).toBe('ABC CORP');
  });

  it.each([
    [
      'one object per entry',
      [entry('i1', detail('d1', '10')), entry('i2', detail('d2', '20.50'))],
      ['i1', 'i2'],
    ],
    [
      'lists of one object',
      [entry('i1', [detail('d1', '10')]), entry('i2', [detail('d2', '20.5')])],
      ['i1', 'i2'],
    ],
    ['one list', [entry('i1', [detail('d1', '10'), detail('d2', '20.5')])], ['i1', 'i1']],
    ['the reverse order', [entry('i2', detail('d2', '20.5')), entry('i1', detail('d1', '10'))], ['i1', 'i2']],
    ['ids in upper case', [entry('i2', detail('D2', '20.5')), entry('i1', detail('D1', '10'))], ['i1', 'i2']],
    ['truncated amounts', [entry('i2', detail('d2', '20')), entry('i1', detail('d1', '10'))], ['i1', 'i2']],
    [
      'no amounts',
      [entry('i2', { destination_id: 'd2' }), entry('i1', { destination_id: 'd1' })],
      ['i1', 'i2'],
    ],
    ['no details, in order', [entry('i1', null), entry('i2', null)], ['i1', 'i2']],
    ['details of only one transfer', [entry('i2', detail('d2', '20.5')), entry('i1', {})], ['i1', 'i2']],
  ])('an answer is assigned to its transfers with %s', (_, payouts_payment_details, expected) => {
    expect(intentIdsOf({ payouts_payment_details }, twoTransfers)).toEqual(expected);
  });

  it('two transfers to one destination are distinguished by their amounts', () => {
    const pair = [transfer('d1', '10'), transfer('d1', '10.01')];
    const payouts_payment_details = [entry('i2', detail('d1', '10.01')), entry('i1', detail('d1', '10.00'))];
    expect(intentIdsOf({ payouts_payment_details }, pair)).toEqual(['i1', 'i2']);
  });

  it('an answer whose entries all match in order is read in order', () => {
    const transfers = [
      transfer('d1', '5', { accountId: 'A' }),
      transfer('d1', '5', { accountId: 'B' }),
      transfer('d1', '5', { accountId: 'A' }),
    ];
    const failed = { ...detail('d1', '5'), payment_status: 'FAILED' };
    const payouts_payment_details = [
      entry('a#0', detail('d1', '5')),
      entry('b#1', detail('d1', '5')),
      entry('a#2', failed),
    ];
    const answers = createdFromLean({ payouts_payment_details }, transfers);
    expect(answers?.map(({ intentId, state }) => [intentId, state.status])).toEqual([
      ['a#0', 'CREATED'],
      ['b#1', 'CREATED'],
      ['a#2', 'FAILED'],
    ]);
  });

  it('a truncated amount does not match another transfer as long as all entries match in order', () => {
    const pair = [transfer('d1', '10.50'), transfer('d1', '10.00')];
    const truncated = [entry('i1', detail('d1', '10')), entry('i2', detail('d1', '10'))];
    const answers = createdFromLean({ payouts_payment_details: truncated }, pair);
    expect(answers?.map(({ intentId, amount }) => [intentId, amount.amount])).toEqual([
      ['i1', '10.50'],
      ['i2', '10'],
    ]);
  });

  it.each([
    ['another destination', [detail('d1', '10'), detail('d9', '20.5')]],
    ['another amount', [detail('d1', '10'), detail('d2', '999')]],
    ['another currency', [detail('d1', '10'), { ...detail('d2', '20.5'), currency: 'USD' }]],
    ['one transfer twice', [detail('d1', '10'), detail('d1', '10')]],
  ])('an answer cannot be assigned if it contains %s', (_, details) => {
    const payouts_payment_details = details.map((each, index) => entry(`i${String(index)}`, each));
    expect(createdFromLean({ payouts_payment_details }, twoTransfers)).toBeUndefined();
  });

  it('an answer out of order with truncated amounts cannot be assigned to two transfers to one destination', () => {
    const three = [transfer('d1', '10.50'), transfer('d1', '10.20'), transfer('d2', '1')];
    const payouts_payment_details = [
      entry('i3', detail('d2', '1')),
      entry('i1', detail('d1', '10')),
      entry('i2', detail('d1', '10')),
    ];
    expect(createdFromLean({ payouts_payment_details }, three)).toBeUndefined();
  });

  it('several equal transfers get one entry each', () => {
    const triple = [transfer('d1'), transfer('d1'), transfer('d1')];
    const payouts_payment_details = ['i1', 'i2', 'i3'].map(intent => entry(intent, detail('d1', '10')));
    expect(intentIdsOf({ payouts_payment_details }, triple)).toEqual(['i1', 'i2', 'i3']);
  });

  it.each<[string, unknown]>([
    ['too few entries', [entry('i1', detail('d1', '10'))]],
    ['too many entries', [1, 2, 3].map(number => entry(`i${String(number)}`, detail('d1', '10')))],
    ['no entries', []],
    ['null instead of a list', null],
    ['an object instead of a list', {}],
    [
      'an entry without an intent',
      [entry('i1', detail('d1', '10')), { destination_details: detail('d2', '20.5') }],
    ],
    ['an entry with the text null as its intent', [entry('i1', null), entry('null', null)]],
    ['entries without details', [entry('i1', []), entry('i2', [])]],
    ['entries that are no objects', [null, 'x']],
  ])('an answer cannot be read if it has %s', (_, payouts_payment_details) => {
    expect(intentIdsOf({ payouts_payment_details } as LeanCreated, twoTransfers)).toBeUndefined();
  });
});
