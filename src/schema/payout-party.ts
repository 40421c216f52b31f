import type { PayoutParty } from '../payouts/payout.ts';
import { masked } from '../payouts/masking.ts';
import { builder } from './builder.ts';
import { asksLean } from './lean-cost.ts';

/** A party whose account number may still have to be asked for. */
export interface PartyParent extends Omit<PayoutParty, 'accountNumber'> {
  readonly accountNumber: () => Promise<string | null> | string | null;
}

export const PayoutPartyType = builder.objectRef<PartyParent>('PayoutParty').implement({
  description: 'Who pays or is paid, as far as Lean tells.',
  fields: t => ({
    name: t.exposeString('name', {
      nullable: true,
      description:
        "The party's name. In lists, and right after creation, Lean gives the destination's display name; for a " +
        'single payout its legal name.',
    }),
    accountNumber: t.string({
      ...asksLean('detail'),
      nullable: true,
      description:
        'Bank account number, such as `"1015000000601"`. On a list it costs one more Lean call per payout. It may ' +
        'come masked, `"*********0601"`, without the scope `payouts:read_sensitive`.',
      resolve: (party, _args, { masksAccounts }) => {
        const account = party.accountNumber();
        return masksAccounts ? maskedLater(account) : account;
      },
    }),
    iban: t.string({
      nullable: true,
      description:
        'IBAN, such as `"AE070331234567890123456"`. It may come masked, `"AE*****************3456"`, without the ' +
        'scope `payouts:read_sensitive`.',
      resolve: ({ iban }, _args, { masksAccounts }) => (iban !== null && masksAccounts ? masked(iban) : iban),
    }),
    bankName: t.exposeString('bankName', {
      nullable: true,
      description:
        "The party's bank. Lean sends its own identifier of the bank here, such as `LEAN_SME_MB1_UAE`.",
    }),
  }),
});

async function maskedLater(account: Promise<string | null> | string | null): Promise<string | null> {
  const known = await account;
  return known === null ? null : masked(known);
}

export function knownParty(party: PayoutParty | null | undefined): PartyParent | null {
  return party == null ? null : { ...party, accountNumber: () => party.accountNumber ?? null };
}
