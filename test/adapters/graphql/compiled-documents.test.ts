import { parse } from 'graphql';
import { describe, expect, it, vi } from 'vitest';
import { CompiledDocuments } from '../../../src/adapters/graphql/compiled-documents.ts';
import { schema } from '../../../src/schema/index.ts';

function documents(compileAfter: number) {
  const validated = vi.fn((text: string) => (text.startsWith('bad') ? undefined : parse(text)));
  return { validated, compiled: new CompiledDocuments({ schema, compileAfter, validated }) };
}

const numbered = (index: number): string => `query N${String(index)} { __typename }`;

describe('a document', () => {
  it('is compiled once, when it has been asked for as often as told', () => {
    const { compiled, validated } = documents(2);
    const found = Array.from({ length: 5 }, () => compiled.find('{ __typename }', undefined));
    expect(found.map(each => each !== undefined)).toEqual([false, false, true, true, true]);
    expect(new Set(found.slice(2)).size).toBe(1);
    expect(validated).toHaveBeenCalledTimes(1);
  });

  it('is never compiled where none are', () => {
    const { compiled, validated } = documents(Infinity);
    for (let time = 0; time < 5; time += 1)
      expect(compiled.find('{ __typename }', undefined)).toBeUndefined();
    expect(validated).not.toHaveBeenCalled();
  });

  it('that may not be run is not compiled', () => {
    const { compiled } = documents(0);
    expect(compiled.find('bad', undefined)).toBeUndefined();
  });

  it('that is longer than anybody would send every day is not compiled', () => {
    const { compiled, validated } = documents(0);
    expect(compiled.find(`{ __typename }${' '.repeat(17 * 1024)}`, undefined)).toBeUndefined();
    expect(validated).not.toHaveBeenCalled();
  });

  it('whose fragments double each other is not compiled, which would never end', () => {
    const doubling = Array.from({ length: 40 }, (_, index) =>
      index === 39
        ? `fragment F39 on Query { __typename }`
        : `fragment F${String(index)} on Query { ...F${String(index + 1)} ...F${String(index + 1)} }`,
    ).join(' ');
    const { compiled } = documents(0);
    expect(compiled.find(`{ ...F0 } ${doubling}`, undefined)).toBeUndefined();
  });

  it('is compiled where fragments are spread as often as people do', () => {
    const { compiled } = documents(0);
    const text = '{ ...A ...A } fragment A on Query { ...B ...B } fragment B on Query { __typename }';
    expect(compiled.find(text, undefined)).toBeDefined();
  });

  it('has each of its operations under its name, and no subscription', () => {
    const { compiled } = documents(0);
    const text = 'query A { __typename } query B { __typename } subscription C { payoutUpdated { eventId } }';
    const [a, b] = ['A', 'B'].map(name => compiled.find(text, name));
    expect([a, b]).not.toContain(undefined);
    expect(a).not.toBe(b);
    for (const name of ['C', 'D', undefined]) expect(compiled.find(text, name)).toBeUndefined();
  });

  it('leaves when two hundred others have come, and comes again when it is asked for', () => {
    const { compiled, validated } = documents(0);
    const first = compiled.find(numbered(0), undefined);
    for (let index = 1; index < 200; index += 1) compiled.find(numbered(index), undefined);
    expect(compiled.find(numbered(0), undefined)).toBe(first);
    compiled.find(numbered(200), undefined);
    const again = compiled.find(numbered(0), undefined);
    expect(again).toBeDefined();
    expect(again).not.toBe(first);
    expect(validated).toHaveBeenCalledTimes(202);
  });
});
