import { andThen, type MaybePromise } from '../loaders/maybe-promise.ts';
import type { PayoutLookup } from '../loaders/payout-lookup.ts';
import { masked } from '../payouts/masking.ts';
import { payoutIdOf } from '../payouts/ids.ts';
import { partyFacts } from '../payouts/payout-facts.ts';
import type { Payout, PayoutParty } from '../payouts/payout.ts';
import { builder } from './builder.ts';
import type { GraphContext } from './context.ts';
import { ofAnyFact } from './fact-field.ts';

/** One side of a payout. */
export interface PartyParent {
  readonly payout: Payout;
  readonly side: 'recipient' | 'sender';
}

export const PayoutPartyType = builder.objectRef<PartyParent>('PayoutParty').implement({
  description: 'Who pays or is paid, as far as Lean tells.',
  fields: t => ({
    id: t.id({
      description: 'For caches: the payout’s id and the side, `"po_…:recipient"` or `"po_…:sender"`.',
      resolve: ({ payout, side }) => `${payoutIdOf(payout.intentId)}:${side}`,
    }),
    legalName: t.string({
      ...ofAnyFact(partyFacts.legalName, 'The name by law, as Lean’s payment and the destination have it.'),
      nullable: true,
      resolve: (party, _args, { payouts }) => factOf(party, 'legalName', payouts),
    }),
    displayName: t.string({
      ...ofAnyFact(
        partyFacts.displayName,
        'What the list calls the destination; the legal name where it has no other name, and for a sender.',
      ),
      nullable: true,
      resolve: (party, _args, { payouts }) => factOf(party, 'displayName', payouts),
    }),
    accountNumber: t.string({
      ...ofAnyFact(
        partyFacts.accountNumber,
        'Bank account number, such as `"1015000000601"`. It may come masked, `"*********0601"`, without the scope ' +
          '`payouts:read_sensitive`.',
      ),
      nullable: true,
      resolve: (party, _args, context) => maskedFor(context, factOf(party, 'accountNumber', context.payouts)),
    }),
    iban: t.string({
      ...ofAnyFact(
        partyFacts.iban,
        'IBAN, such as `"AE070331234567890123456"`. It may come masked, `"AE*****************3456"`, without the ' +
          'scope `payouts:read_sensitive`.',
      ),
      nullable: true,
      resolve: (party, _args, context) => maskedFor(context, factOf(party, 'iban', context.payouts)),
    }),
    bankName: t.string({
      ...ofAnyFact(
        partyFacts.bankName,
        'The party’s bank. Lean has its own identifier of the bank here, such as `LEAN_SME_MB1_UAE`. Of senders Lean ' +
          'tells it when a payout is created, so that it is null for payouts that this gateway did not create.',
      ),
      nullable: true,
      resolve: (party, _args, { payouts }) => factOf(party, 'bankName', payouts),
    }),
  }),
});

function factOf(
  { payout, side }: PartyParent,
  name: keyof PayoutParty,
  payouts: PayoutLookup,
): MaybePromise<string | null> {
  return side === 'recipient' ? payouts.recipientFact(payout, name) : payouts.senderFact(payout, name);
}

function maskedFor(
  { masksAccounts }: GraphContext,
  account: MaybePromise<string | null>,
): MaybePromise<string | null> {
  return andThen(account, text => (text !== null && masksAccounts ? masked(text) : text));
}
