import { describe, expect, it } from 'vitest';
import { BadInput } from '../../src/payouts/errors.ts';
import { isUuid, parsePayoutId, parseUuid, payoutId } from '../../src/payouts/ids.ts';

const uuid = '3fa85f64-5717-4562-b3fc-2c963f66afa6';

describe("a payout's id", () => {
  it("is its payment's", () => {
    expect(payoutId('p', 'i')).toBe('p');
    expect(payoutId('p', null)).toBe('p');
  });

  it("is its intent's, marked, while there is no payment", () => {
    expect(payoutId(null, 'i')).toBe('intent:i');
  });

  it('is none when nothing is known', () => {
    expect(payoutId(null, null)).toBeNull();
  });

  it('is read back as what it was made of', () => {
    expect(parsePayoutId(payoutId(uuid, null) ?? '', 'id')).toEqual({ paymentId: uuid });
    expect(parsePayoutId(payoutId(null, uuid) ?? '', 'id')).toEqual({ intentId: uuid });
  });

  it('may come in capital letters', () => {
    expect(parsePayoutId(uuid.toUpperCase(), 'id')).toEqual({ paymentId: uuid });
    expect(parsePayoutId(`intent:${uuid.toUpperCase()}`, 'id')).toEqual({ intentId: uuid });
  });

  it.each([
    '',
    'x',
    'intent:',
    'intent:x',
    `intent:intent:${uuid}`,
    `Intent:${uuid}`,
    ` ${uuid}`,
    `${uuid}\n`,
    `${uuid}/history`,
    uuid.replaceAll('-', ''),
    '../payments',
  ])('is not %j', id => {
    expect(() => parsePayoutId(id, 'payoutId')).toThrow(BadInput);
    expect(() => parsePayoutId(id, 'payoutId')).toThrow(/^payoutId: is not the id of a payout/);
  });
});

describe('a UUID', () => {
  it('is read in small letters', () => {
    expect(parseUuid(uuid.toUpperCase(), 'id')).toBe(uuid);
    expect(isUuid(uuid.toUpperCase())).toBe(true);
  });

  it.each(['', `${uuid}a`, `a${uuid}`, `${uuid} `, uuid.replace('3', 'g'), `intent:${uuid}`])(
    'is not %j',
    id => {
      expect(isUuid(id)).toBe(false);
      expect(() => parseUuid(id, 'id')).toThrow(
        expect.objectContaining({ name: 'BadInput', argument: 'id', code: 'BAD_USER_INPUT' }),
      );
    },
  );
});
