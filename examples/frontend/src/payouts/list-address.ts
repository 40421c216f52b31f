import type { PayoutListQueryVariables } from '../gql/graphql';

/*
 * The address of the list holds its filter and its page, so that reload, bookmarks and the back button work:
 * /?min=100&from=2026-03-01&after=…
 */

const pageSize = 20;

/** The filter as its form has it: amounts as text, and days of the reader's own time zone. */
export const filterNames = ['min', 'max', 'from', 'to'] as const;

/** The variables of the list that an address shows. */
export function listVariables(address: URLSearchParams): PayoutListQueryVariables {
  const value = (name: (typeof filterNames)[number] | 'after' | 'before'): string | null =>
    address.get(name) || null;
  const before = value('before');
  const page =
    before === null ? { first: pageSize, after: value('after') } : { last: pageSize, before: before };
  const filter = {
    amount: { min: value('min'), max: value('max') },
    createdAt: { from: instant(value('from'), '00:00:00.000'), to: instant(value('to'), '23:59:59.999') },
  };
  return { ...page, filter };
}

/** The address of another page of the same filter. */
export function pageAddress(address: URLSearchParams, page: { after: string } | { before: string }): string {
  const next = new URLSearchParams(filterNames.flatMap(name => entry(name, address.get(name))));
  for (const [name, cursor] of Object.entries(page)) next.set(name, cursor);
  return `/?${next}`;
}

/** The address of the first page of a filter. */
export function filterAddress(filter: FormData): string {
  const next = new URLSearchParams(filterNames.flatMap(name => entry(name, filter.get(name))));
  return next.size === 0 ? '/' : `/?${next}`;
}

function entry(name: string, value: FormDataEntryValue | null): [string, string][] {
  return typeof value === 'string' && value.trim() !== '' ? [[name, value.trim()]] : [];
}

function instant(day: string | null, time: string): string | null {
  const date = new Date(`${day}T${time}`);
  return day === null || Number.isNaN(date.getTime()) ? null : date.toISOString();
}
