import { describe, expect, it } from 'vitest';
import { LeanBadAnswer } from '../../src/errors/lean-errors.ts';
import type { LeanPayoutPage } from '../../src/lean/wire.ts';
import { hasNextPage, lenientPageFromLean, pageFromLean } from '../../src/payouts/lean-page.ts';

describe('hasNextPage', () => {
  const answer = {
    badAnswer: (message: string) => new LeanBadAnswer(message),
  };

  it('counts rows that cannot be read', () => {
    const page = lenientPageFromLean({ content: [{ payment_intent_id: 'i' }, {}] }, answer, 0);
    expect(page).toMatchObject({ rowCount: 2, rowError: { code: 'LEAN_BAD_RESPONSE' } });
    expect(page.rows).toHaveLength(1);
    expect(hasNextPage(page, 2, 2)).toBe(true);
    expect(hasNextPage(page, 2, 3)).toBe(false);
    expect(hasNextPage({ ...page, total: 3 }, 2, 100)).toBe(true);
    expect(hasNextPage({ ...page, rowCount: 0, total: 3 }, 2, 100)).toBe(false);
    // Lean states a page limit of two rows.
    expect(hasNextPage({ ...page, size: 2 }, 2, 100)).toBe(true);
  });
});

describe("the envelope of Lean's list", () => {
  const content = [{ payment_intent_id: 'i' }];
  const answer = {
    badAnswer: (message: string) => new LeanBadAnswer(message),
  };

  it('is read with the page numbers in `page`, as recorded', () => {
    const page = pageFromLean(
      { content, page: { number: 0, size: 50, total_elements: 1, total_pages: 1 } },
      answer,
      0,
    );
    expect(page).toMatchObject({ size: 50, total: 1, rows: [{ intentId: 'i' }] });
  });

  it('is read with the page numbers beside `content`, as documented', () => {
    const page = pageFromLean({ content, number: 0, size: 20, total_elements: 7, total_pages: 1 }, answer, 0);
    expect(page).toMatchObject({ size: 20, total: 7 });
  });

  it.each([
    [{}, null],
    [{ total_elements: null }, null],
    [{ page: { total_elements: '12' } }, 12],
    [{ page: { total_elements: -1 } }, null],
    [{ page: { total_elements: 1.5 } }, null],
    [{ page: { total_elements: 'many' } }, null],
    [{ page: null, total_elements: 3 }, 3],
  ])('with %j has the total %j', (numbers, total) => {
    expect(pageFromLean({ content, ...numbers } as LeanPayoutPage, answer, 0).total).toBe(total);
  });

  it.each([null, 'x', 5, [], {}, { payment_id: 'p' }, { payment_intent_id: 'null' }])(
    'is a bad response if one of its rows is %j',
    row => {
      const page = { content: [...content, row, ...content] } as unknown as LeanPayoutPage;
      expect(() => pageFromLean(page, answer, 0)).toThrow(
        expect.objectContaining({
          code: 'LEAN_BAD_RESPONSE',
          message: "A row of Lean's list has no intent id.",
        }),
      );
    },
  );

  it.each([undefined, null, {}, 'x'])('is a bad response if its content is %j', value => {
    expect(() => pageFromLean({ content: value } as LeanPayoutPage, answer, 0)).toThrow(
      expect.objectContaining({ code: 'LEAN_BAD_RESPONSE', message: "Lean's list has no `content` array." }),
    );
  });

  it.each([
    { page: { number: 4 } },
    { page: { number: '4', size: 50 } },
    { number: 4, pageable: { page_number: 4 } },
    { pageable: { page_number: 4 } },
  ])('is read as the page whose number it states, counted from 0 or from 1 (%j)', numbers => {
    const read = (requested: number) => pageFromLean({ content, ...numbers }, answer, requested);
    expect(read(4)).toMatchObject({ numberDiffers: false, rows: [{ intentId: 'i' }] });
    expect(read(3)).toMatchObject({ numberDiffers: true, rows: [{ intentId: 'i' }] });
    for (const requested of [0, 2, 5])
      expect(() => read(requested)).toThrow(
        expect.objectContaining({
          code: 'LEAN_BAD_RESPONSE',
          message: "Lean's list has another page than the requested one.",
        }),
      );
  });

  it.each([
    {},
    { page: {} },
    { page: { number: null } },
    { number: 'first', pageable: null },
    { pageable: 'INSTANCE' },
  ])('is read as the requested page if it states no page number (%j)', numbers => {
    const page = { content, ...numbers } as LeanPayoutPage;
    expect(pageFromLean(page, answer, 3).numberDiffers).toBe(false);
  });

  it('is read with no rows if its content is empty', () => {
    expect(pageFromLean({ content: [] }, answer, 0).rows).toEqual([]);
  });
});

it.each([
  ['a full page of a longer list', 100, 250, 100, true],
  ['a page that Lean capped', 40, 250, 40, true],
  ['the last page', 50, 250, 250, false],
  ['an empty page of a longer list', 0, 250, 100, false],
  ['a full page of a list without a total', 100, null, 100, true],
  ['a short page of a list without a total', 99, null, 99, false],
] as const)('hasNextPage is right after %s', (_page, count, total, read, expected) => {
  const content = Array.from({ length: count }, () => ({ payment_intent_id: 'i' }));
  const page = pageFromLean(
    { content, total_elements: total },
    { badAnswer: message => new Error(message) as never },
    0,
  );
  expect(hasNextPage(page, read, 100)).toBe(expected);
});
