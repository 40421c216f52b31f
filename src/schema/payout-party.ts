import { andThen, type MaybePromise } from '../loaders/maybe-promise.ts';
import type { PayoutLookup } from '../loaders/payout-lookup.ts';
import { masked } from '../access/masking.ts';
import { payoutIdOf } from '../payouts/values/ids.ts';
import { partyFacts } from '../payouts/payout-facts.ts';
import type { Payout, PayoutParty } from '../payouts/payout.ts';
import { builder } from './builder.ts';
import { ofAnyFact } from './fact-field.ts';
import { maskedFor } from './masked-for.ts';

/** One side of a payout. */
export interface PartyParent {
  readonly payout: Payout;
  readonly side: 'recipient' | 'sender';
}

export const PayoutPartyType = builder.objectRef<PartyParent>('PayoutParty').implement({
  description: 'The sender or the recipient of a payout, as far as Lean names it.',
  fields: t => ({
    id: t.id({
      description: 'For caches: the id of the payout and the side, `"po_…:recipient"` or `"po_…:sender"`.',
      resolve: ({ payout, side }) => `${payoutIdOf(payout.intentId)}:${side}`,
    }),
    legalName: t.string({
      ...ofAnyFact(partyFacts.legalName, "The legal name, as Lean's payment or the destination has it."),
      nullable: true,
      resolve: (party, _args, { payouts }) => factOf(party, 'legalName', payouts),
    }),
    displayName: t.string({
      ...ofAnyFact(
        partyFacts.displayName,
        "The name of the destination in Lean's list; the legal name if it has no other, and for a sender.",
      ),
      nullable: true,
      resolve: (party, _args, { payouts }) => factOf(party, 'displayName', payouts),
    }),
    accountNumber: t.string({
      ...ofAnyFact(
        partyFacts.accountNumber,
        'Bank account number, such as `"1015000000601"`. The gateway may mask it (`"*********0601"`) for callers ' +
          'without the scope `payouts:read_sensitive`.',
      ),
      nullable: true,
      resolve: (party, _args, context) =>
        maskedFor(context, factOf(party, 'accountNumber', context.payouts), masked),
    }),
    iban: t.string({
      ...ofAnyFact(
        partyFacts.iban,
        'IBAN, such as `"AE070331234567890123456"`. The gateway may mask it (`"AE*****************3456"`) for callers ' +
          'without the scope `payouts:read_sensitive`.',
      ),
      nullable: true,
      resolve: (party, _args, context) => maskedFor(context, factOf(party, 'iban', context.payouts), masked),
    }),
    bankName: t.string({
      ...ofAnyFact(
        partyFacts.bankName,
        "The bank, by Lean's own identifier, such as `LEAN_SME_MB1_UAE`. Lean names the bank of a sender only when a " +
          'payout is created, so it is null for senders of payouts that this gateway did not create.',
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

/** The account that is debited for a payout; null if it is not known. */
export function senderOf(payout: Payout, payouts: PayoutLookup): MaybePromise<PartyParent | null> {
  return andThen(payouts.fact(payout, 'sender'), sender =>
    sender === null ? null : { payout: { ...payout, sender }, side: 'sender' },
  );
}
