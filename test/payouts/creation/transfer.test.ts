import { describe, expect, it } from 'vitest';
import type { Decimal } from '../../../src/payouts/values/decimal.ts';
import { keyProblems, transferProblems, type Transfer } from '../../../src/payouts/creation/transfer.ts';

const validTransfer: Transfer = {
  accountId: 'a0000000-0000-4000-8000-000000000001',
  destinationId: 'd0000000-0000-4000-8000-000000000001',
  amount: { amount: '16.50' as Decimal, currency: 'AED' },
  description: 'INV 001',
  externalReference: 'order-1',
  authorize: true,
};

/** The invalid fields after a change to a valid transfer. */
function invalidFields(change: Partial<Transfer>): string[] {
  return transferProblems({ ...validTransfer, ...change }).map(({ field }) => field);
}

describe('a transfer', () => {
  it('a valid transfer has no problems', () => {
    expect(transferProblems(validTransfer)).toEqual([]);
    expect(transferProblems({ ...validTransfer, authorize: false })).toEqual([]);
  });

  it.each(['a', 'acc_1', 'A-1', 'x'.repeat(64)])('the account id %j is valid', accountId => {
    expect(invalidFields({ accountId })).toEqual([]);
  });

  it.each(['', ' ', 'a b', 'a/b', 'é', 'a\n', 'x'.repeat(65)])('the account id %j is invalid', accountId => {
    expect(invalidFields({ accountId })).toEqual(['accountId']);
  });

  it.each(['', 'd', `${validTransfer.destinationId} `, validTransfer.destinationId.replaceAll('-', '')])(
    'the destination id %j is invalid',
    destinationId => {
      expect(invalidFields({ destinationId })).toEqual(['destinationId']);
    },
  );

  it('an invalid amount names its amount or its currency', () => {
    expect(invalidFields({ amount: { amount: '0' as Decimal, currency: 'AED' } })).toEqual(['amount.amount']);
    expect(invalidFields({ amount: { amount: '1.005' as Decimal, currency: 'AED' } })).toEqual([
      'amount.amount',
    ]);
    expect(invalidFields({ amount: { amount: '1' as Decimal, currency: 'XXQ' } })).toEqual([
      'amount.currency',
    ]);
  });

  it.each(['x', 'x'.repeat(32), 'é'.repeat(32), '😀'.repeat(32), ' x '])(
    'the description %j is valid',
    description => {
      expect(invalidFields({ description })).toEqual([]);
    },
  );

  it.each([
    '',
    '   ',
    'x'.repeat(33),
    '😀'.repeat(33),
    'a\nb',
    'a\tb',
    'a\0b',
    'a\u0085b',
    'a\u2028b',
    'a\u2029b',
    '\u200b',
    'INV \u202e1234',
    'x\ud800',
  ])('the description %j is invalid', description => {
    expect(invalidFields({ description })).toEqual(['description']);
  });

  it('the problem of a long description states its length', () => {
    expect(transferProblems({ ...validTransfer, description: 'x'.repeat(40) })[0]?.problem).toBe(
      'has 40 characters; accepted: 1 to 32, not only whitespace.',
    );
  });

  it.each(['x', 'x'.repeat(64), 'order/1 é', null])(
    'the external reference %j is valid',
    externalReference => {
      expect(invalidFields({ externalReference })).toEqual([]);
    },
  );

  it.each(['', ' ', 'x'.repeat(65), 'a\nb', 'a\u007fb', ' INV 7', 'INV 7 ', 'INV 7\u00a0'])(
    'the external reference %j is invalid',
    externalReference => {
      expect(invalidFields({ externalReference })).toEqual(['externalReference']);
    },
  );

  it('a transfer reports all its problems at once', () => {
    const problems = invalidFields({
      accountId: '',
      destinationId: '',
      amount: { amount: '0' as Decimal, currency: 'AED' },
      description: '',
      externalReference: '',
    });
    expect(problems).toEqual([
      'accountId',
      'destinationId',
      'amount.amount',
      'description',
      'externalReference',
    ]);
  });
});

describe('an idempotency key', () => {
  it.each(['1', 'a b', '3fa85f64-5717-4562-b3fc-2c963f66afa6', '~!@#$%^&*()', 'x'.repeat(255)])(
    'the idempotency key %j is valid',
    key => {
      expect(keyProblems(key)).toEqual([]);
    },
  );

  it.each(['', ' ', ' a', 'a ', 'a\nb', 'a\r\nx-evil: 1', 'é', 'a\tb', '\u007f', 'x'.repeat(256)])(
    'the idempotency key %j is invalid',
    key => {
      expect(keyProblems(key)).toEqual([expect.objectContaining({ field: 'idempotencyKey' })]);
    },
  );
});
