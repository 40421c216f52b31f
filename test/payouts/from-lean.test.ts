import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseLeanJson } from '../../src/json/lean-json.ts';
import type { LeanPayment, LeanPayoutIntent, LeanPayoutRow } from '../../src/lean/wire.ts';
import {
  destinationFromLean,
  intentFromLean,
  partyFromLean,
  payoutFromPayment,
  payoutFromRow,
  postInitiationStatusFromLean,
  stateFromLean,
} from '../../src/payouts/from-lean.ts';
import {
  boolean,
  shortText,
  instantFromLean,
  leanId,
  moneyFromLean,
  text,
} from '../../src/payouts/lean-values.ts';
import { emptyPayout, unknownParty } from '../../src/payouts/payout.ts';

/** Values that Lean documents for no field. Reading them must not throw. */
const undocumentedValues: readonly unknown[] = [
  undefined,
  null,
  'null',
  '',
  0,
  -1.5,
  true,
  [],
  {},
  [[]],
  'é',
  '-',
  NaN,
];

describe('a text from Lean', () => {
  it.each([
    ['a', 'a'],
    ['', ''],
    ['null', null],
    [null, null],
    [undefined, null],
    [5, '5'],
    [-0.25, '-0.25'],
    [2 ** 53, null],
    [Infinity, null],
    [true, null],
    [{}, null],
    [['a'], null],
  ])('is read from %j as %j', (value, expected) => {
    expect(text(value)).toBe(expected);
  });

  it('is read from any other number as the digits of its string', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), number => {
        fc.pre(!Number.isInteger(number) || Number.isSafeInteger(number));
        expect(text(number)).toBe(String(number));
      }),
    );
  });

  it('is not an id if it is empty', () => {
    expect([shortText(''), shortText('null'), shortText(null), shortText('a')]).toEqual([
      null,
      null,
      null,
      'a',
    ]);
  });

  it('is lower case as an id from Lean, and null if there is none', () => {
    expect(leanId('3FA85F64-5717-4562-B3FC-2C963F66AFA6')).toBe('3fa85f64-5717-4562-b3fc-2c963f66afa6');
    expect([leanId(''), leanId('null'), leanId(undefined)]).toEqual([null, null, null]);
    // PostgreSQL cannot store a NUL character.
    expect([leanId('x\0y'), shortText('A\nB'), shortText('x'.repeat(201))]).toEqual([null, null, null]);
    expect(shortText('x'.repeat(200))).toHaveLength(200);
  });
});

describe('a boolean from Lean', () => {
  it.each([
    [true, true],
    ['true', true],
    [false, false],
    ['false', false],
    ['null', null],
    [null, null],
    [1, null],
    ['yes', null],
  ])('is read from %j as %j', (value, expected) => {
    expect(boolean(value)).toBe(expected);
  });
});

describe('a time from Lean', () => {
  it.each([
    ['2026-03-01T08:30:00Z', '2026-03-01T08:30:00Z'],
    ['2026-03-01T08:30:00.123Z', '2026-03-01T08:30:00.123Z'],
    ['2026-03-01T08:30:00.123456Z', '2026-03-01T08:30:00.123456Z'],
    ['2026-03-01T08:30:00.123456789Z', '2026-03-01T08:30:00.123456789Z'],
    ['2026-03-01 08:30:00', '2026-03-01T08:30:00Z'],
    ['2026-03-01T08:30:00.5', '2026-03-01T08:30:00.5Z'],
    ['2026-03-01T12:30:00+04:00', '2026-03-01T08:30:00Z'],
    ['2026-02-30T08:30:00Z', null],
    ['soon', null],
    ['', null],
    ['null', null],
    [1772353800, null],
    [null, null],
  ])('is read from %j as %j', (value, expected) => {
    expect(instantFromLean(value)).toBe(expected);
  });
});

describe('money from Lean', () => {
  it.each([
    ['16.50', 'AED', '16.50'],
    ['16', 'KWD', '16'],
    [16, 'AED', '16'],
    ['1.5E+3', 'AED', '1500'],
    ['12345678901234567890.12', 'AED', '12345678901234567890.12'],
  ])('keeps the digits of %j %s', (amount, currency, digits) => {
    expect(moneyFromLean(amount, currency)).toEqual({ amount: digits, currency });
  });

  it.each([
    [null, 'AED'],
    ['null', 'AED'],
    ['16', null],
    ['16', ''],
    ['sixteen', 'AED'],
    ['', 'AED'],
    [{}, 'AED'],
    ['16', []],
  ])('is undefined for %j %j', (amount, currency) => {
    expect(moneyFromLean(amount, currency)).toBeUndefined();
  });
});

describe('a status from Lean', () => {
  it.each([
    ['CREATED', 'CREATED'],
    ['AWAITING_AUTHORIZATION', 'AWAITING_AUTHORIZATION'],
    ['AWAITING_AUTHORISATION', 'AWAITING_AUTHORIZATION'],
    ['PENDING_WITH_BANK', 'PENDING_WITH_BANK'],
    ['ACCEPTED_BY_BANK', 'ACCEPTED_BY_BANK'],
    ['FAILED', 'FAILED'],
    ['AUTHORISATION_FAILED', 'AUTHORISATION_FAILED'],
    ['AUTHORIZATION_FAILED', 'AUTHORISATION_FAILED'],
    ['ON_HOLD', 'UNKNOWN'],
    ['failed', 'UNKNOWN'],
    ['constructor', 'UNKNOWN'],
    ['__proto__', 'UNKNOWN'],
  ])('is read from %s as %s, and keeps the text', (leanStatus, status) => {
    expect(stateFromLean(leanStatus)).toEqual({ status, leanStatus });
  });

  it.each([null, undefined, 'null', '', {}])('is UNKNOWN without a text if it is %j', value => {
    expect(stateFromLean(value)).toEqual({ status: 'UNKNOWN', leanStatus: null });
  });

  it.each([
    ['PROCESSED', 'PROCESSED'],
    ['REJECTED', 'REJECTED'],
    ['RETURNED', 'UNKNOWN'],
    ['processed', 'UNKNOWN'],
    ['null', null],
    ['', null],
    [null, null],
    [undefined, null],
  ])('after initiation is read from %j as %j', (value, status) => {
    expect(postInitiationStatusFromLean(value)).toBe(status);
  });
});

describe("a row of Lean's list", () => {
  const row: LeanPayoutRow = {
    recipient_name: 'ABC CORP',
    recipient_bank_name: 'LEAN_SME_MB1_UAE',
    recipient_iban: 'AE070331234567890123456',
    description: 'INV 001',
    currency: 'AED',
    amount: '15',
    created_at: '2026-05-13T08:30:00.123456Z',
    updated_at: '2026-05-13T08:30:01.5Z',
    payment_intent_id: 'i',
    auto_authorized: true,
    status: 'FAILED',
    pending_manual_authorization: false,
    post_initiation_status: null,
    bank_transaction_reference: null,
  };

  it('is read as recorded, without a payment', () => {
    expect(payoutFromRow(row)).toEqual({
      paymentId: null,
      intentId: 'i',
      amount: { amount: '15', currency: 'AED' },
      description: 'INV 001',
      state: { status: 'FAILED', leanStatus: 'FAILED' },
      postInitiationStatus: null,
      bankTransactionReference: null,
      recipient: {
        legalName: undefined,
        displayName: 'ABC CORP',
        accountNumber: undefined,
        iban: 'AE070331234567890123456',
        bankName: 'LEAN_SME_MB1_UAE',
      },
      sender: undefined,
      paymentSourceId: undefined,
      granularStatusCode: undefined,
      statusDetails: undefined,
      submittedAt: undefined,
      initiatedAt: undefined,
      autoAuthorized: true,
      pendingManualAuthorization: false,
      createdAt: '2026-05-13T08:30:00.123456Z',
      updatedAt: '2026-05-13T08:30:01.5Z',
      wire: row,
    });
  });

  it('has undefined for an absent field and null for a null', () => {
    const sparse = payoutFromRow({
      payment_intent_id: 'i',
      status: 'FAILED',
      post_initiation_status: null,
      auto_authorized: null,
      description: null,
      recipient_iban: null,
    });
    expect(sparse).toMatchObject({
      paymentId: null,
      intentId: 'i',
      amount: undefined,
      description: undefined,
      postInitiationStatus: null,
      bankTransactionReference: undefined,
      autoAuthorized: null,
      pendingManualAuthorization: undefined,
      updatedAt: undefined,
    });
    // The payment or the intent may have these values if the row has none.
    expect(sparse?.recipient).toEqual(unknownParty);
  });

  it.each([undefined, null, '', 'null', {}])('is not a payout if its intent id is %j', intentId => {
    expect(payoutFromRow({ ...row, payment_id: 'p', payment_intent_id: intentId as never })).toBeUndefined();
  });

  it("has Lean's ids in lower case", () => {
    expect(payoutFromRow({ ...row, payment_intent_id: 'I', payment_id: 'P' })).toMatchObject({
      intentId: 'i',
      paymentId: 'p',
    });
  });

  it('has null for the text "null"', () => {
    expect(payoutFromRow({ ...row, payment_id: 'null', bank_transaction_reference: 'null' })).toMatchObject({
      paymentId: null,
      bankTransactionReference: null,
    });
  });

  it.each(undocumentedValues)('does not throw if each field is %j', value => {
    const odd = Object.fromEntries([...Object.keys(row), 'payment_id'].map(key => [key, value]));
    expect(() => payoutFromRow(odd)).not.toThrow();
  });
});

describe("Lean's payment", () => {
  const payment: LeanPayment = {
    id: 'p',
    payment_intent_id: 'i',
    payment_source_id: 's',
    sender_details: { account_number: '0101', iban: 'AE1', name: 'Current Account' },
    recipient_details: { account_number: '0202', iban: 'AE2', name: 'ABC CORPORATION LLC' },
    amount: '16',
    currency: 'AED',
    description: 'INV 001',
    submission_timestamp: '2026-05-13T08:30:00.1Z',
    initiation_timestamp: '2026-05-13T08:30:00.26Z',
    status: 'ACCEPTED_BY_BANK',
    post_initiation_status: 'PROCESSED',
    bank_transaction_reference: '256884595',
    granular_status_code: null,
    status_additional_details: null,
  };

  it('is read as recorded', () => {
    expect(payoutFromPayment(payment)).toEqual({
      paymentId: 'p',
      intentId: 'i',
      amount: { amount: '16', currency: 'AED' },
      description: 'INV 001',
      state: { status: 'ACCEPTED_BY_BANK', leanStatus: 'ACCEPTED_BY_BANK' },
      postInitiationStatus: 'PROCESSED',
      bankTransactionReference: '256884595',
      recipient: {
        legalName: 'ABC CORPORATION LLC',
        displayName: undefined,
        accountNumber: '0202',
        iban: 'AE2',
        bankName: undefined,
      },
      sender: {
        legalName: 'Current Account',
        displayName: 'Current Account',
        accountNumber: '0101',
        iban: 'AE1',
        bankName: undefined,
      },
      paymentSourceId: 's',
      granularStatusCode: null,
      statusDetails: null,
      submittedAt: '2026-05-13T08:30:00.1Z',
      initiatedAt: '2026-05-13T08:30:00.26Z',
      autoAuthorized: undefined,
      pendingManualAuthorization: undefined,
      createdAt: undefined,
      updatedAt: undefined,
    });
  });

  it('has undefined for each absent field', () => {
    expect(payoutFromPayment({ payment_intent_id: 'i' })).toEqual(emptyPayout('i'));
  });

  it.each([undefined, null, '', 'null'])('is not a payout if its intent id is %j', payment_intent_id => {
    expect(payoutFromPayment({ ...payment, payment_intent_id })).toBeUndefined();
  });

  it("has Lean's ids in lower case", () => {
    const ids = { id: 'P', payment_intent_id: 'I', payment_source_id: 'S' };
    expect(payoutFromPayment({ ...payment, ...ids })).toMatchObject({
      paymentId: 'p',
      intentId: 'i',
      paymentSourceId: 's',
    });
  });

  it('is read with the id in payment_id', () => {
    expect(payoutFromPayment({ ...payment, id: null, payment_id: 'q' })?.paymentId).toBe('q');
  });

  it('keeps all digits of account numbers that are JSON numbers', () => {
    const wire = parseLeanJson(
      '{"payment_intent_id":"i","recipient_details":{"account_number":1015000000000000601123,"iban":7}}',
    );
    expect(payoutFromPayment(wire as LeanPayment)?.recipient).toEqual({
      ...unknownParty,
      accountNumber: '1015000000000000601123',
      iban: '7',
    });
  });

  it.each(undocumentedValues)('does not throw if each field is %j', value => {
    const odd = Object.fromEntries(Object.keys(payment).map(key => [key, value])) as LeanPayment;
    expect(() => payoutFromPayment(odd)).not.toThrow();
  });
});

describe('a party of a payment', () => {
  it.each([null, undefined, 'ABC' as never, 5 as never])('is undefined if it is %j', party => {
    expect(partyFromLean(party)).toBeUndefined();
  });
});

describe("Lean's intent", () => {
  const intent: LeanPayoutIntent = {
    payment_intent_id: 'i',
    customer_id: 'c',
    amount: '16',
    currency: 'AED',
    description: 'INV 001',
    external_reference: null,
    payment: { id: 'p', status: 'ACCEPTED_BY_BANK', amount: '16', currency: 'AED' },
    payment_destination: {
      id: 'd',
      bank_identifier: 'LEAN_SME_MB1_UAE',
      name: 'ABC CORPORATION LLC',
      short_name: 'ABC CORP',
      iban: 'AE2',
      account_number: '0202',
      swift_code: 'ABCDAEAD',
      status: 'ACTIVE',
      address: 'x',
      city: 'Dubai',
      country: 'ARE',
    },
  };

  it('is read as recorded', () => {
    expect(intentFromLean(intent, 'requested')).toMatchObject({
      id: 'i',
      customerId: 'c',
      amount: { amount: '16', currency: 'AED' },
      description: 'INV 001',
      externalReference: null,
      payout: { paymentId: 'p', intentId: 'i', state: { status: 'ACCEPTED_BY_BANK' } },
      destination: { id: 'd', displayName: 'ABC CORP', isDefault: undefined },
    });
  });

  it.each([undefined, null, {}, { id: null }, { id: 'null' }, 'none' as never])(
    'has a payout without a payment if its payment is %j',
    payment => {
      const read = intentFromLean({ ...intent, payment }, 'requested');
      expect(read?.payout).toMatchObject({
        paymentId: null,
        intentId: 'i',
        amount: { amount: '16', currency: 'AED' },
        description: 'INV 001',
        state: undefined,
        recipient: {
          legalName: 'ABC CORPORATION LLC',
          displayName: 'ABC CORP',
          accountNumber: '0202',
          iban: 'AE2',
          bankName: 'LEAN_SME_MB1_UAE',
        },
      });
    },
  );

  it('has null for facts that only payments have, and no sender, if it has no payment', () => {
    expect(intentFromLean({ ...intent, payment: null }, 'requested')?.payout).toMatchObject({
      postInitiationStatus: null,
      bankTransactionReference: null,
      sender: undefined,
      paymentSourceId: null,
      granularStatusCode: null,
      statusDetails: null,
      submittedAt: null,
      initiatedAt: null,
    });
  });

  it.each([
    [{ name: 'Legal', display_name: 'Display' }, {}, ['Legal', 'Display']],
    [{ name: 'Legal', short_name: 'Short' }, {}, ['Legal', 'Short']],
    [{ name: 'Legal' }, {}, ['Legal', 'Legal']],
    [{ name: 'Legal', short_name: 'Short' }, { name: 'Payment' }, ['Payment', 'Short']],
    // The list may still have a display name.
    [{}, { name: 'Payment' }, ['Payment', undefined]],
    [{}, {}, [null, undefined]],
  ])(
    'with the destination %j and the recipient %j has the recipient names %j',
    (names, recipient_details, expected) => {
      const wire = {
        ...intent,
        payment: { id: 'p', recipient_details },
        payment_destination: { id: 'd', ...names },
      };
      const { recipient } = intentFromLean(wire, 'requested')?.payout ?? emptyPayout('none');
      expect([recipient.legalName, recipient.displayName]).toEqual(expected);
    },
  );

  it('leaves the facts undefined that the list may have, if it has no destination', () => {
    const recipient = {
      legalName: null,
      displayName: undefined,
      accountNumber: null,
      iban: null,
      bankName: undefined,
    };
    const withoutDestination = { ...intent, payment: { id: 'p' }, payment_destination: null };
    expect(intentFromLean(withoutDestination, 'requested')?.payout.recipient).toEqual(recipient);
  });

  it('has undefined for the tracking facts that its payment lacks by Lean’s documentation', () => {
    expect(intentFromLean(intent, 'requested')?.payout).toMatchObject({
      postInitiationStatus: undefined,
      granularStatusCode: undefined,
      statusDetails: undefined,
    });
    const payment = { id: 'p', post_initiation_status: 'null', granular_status_code: null };
    expect(intentFromLean({ ...intent, payment }, 'requested')?.payout).toMatchObject({
      postInitiationStatus: null,
      granularStatusCode: null,
      statusDetails: undefined,
    });
  });

  it('has the id in payment_intent_id, else in id, else the requested id, and so has its payout', () => {
    expect(intentFromLean({ ...intent, payment_intent_id: null, id: 'j' }, 'requested')?.id).toBe('j');
    const withoutId = intentFromLean({ ...intent, payment_intent_id: undefined }, 'requested');
    expect([withoutId?.id, withoutId?.payout.intentId]).toEqual(['requested', 'requested']);
  });

  it("has Lean's ids in lower case", () => {
    const ids = {
      payment_intent_id: 'I',
      payment: { id: 'P', payment_intent_id: 'I' },
      payment_destination: { id: 'D' },
    };
    expect(intentFromLean({ ...intent, ...ids }, 'requested')).toMatchObject({
      id: 'i',
      payout: { intentId: 'i', paymentId: 'p' },
      destination: { id: 'd' },
    });
  });

  it("has its payment's amount if it has none, and is undefined without either", () => {
    expect(intentFromLean({ ...intent, amount: null }, 'requested')?.amount.amount).toBe('16');
    expect(intentFromLean({ ...intent, amount: null, payment: null }, 'requested')).toBeUndefined();
  });

  it.each(undocumentedValues)('does not throw if each field is %j', value => {
    for (const key of Object.keys(intent))
      expect(() => intentFromLean({ ...intent, [key]: value }, 'requested')).not.toThrow();
  });
});

describe("Lean's destination", () => {
  it.each([
    [{ id: 'a' }, 'a'],
    [{ destination_id: 'b' }, 'b'],
    [{ id: 'A' }, 'a'],
  ])('from %j has the id %s', (wire, expected) => {
    expect(destinationFromLean(wire)?.id).toBe(expected);
  });

  it('is null if it is missing or has no id', () => {
    expect(destinationFromLean(null)).toBeNull();
    expect(destinationFromLean(undefined)).toBeNull();
    expect(destinationFromLean({ name: 'x' })).toBeNull();
    expect(destinationFromLean({ id: 'null', name: 'x' })).toBeNull();
  });

  it.each([
    [{ display_name: 'a', short_name: 'b' }, 'a'],
    [{ short_name: 'b' }, 'b'],
    [{ display_name: null, short_name: 'b' }, 'b'],
    [{ display_name: 'null' }, undefined],
  ])('from %j has the display name %s', (wire, expected) => {
    expect(destinationFromLean({ id: 'd', ...wire })?.displayName).toBe(expected);
  });

  it.each([
    ['true', true],
    ['false', false],
    [true, true],
    [undefined, undefined],
    [null, null],
  ])('with the default %j is read as %j', (given, expected) => {
    expect(destinationFromLean({ id: 'd', default: given })?.isDefault).toBe(expected);
  });
});

it('a bank reference that is a JSON number keeps its digits', () => {
  const wire = parseLeanJson(
    '{"id":"p","payment_intent_id":"i","bank_transaction_reference":123456789012345678901}',
  );
  expect(payoutFromPayment(wire as LeanPayment)?.bankTransactionReference).toBe('123456789012345678901');
});

it('an intent whose payment failed before it had an id has the state of the payment', () => {
  const payment = { id: null, status: 'FAILED', granular_status_code: 'INSUFFICIENT_BALANCE' };
  const intent = intentFromLean({ amount: '1', currency: 'AED', payment } as LeanPayoutIntent, 'i');
  expect(intent?.payout).toMatchObject({
    paymentId: null,
    intentId: 'i',
    state: { status: 'FAILED' },
    granularStatusCode: 'INSUFFICIENT_BALANCE',
  });
});
