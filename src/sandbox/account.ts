import type { CountryProfile } from './country-profile.ts';
import { accounts } from './fixtures.ts';
import { ibanOf } from './iban.ts';

/** A bank account that payouts are debited from. */
export interface Account {
  readonly id: string;
  readonly name: string;
  readonly accountNumber: string;
  readonly iban: string;
  readonly bankIdentifier: string;
  /** Lean's id of the end user who owns the account. Lean also returns it as the id of the payment source. */
  readonly endUserId: string;
  readonly hasBalance: boolean;
}

/** The source accounts of a country, by id. */
export function createAccounts(country: CountryProfile): ReadonlyMap<string, Account> {
  const entry = (id: string, index: number, name: string, hasBalance = true): [string, Account] => {
    const accountNumber = `10133800000${String(index)}`;
    const { identifier, code } = country.senderBank;
    const iban = ibanOf(country.ibanCountryCode, code + accountNumber.padStart(country.accountDigits, '0'));
    const endUserId = `e0000000-0000-4000-8000-00000000000${String(index)}`;
    return [id, { id, name, accountNumber, iban, bankIdentifier: identifier, endUserId, hasBalance }];
  };
  return new Map([
    entry(accounts.operating, 1, 'Current Account'),
    entry(accounts.second, 2, 'Payroll Account'),
    entry(accounts.withoutBalance, 3, 'Empty Account', false),
  ]);
}
