import { parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { documentCaches } from '../../../../src/adapters/graphql/documents/document-cache.ts';
import { parseDocument } from '../../../../src/adapters/graphql/documents/operation-limits.ts';

const maxBytes = 1024 * 1024;

describe('the cache of parsed documents', () => {
  it('is limited by its bytes, and keeps the most recently used documents', () => {
    const { documentCache } = documentCaches(maxBytes);
    const texts = Array.from(
      { length: 1024 },
      (_, index) => `# ${'x'.repeat(60_000)}\n{ a${String(index)} }`,
    );
    for (const text of texts) documentCache.set(text, parse(text));
    expect(documentCache.calculatedSize).toBeLessThanOrEqual(maxBytes);
    expect(documentCache.size).toBeLessThan(9);
    expect(documentCache.has(texts.at(-1) ?? '')).toBe(true);
  });

  it('counts the tokens of a short document, which take more memory than its text', () => {
    const { documentCache } = documentCaches(maxBytes);
    for (let index = 0; index < 100; index += 1) {
      const text = `{ a${String(index)} ${'a '.repeat(900)} }`;
      documentCache.set(text, parse(text));
    }
    expect(documentCache.size).toBeLessThan(4);
  });

  it('counts a document that was parsed without locations', () => {
    const { documentCache } = documentCaches(maxBytes);
    for (let index = 0; index < 10; index += 1) {
      const text = `{ a${String(index)} }${'\n'.repeat(3000)}`;
      const document = parseDocument(text);
      expect(document.loc).toBeUndefined();
      documentCache.set(text, document);
    }
    expect(documentCache.size).toBeLessThan(3);
  });

  it('does not keep a document of a router that would fill the cache', () => {
    const { documentCache } = documentCaches(maxBytes);
    for (const lines of ['', '\n'.repeat(3000)]) {
      const text = `{ ${'a '.repeat(20_000)} }${lines}`;
      documentCache.set(text, parseDocument(text, {}, Infinity));
    }
    expect(documentCache.size).toBe(0);
  });

  it('limits the memory of parse errors', () => {
    const { errorCache } = documentCaches(maxBytes);
    for (let index = 0; index < 1000; index += 1)
      errorCache.set(`{ ${'x'.repeat(20_000)} ${String(index)}`, new Error('no'));
    expect(errorCache.calculatedSize).toBeLessThanOrEqual(maxBytes / 4);
    expect(errorCache.size).toBeGreaterThan(0);
  });
});
