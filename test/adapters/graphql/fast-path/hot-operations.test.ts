import { parse } from 'graphql';
import { describe, expect, it, vi } from 'vitest';
import { HotOperations } from '../../../../src/adapters/graphql/fast-path/hot-operations.ts';
import { schema } from '../../../../src/schema/index.ts';

/** An upper bound of the estimated memory of a document from `numbered`, in bytes. */
const maxBytesOfSmall = 40_000;

function createOperations(hotAfter: number, maxBytes?: number) {
  const parseValid = vi.fn((text: string) => (text.startsWith('invalid') ? undefined : parse(text)));
  const operations = new HotOperations({
    schema,
    hotAfter,
    parseValid,
    ...(maxBytes !== undefined && { maxBytes }),
  });
  return { parseValid, operations };
}

const numbered = (index: number): string => `query N${String(index)} { __typename }`;

describe('an operation', () => {
  it('becomes hot after the given number of requests, and is validated once', () => {
    const { operations, parseValid } = createOperations(2);
    const found = Array.from({ length: 5 }, () => operations.find('{ __typename }', undefined));
    expect(found.map(operation => operation !== undefined)).toEqual([false, false, true, true, true]);
    expect(new Set(found.slice(2)).size).toBe(1);
    expect(parseValid).toHaveBeenCalledTimes(1);
  });

  it('never becomes hot if hotAfter is Infinity', () => {
    const { operations, parseValid } = createOperations(Infinity);
    for (let time = 0; time < 5; time += 1)
      expect(operations.find('{ __typename }', undefined)).toBeUndefined();
    expect(parseValid).not.toHaveBeenCalled();
  });

  it('is not hot if its document is not valid', () => {
    const { operations } = createOperations(0);
    expect(operations.find('invalid', undefined)).toBeUndefined();
  });

  it('is not hot if its document is longer than 16 KiB', () => {
    const { operations, parseValid } = createOperations(0);
    expect(operations.find(`{ __typename }${' '.repeat(17 * 1024)}`, undefined)).toBeUndefined();
    expect(parseValid).not.toHaveBeenCalled();
  });

  it('is not hot if its fragments double 40 times, because compiling it would not end', () => {
    const doubling = Array.from({ length: 40 }, (_, index) =>
      index === 39
        ? `fragment F39 on Query { __typename }`
        : `fragment F${String(index)} on Query { ...F${String(index + 1)} ...F${String(index + 1)} }`,
    ).join(' ');
    const { operations } = createOperations(0);
    expect(operations.find(`{ ...F0 } ${doubling}`, undefined)).toBeUndefined();
  });

  it('is hot if its fragments are spread a few times', () => {
    const { operations } = createOperations(0);
    const text = '{ ...A ...A } fragment A on Query { ...B ...B } fragment B on Query { __typename }';
    expect(operations.find(text, undefined)).toBeDefined();
  });

  it('is found by its name, unless it is a subscription or there is no such name', () => {
    const { operations } = createOperations(0);
    const text = 'query A { __typename } query B { __typename } subscription C { payoutUpdated { eventId } }';
    const [a, b] = ['A', 'B'].map(name => operations.find(text, name));
    expect([a, b]).not.toContain(undefined);
    expect(a).not.toBe(b);
    for (const name of ['C', 'D', undefined]) expect(operations.find(text, name)).toBeUndefined();
  });

  it('is dropped when newer operations take its memory, and is prepared again by the next request', () => {
    const { operations, parseValid } = createOperations(0, 10 * maxBytesOfSmall);
    const first = operations.find(numbered(0), undefined);
    for (let index = 1; index < 10; index += 1) operations.find(numbered(index), undefined);
    expect(operations.find(numbered(0), undefined)).toBe(first);
    for (let index = 10; index < 40; index += 1) operations.find(numbered(index), undefined);
    const again = operations.find(numbered(0), undefined);
    expect(again).toBeDefined();
    expect(again).not.toBe(first);
    expect(parseValid).toHaveBeenCalledTimes(41);
  });

  it('counts its own memory, although a hundred operations share one document', () => {
    const maxBytes = 4 * 1024 * 1024;
    const { operations } = createOperations(0, maxBytes);
    const fields = Array.from({ length: 14 }, (_, index) => `a${String(index)}: description`).join(' ');
    const fragment = `fragment F on PayoutConnection { nodes { ${fields} } }`;
    const names = Array.from({ length: 100 }, (_, index) => `Q${String(index)}`);
    const text = `${fragment} ${names.map(name => `query ${name} { payouts { ...F } }`).join(' ')}`;
    for (const name of names) expect(operations.find(text, name)).toBeDefined();
    expect(operations.bytes).toBeLessThanOrEqual(maxBytes);
    expect(operations.count).toBeLessThan(90);
  });

  it.each(Object.getOwnPropertyNames(Object.prototype))(
    'is not hot if its document holds the name %s',
    name => {
      const { operations } = createOperations(0);
      expect(operations.find(`{ ${name}: __typename }`, undefined)).toBeUndefined();
      expect(operations.find(`query ${name} { __typename }`, undefined)).toBeUndefined();
      expect(
        operations.find(`query ($${name}: ID!) { payout(id: $${name}) { id } }`, undefined),
      ).toBeUndefined();
    },
  );
});
