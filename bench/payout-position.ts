/**
 * The position of a payout in the list of the fast Lean, which stores no payouts: its page and its row. All fields
 * derive from the position, and the ids contain it, so that workloads can construct ids without reading the list.
 */
export interface PayoutPosition {
  readonly page: number;
  readonly row: number;
}

/** From this page on, several payouts share an intent, like repeated attempts to pay. */
export const firstSharingPage = 50;
/** From this page on, all payouts are final, and each has an intent of its own again. */
export const firstFinalPage = 90;
const intentsOnSharingPage = 10;
const payoutsOnSharingPage = 50;

const kinds = { payment: 'a', intent: 'b' } as const;

export function paymentId(position: PayoutPosition): string {
  return idOf('payment', position);
}

export function intentId({ page, row }: PayoutPosition): string {
  return idOf('intent', { page, row: sharesIntents(page) ? row % intentsOnSharingPage : row });
}

function sharesIntents(page: number): boolean {
  return page >= firstSharingPage && page < firstFinalPage;
}

function idOf(kind: keyof typeof kinds, { page, row }: PayoutPosition): string {
  const [pageText, rowText] = [String(page).padStart(4, '0'), String(row).padStart(8, '0')];
  return `${kinds[kind]}0000000-0000-4000-8000-${pageText}${rowText}`;
}

/** The position and the kind of an id. Undefined if the id is not one of the fast Lean. */
export function positionOf(id: string): (PayoutPosition & { readonly kind: keyof typeof kinds }) | undefined {
  const match = /^([ab])0000000-0000-4000-8000-(\d{4})(\d{8})$/.exec(id);
  if (match === null) return undefined;
  const [, letter, page, row] = match;
  return { kind: letter === kinds.payment ? 'payment' : 'intent', page: Number(page), row: Number(row) };
}

/** The positions of all payouts of the intent at a position. */
export function positionsOfIntent({ page, row: first }: PayoutPosition): readonly PayoutPosition[] {
  if (!sharesIntents(page)) return [{ page, row: first }];
  const attempts = payoutsOnSharingPage / intentsOnSharingPage;
  return Array.from({ length: attempts }, (_, attempt) => ({
    page,
    row: first + attempt * intentsOnSharingPage,
  }));
}
