import { ibanOf } from './iban.ts';
import type { Market } from './market.ts';
import { accounts } from './named.ts';

/** A bank account that payouts are debited from. */
export interface Account {
  readonly id: string;
  readonly name: string;
  readonly accountNumber: string;
  readonly iban: string;
  readonly bankIdentifier: string;
  /** The credential set that queues payments from it; Lean shows the same id as the payment source. */
  readonly endUserId: string;
  readonly hasBalance: boolean;
}

/** The source accounts of a market, by id. */
export function openAccounts(market: Market): ReadonlyMap<string, Account> {
  const open = (id: string, index: number, name: string, hasBalance = true): [string, Account] => {
    const accountNumber = `10133800000${String(index)}`;
    const { identifier, code } = market.senderBank;
    const iban = ibanOf(market.ibanCountry, code + accountNumber.padStart(market.accountDigits, '0'));
    const endUserId = `e0000000-0000-4000-8000-00000000000${String(index)}`;
    return [id, { id, name, accountNumber, iban, bankIdentifier: identifier, endUserId, hasBalance }];
  };
  return new Map([
    open(accounts.operating, 1, 'Current Account'),
    open(accounts.second, 2, 'Payroll Account'),
    open(accounts.withoutBalance, 3, 'Empty Account', false),
  ]);
}
