/**
 * A payout of the fast Lean, which stores none: which page of the list it is on, and which row there. All of its
 * fields follow from that, and its ids tell it, so that workloads can name ids without having asked for them.
 */
export interface PayoutPlace {
  readonly page: number;
  readonly row: number;
}

/** Payouts on the pages from here on share intents, as those do that were tried again. */
export const firstSharingPage = 50;
const intentsOnSharingPage = 10;
const payoutsOnSharingPage = 50;

const kinds = { payment: 'a', intent: 'b' } as const;

export function paymentId(place: PayoutPlace): string {
  return idOf('payment', place);
}

export function intentId({ page, row }: PayoutPlace): string {
  return idOf('intent', { page, row: page < firstSharingPage ? row : row % intentsOnSharingPage });
}

function idOf(kind: keyof typeof kinds, { page, row }: PayoutPlace): string {
  const [pageText, rowText] = [String(page).padStart(4, '0'), String(row).padStart(8, '0')];
  return `${kinds[kind]}0000000-0000-4000-8000-${pageText}${rowText}`;
}

/** What an id of the fast Lean stands for; undefined for any other id. */
export function placeOf(id: string): (PayoutPlace & { readonly kind: keyof typeof kinds }) | undefined {
  const match = /^([ab])0000000-0000-4000-8000-(\d{4})(\d{8})$/.exec(id);
  if (match === null) return undefined;
  const [, letter, page, row] = match;
  return { kind: letter === kinds.payment ? 'payment' : 'intent', page: Number(page), row: Number(row) };
}

/** All payouts that were made of the intent at a place. */
export function placesOfIntent({ page, row: first }: PayoutPlace): readonly PayoutPlace[] {
  if (page < firstSharingPage) return [{ page, row: first }];
  const attempts = payoutsOnSharingPage / intentsOnSharingPage;
  return Array.from({ length: attempts }, (_, lap) => ({ page, row: first + lap * intentsOnSharingPage }));
}
