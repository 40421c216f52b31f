import { parse } from 'graphql';
import { describe, expect, it, vi } from 'vitest';
import { HotOperations } from '../../../../src/adapters/graphql/fast-path/hot-operations.ts';
import { schema } from '../../../../src/schema/index.ts';

/** What a document like `numbered` is estimated to take, at most. */
const bytesOfSmall = 40_000;

function documents(hotAfter: number, maxBytes?: number) {
  const validated = vi.fn((text: string) => (text.startsWith('bad') ? undefined : parse(text)));
  return {
    validated,
    known: new HotOperations({ schema, hotAfter, validated, ...(maxBytes !== undefined && { maxBytes }) }),
  };
}

const numbered = (index: number): string => `query N${String(index)} { __typename }`;

describe('a document', () => {
  it('becomes known once, when it has been asked for as often as told', () => {
    const { known, validated } = documents(2);
    const found = Array.from({ length: 5 }, () => known.find('{ __typename }', undefined));
    expect(found.map(each => each !== undefined)).toEqual([false, false, true, true, true]);
    expect(new Set(found.slice(2)).size).toBe(1);
    expect(validated).toHaveBeenCalledTimes(1);
  });

  it('never becomes known where none do', () => {
    const { known, validated } = documents(Infinity);
    for (let time = 0; time < 5; time += 1) expect(known.find('{ __typename }', undefined)).toBeUndefined();
    expect(validated).not.toHaveBeenCalled();
  });

  it('that may not be run is not known', () => {
    const { known } = documents(0);
    expect(known.find('bad', undefined)).toBeUndefined();
  });

  it('that is longer than anybody would send every day is not known', () => {
    const { known, validated } = documents(0);
    expect(known.find(`{ __typename }${' '.repeat(17 * 1024)}`, undefined)).toBeUndefined();
    expect(validated).not.toHaveBeenCalled();
  });

  it('whose fragments double each other is not known, for compiling it would never end', () => {
    const doubling = Array.from({ length: 40 }, (_, index) =>
      index === 39
        ? `fragment F39 on Query { __typename }`
        : `fragment F${String(index)} on Query { ...F${String(index + 1)} ...F${String(index + 1)} }`,
    ).join(' ');
    const { known } = documents(0);
    expect(known.find(`{ ...F0 } ${doubling}`, undefined)).toBeUndefined();
  });

  it('is known where fragments are spread as often as people do', () => {
    const { known } = documents(0);
    const text = '{ ...A ...A } fragment A on Query { ...B ...B } fragment B on Query { __typename }';
    expect(known.find(text, undefined)).toBeDefined();
  });

  it('has each of its operations under its name, and no subscription', () => {
    const { known } = documents(0);
    const text = 'query A { __typename } query B { __typename } subscription C { payoutUpdated { eventId } }';
    const [a, b] = ['A', 'B'].map(name => known.find(text, name));
    expect([a, b]).not.toContain(undefined);
    expect(a).not.toBe(b);
    for (const name of ['C', 'D', undefined]) expect(known.find(text, name)).toBeUndefined();
  });

  it('leaves when newer ones take its room, and comes again when it is asked for', () => {
    const { known, validated } = documents(0, 10 * bytesOfSmall);
    const first = known.find(numbered(0), undefined);
    for (let index = 1; index < 10; index += 1) known.find(numbered(index), undefined);
    expect(known.find(numbered(0), undefined)).toBe(first);
    for (let index = 10; index < 40; index += 1) known.find(numbered(index), undefined);
    const again = known.find(numbered(0), undefined);
    expect(again).toBeDefined();
    expect(again).not.toBe(first);
    expect(validated).toHaveBeenCalledTimes(41);
  });

  it('takes room for each of its operations, so that a hundred over one fragment are bounded like a hundred documents', () => {
    const maxBytes = 4 * 1024 * 1024;
    const { known } = documents(0, maxBytes);
    const fields = Array.from({ length: 14 }, (_, index) => `a${String(index)}: description`).join(' ');
    const fragment = `fragment F on PayoutConnection { nodes { ${fields} } }`;
    const names = Array.from({ length: 100 }, (_, index) => `Q${String(index)}`);
    const text = `${fragment} ${names.map(name => `query ${name} { payouts { ...F } }`).join(' ')}`;
    for (const name of names) expect(known.find(text, name)).toBeDefined();
    expect(known.bytes).toBeLessThanOrEqual(maxBytes);
    expect(known.count).toBeLessThan(90);
  });

  it.each(Object.getOwnPropertyNames(Object.prototype))('that holds the name %s is not compiled', name => {
    const { known } = documents(0);
    expect(known.find(`{ ${name}: __typename }`, undefined)).toBeUndefined();
    expect(known.find(`query ${name} { __typename }`, undefined)).toBeUndefined();
    expect(known.find(`query ($${name}: ID!) { payout(id: $${name}) { id } }`, undefined)).toBeUndefined();
  });
});
