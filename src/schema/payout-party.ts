import { andThen, type MaybePromise } from '../loaders/maybe-promise.ts';
import type { PayoutLookup } from '../loaders/payout-lookup.ts';
import { maskAccount } from '../access/masking.ts';
import { payoutIdOf } from '../payouts/values/ids.ts';
import { partyFacts } from '../payouts/payout-facts.ts';
import type { Payout, PayoutParty } from '../payouts/payout.ts';
import { builder } from './builder.ts';
import { factOptionsOf } from './fact-field.ts';
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
      description:
        'For client caches: the id of the payout with the side, `"po_…:recipient"` or `"po_…:sender"`.',
      resolve: ({ payout, side }) => `${payoutIdOf(payout.intentId)}:${side}`,
    }),
    legalName: t.string({
      ...factOptionsOf(partyFacts.legalName, "The legal name, from Lean's payment or from the destination."),
      nullable: true,
      resolve: (party, _args, { payouts }) => factOf(party, 'legalName', payouts),
    }),
    displayName: t.string({
      ...factOptionsOf(
        partyFacts.displayName,
        "The name of the destination in Lean's list. The legal name for a sender, and for a destination without another name.",
      ),
      nullable: true,
      resolve: (party, _args, { payouts }) => factOf(party, 'displayName', payouts),
    }),
    accountNumber: t.string({
      ...factOptionsOf(
        partyFacts.accountNumber,
        'The bank account number, such as `"1015000000601"`. The gateway may mask it (`"*********0601"`) for callers ' +
          'without the scope `payouts:read_sensitive`.',
      ),
      nullable: true,
      resolve: (party, _args, context) =>
        maskedFor(context, factOf(party, 'accountNumber', context.payouts), maskAccount),
    }),
    iban: t.string({
      ...factOptionsOf(
        partyFacts.iban,
        'The IBAN, such as `"AE070331234567890123456"`. The gateway may mask it (`"AE*****************3456"`) for callers ' +
          'without the scope `payouts:read_sensitive`.',
      ),
      nullable: true,
      resolve: (party, _args, context) =>
        maskedFor(context, factOf(party, 'iban', context.payouts), maskAccount),
    }),
    bankName: t.string({
      ...factOptionsOf(
        partyFacts.bankName,
        "Lean's identifier of the bank, such as `LEAN_SME_MB1_UAE`. Lean names the bank of a sender only when a payout " +
          'is created. So it is null for senders of payouts that this gateway did not create.',
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
