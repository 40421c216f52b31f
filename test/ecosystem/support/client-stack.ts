import { randomBytes } from 'node:crypto';
import { expect, onTestFinished } from 'vitest';
import { accounts, destinations } from '../../../src/sandbox/fixtures.ts';
import { startListeningGateway, type ListeningGateway } from '../../support/running-gateway.ts';

/** Starts a gateway and a sandbox with webhooks, as `npm run dev` does. `pay` lets the bank pay a payout. */
export async function startClientStack(): Promise<
  ListeningGateway & { readonly socketUrl: string; pay(payoutId: string): void }
> {
  const secret = randomBytes(24).toString('base64url');
  const gateway = await startListeningGateway({
    sandbox: { payouts: 20 },
    env: { LEAN_WEBHOOK_SECRET: secret },
  });
  gateway.lean.webhooks.target = { url: `${gateway.origin}/webhooks/lean`, secret };
  onTestFinished(() => gateway.close());
  return {
    ...gateway,
    socketUrl: gateway.url.replace(/^http/, 'ws'),
    pay(payoutId) {
      const intentId = payoutId.replace(/^po_/, '');
      gateway.lean.payouts.change(intentId, { status: 'ACCEPTED_BY_BANK' });
      gateway.lean.payouts.change(intentId, { postInitiationStatus: 'PROCESSED' });
    },
  };
}

/** The operations that clients send. */
export const documents = {
  list: `query ClientList { payouts(first: 5) { nodes {
    id status outcome createdAt recipient { id displayName }
  } } }`,
  detail: `query ClientDetail($id: ID!) { payout(id: $id) {
    id paymentId status outcome createdAt recipient { id displayName legalName } sender { id legalName }
  } }`,
  create: `mutation ClientCreate($input: CreatePayoutInput!) { createPayout(input: $input) {
    __typename ... on PayoutCreated { payoutId payout { id status outcome } }
  } }`,
  follow: `subscription ClientFollow($id: ID!, $after: String) { payoutUpdated(id: $id, after: $after) {
    cursor status payout { id paymentId status outcome }
  } }`,
  cursor: `query ClientCursor { payoutUpdatesCursor }`,
} as const;

/** The input of a payout that waits for a person until `pay` lets the bank pay it. */
export const waitingPayoutInput = {
  idempotencyKey: 'client-1',
  accountId: accounts.operating,
  destinationId: destinations.waitsForAuthorization,
  amount: { amount: '16.50', currency: 'AED' },
  description: 'INV 001',
};

export interface ListedPayout {
  readonly id: string;
  readonly status: string;
  readonly outcome: string | null;
  readonly createdAt: string;
  readonly recipient: { readonly displayName: string };
}

export interface ClientResults {
  readonly list: { readonly payouts: { readonly nodes: readonly ListedPayout[] } };
  readonly detail: {
    readonly payout: ListedPayout & {
      readonly paymentId: string | null;
      readonly recipient: { readonly legalName: string | null };
    };
  };
  readonly create: { readonly createPayout: { readonly payoutId: string; readonly payout: ListedPayout } };
  readonly follow: { readonly payoutUpdated: { readonly payout: ListedPayout | null } };
  readonly cursor: { readonly payoutUpdatesCursor: string };
}

/** Waits until both copies of a payout in a client's cache, the list's row and the detail, are paid and agree. */
export async function expectPaid(
  id: string,
  inCache: () => readonly (ListedPayout | undefined)[],
): Promise<void> {
  await expect
    .poll(() => inCache().map(payout => payout?.outcome), { timeout: 60_000 })
    .toEqual(['PAID', 'PAID']);
  const [row, payout] = inCache();
  expect(payout).toMatchObject({ id, createdAt: row?.createdAt, recipient: row?.recipient ?? {} });
}
