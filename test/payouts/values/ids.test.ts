import { describe, expect, it } from 'vitest';
import { BadInput } from '../../../src/errors/gateway-errors.ts';
import { intentIdOf, isUuid, parseUuid, payoutIdOf } from '../../../src/payouts/values/ids.ts';

const uuid = '3fa85f64-5717-4562-b3fc-2c963f66afa6';

describe('a Payout.id', () => {
  it('is the intent id with a prefix', () => {
    expect(payoutIdOf('i')).toBe('po_i');
  });

  it('parses to the intent id that it was made from', () => {
    expect(intentIdOf(payoutIdOf(uuid), 'id')).toBe(uuid);
  });

  it('may have its UUID, but not its prefix, in upper case', () => {
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
  ])('is refused if it is %j', id => {
    expect(() => intentIdOf(id, 'payoutId')).toThrow(BadInput);
    expect(() => intentIdOf(id, 'payoutId')).toThrow(/^payoutId: is not the id of a payout/);
  });

  it.each([uuid, uuid.toUpperCase()])(
    "is refused if it is %j, an id of Lean's own, and the error names the fields that accept one",
    id => {
      expect(() => intentIdOf(id, 'payoutId')).toThrow(BadInput);
      expect(() => intentIdOf(id, 'payoutId')).toThrow(/^payoutId: .*payoutByIntent.*payoutByPayment/);
    },
  );
});

describe('a UUID', () => {
  it('is parsed to lower case', () => {
    expect(parseUuid(uuid.toUpperCase(), 'id')).toBe(uuid);
    expect(isUuid(uuid.toUpperCase())).toBe(true);
  });

  it.each(['', `${uuid}a`, `a${uuid}`, `${uuid} `, uuid.replace('3', 'g'), payoutIdOf(uuid)])(
    'is refused if it is %j',
    id => {
      expect(isUuid(id)).toBe(false);
      expect(() => parseUuid(id, 'id')).toThrow(
        expect.objectContaining({ name: 'BadInput', argument: 'id', code: 'BAD_USER_INPUT' }),
      );
    },
  );
});
