import type { PayoutParty } from '../payouts/payout.ts';
import { builder } from './builder.ts';

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
      nullable: true,
      description:
        'Bank account number, such as `"1015000000601"`. On a list it costs one more Lean call per payout.',
      resolve: party => party.accountNumber(),
    }),
    iban: t.exposeString('iban', {
      nullable: true,
      description: 'IBAN, such as `"AE070331234567890123456"`.',
    }),
    bankName: t.exposeString('bankName', {
      nullable: true,
      description:
        "The party's bank. Lean sends its own identifier of the bank here, such as `LEAN_SME_MB1_UAE`.",
    }),
  }),
});

export function knownParty(party: PayoutParty | null | undefined): PartyParent | null {
  return party == null ? null : { ...party, accountNumber: () => party.accountNumber ?? null };
}
