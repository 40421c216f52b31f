import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leanKeyFor, withReferences } from '../../../src/payouts/creation/lean-key.ts';
import { maxKeyLength, maxReferenceLength, maxTransfers } from '../../../src/payouts/creation/transfer.ts';
import { defaultReference } from '../../support/default-reference.ts';
import { keyOf, transfer } from '../../support/test-core.ts';

/** The default references of a request with this many transfers. */
function defaultReferences(idempotencyKey: string, count: number, caller = ''): string[] {
  const transfers = Array.from({ length: count }, () => ({ ...transfer(), externalReference: null }));
  return withReferences(transfers, leanKeyFor(keyOf(idempotencyKey, caller))).map(
    ({ externalReference }) => externalReference,
  );
}

const requestSizes = [1, 2, maxTransfers];

/** Keys that differ only in their ends, which look like positions. */
const similarKeys = fc
  .string({ unit: fc.constantFrom('a', '0', '1', '.'), minLength: 1, maxLength: maxKeyLength })
  .map(key =>
    ['', '.', '.0', '.00', '.1', '.10', '.0.0'].map(end => key.slice(0, maxKeyLength - end.length) + end),
  );

describe('default references', () => {
  it('are the key for a single payout', () => {
    expect(defaultReferences('order.0', 1)).toEqual(['order.0']);
    expect(defaultReferences('k'.repeat(64), 1)).toEqual(['k'.repeat(64)]);
  });

  it('begin with the key if it is too long, and end with its digest', () => {
    expect(defaultReferences('k'.repeat(65), 1)).toEqual([expect.stringMatching(/^k{20}\.[\w-]{43}$/)]);
  });

  it('are the key, the position and a short digest for a transfer of a batch', () => {
    expect(defaultReferences('order', 2)).toEqual([
      defaultReference('order', 0),
      defaultReference('order', 1),
    ]);
    expect(defaultReferences('k'.repeat(255), 2)[1]).toMatch(/^k{49}\.1\.[\w-]{12}$/);
  });

  it('of different keys are different', () => {
    fc.assert(
      fc.property(similarKeys, keys => {
        const owners = new Map<string, string>();
        for (const key of new Set(keys))
          for (const reference of requestSizes.flatMap(count => defaultReferences(key, count))) {
            expect(owners.get(reference) ?? key, reference).toBe(key);
            owners.set(reference, key);
            expect(reference.length).toBeLessThanOrEqual(maxReferenceLength);
          }
      }),
      { numRuns: 30 },
    );
  });

  it('of the same key of different callers are different', () => {
    for (const count of requestSizes) {
      const [one = [], other = []] = ['one', 'other'].map(caller =>
        defaultReferences('order', count, caller),
      );
      expect(one.filter(reference => other.includes(reference))).toEqual([]);
    }
  });
});
