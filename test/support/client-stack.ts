import { randomBytes } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { accounts, destinations } from '../../src/sandbox/named.ts';
import { startListeningGateway, type ListeningGateway } from './running-gateway.ts';

/** What `npm run dev` starts. Payouts stay as they are until `pay` has the bank pay them. */
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

/** What clients send: a list, a payout in detail, a creation, and what happens to a payout. */
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

/** A payout that waits for a person, for ever, unless the bank is made to pay it. */
export const payment = {
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

export interface Answers {
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
