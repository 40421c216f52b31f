import { describe, expect, it } from 'vitest';
import { BadInput } from '../../../src/errors/gateway-errors.ts';
import { intentIdOf, isUuid, parseUuid, payoutIdOf } from '../../../src/payouts/values/ids.ts';

const uuid = '3fa85f64-5717-4562-b3fc-2c963f66afa6';

describe("a payout's id", () => {
  it("is its intent's, marked", () => {
    expect(payoutIdOf('i')).toBe('po_i');
  });

  it('is read back as the intent that it was made of', () => {
    expect(intentIdOf(payoutIdOf(uuid), 'id')).toBe(uuid);
  });

  it('may come in capital letters, but for its mark', () => {
    expect(intentIdOf(`po_${uuid.toUpperCase()}`, 'id')).toBe(uuid);
    expect(() => intentIdOf(`PO_${uuid}`, 'id')).toThrow(BadInput);
  });

  it.each([
    '',
    'x',
    'po_',
    'po_x',
    `po_po_${uuid}`,
    `Po_${uuid}`,
    `po-${uuid}`,
    `intent:${uuid}`,
    ` po_${uuid}`,
    `po_ ${uuid}`,
    `po_${uuid}\n`,
    `po_${uuid}/history`,
    `po_${uuid.replaceAll('-', '')}`,
    'po_../payments',
    5,
    null,
    undefined,
    [payoutIdOf(uuid)],
  ])('is not %j', id => {
    expect(() => intentIdOf(id, 'payoutId')).toThrow(BadInput);
    expect(() => intentIdOf(id, 'payoutId')).toThrow(/^payoutId: is not the id of a payout/);
  });

  it.each([uuid, uuid.toUpperCase()])("is not %j of Lean's own: which fields take that is said", id => {
    expect(() => intentIdOf(id, 'payoutId')).toThrow(BadInput);
    expect(() => intentIdOf(id, 'payoutId')).toThrow(/^payoutId: .*payoutByIntent.*payoutByPayment/);
  });
});

describe('a UUID', () => {
  it('is read in small letters', () => {
    expect(parseUuid(uuid.toUpperCase(), 'id')).toBe(uuid);
    expect(isUuid(uuid.toUpperCase())).toBe(true);
  });

  it.each(['', `${uuid}a`, `a${uuid}`, `${uuid} `, uuid.replace('3', 'g'), payoutIdOf(uuid)])(
    'is not %j',
    id => {
      expect(isUuid(id)).toBe(false);
      expect(() => parseUuid(id, 'id')).toThrow(
        expect.objectContaining({ name: 'BadInput', argument: 'id', code: 'BAD_USER_INPUT' }),
      );
    },
  );
});
