import { describe, expect, it } from 'vitest';
import type { Decimal } from '../../../src/payouts/values/decimal.ts';
import { keyProblems, transferProblems, type Transfer } from '../../../src/payouts/creation/transfer.ts';

const good: Transfer = {
  accountId: 'a0000000-0000-4000-8000-000000000001',
  destinationId: 'd0000000-0000-4000-8000-000000000001',
  amount: { amount: '16.50' as Decimal, currency: 'AED' },
  description: 'INV 001',
  externalReference: 'order-1',
  authorize: true,
};

function fields(change: Partial<Transfer>): string[] {
  return transferProblems({ ...good, ...change }).map(({ field }) => field);
}

describe('a transfer', () => {
  it('without a fault has no problem', () => {
    expect(transferProblems(good)).toEqual([]);
    expect(transferProblems({ ...good, authorize: false })).toEqual([]);
  });

  it.each(['a', 'acc_1', 'A-1', 'x'.repeat(64)])('takes from account %j', accountId => {
    expect(fields({ accountId })).toEqual([]);
  });

  it.each(['', ' ', 'a b', 'a/b', 'é', 'a\n', 'x'.repeat(65)])('does not take from account %j', accountId => {
    expect(fields({ accountId })).toEqual(['accountId']);
  });

  it.each(['', 'd', `${good.destinationId} `, good.destinationId.replaceAll('-', '')])(
    'does not go to %j',
    destinationId => {
      expect(fields({ destinationId })).toEqual(['destinationId']);
    },
  );

  it('names the part of the amount that is wrong', () => {
    expect(fields({ amount: { amount: '0' as Decimal, currency: 'AED' } })).toEqual(['amount.amount']);
    expect(fields({ amount: { amount: '1.005' as Decimal, currency: 'AED' } })).toEqual(['amount.amount']);
    expect(fields({ amount: { amount: '1' as Decimal, currency: 'XXQ' } })).toEqual(['amount.currency']);
  });

  it.each(['x', 'x'.repeat(32), 'é'.repeat(32), '😀'.repeat(32), ' x '])(
    'is described as %j',
    description => {
      expect(fields({ description })).toEqual([]);
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
  ])('is not described as %j', description => {
    expect(fields({ description })).toEqual(['description']);
  });

  it('says how long the description was', () => {
    expect(transferProblems({ ...good, description: 'x'.repeat(40) })[0]?.problem).toBe(
      'must be 1 to 32 characters, not all of them blank; these are 40.',
    );
  });

  it.each(['x', 'x'.repeat(64), 'order/1 é', null])('is referred to as %j', externalReference => {
    expect(fields({ externalReference })).toEqual([]);
  });

  it.each(['', ' ', 'x'.repeat(65), 'a\nb', 'a\u007fb', ' INV 7', 'INV 7 ', 'INV 7\u00a0'])(
    'is not referred to as %j',
    externalReference => {
      expect(fields({ externalReference })).toEqual(['externalReference']);
    },
  );

  it('has all its problems told at once', () => {
    const problems = fields({
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
    'may be %j',
    key => {
      expect(keyProblems(key)).toEqual([]);
    },
  );

  it.each(['', ' ', ' a', 'a ', 'a\nb', 'a\r\nx-evil: 1', 'é', 'a\tb', '\u007f', 'x'.repeat(256)])(
    'may not be %j',
    key => {
      expect(keyProblems(key)).toEqual([expect.objectContaining({ field: 'idempotencyKey' })]);
    },
  );
});
