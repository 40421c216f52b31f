import { ibanOf } from './iban.ts';
import type { Market } from './market.ts';
import { type Behaviour, destinations } from './named.ts';

/** A beneficiary, and what becomes of a payout to it. */
export interface Destination {
  readonly id: string;
  readonly behaviour: Behaviour;
  readonly name: string;
  readonly displayName: string;
  readonly accountNumber: string;
  readonly iban: string;
  readonly swiftCode: string;
  readonly bankIdentifier: string;
  readonly status: string;
  readonly address: string;
  readonly city: string;
  readonly country: string;
  readonly currency: string;
}

const namedRecipients: Record<Behaviour, readonly [name: string, displayName: string]> = {
  pays: ['Al Noor Trading LLC', 'Al Noor Trading'],
  waitsForAuthorization: ['Emirates Horizon Contracting LLC', 'Horizon Contracting'],
  failsAtOnce: ['Gulf Pearl Stationery LLC', 'Gulf Pearl Stationery'],
  failsAtBank: ['Desert Falcon Logistics FZE', 'Desert Falcon Logistics'],
  rejectedAfterAcceptance: ['Marina Bay Catering LLC', 'Marina Bay Catering'],
  staysPending: ['Oasis Facilities Management LLC', 'Oasis Facilities'],
  authorisationFails: ['Blue Dhow Marine Services LLC', 'Blue Dhow Marine'],
  slow: ['Liwa Date Farms LLC', 'Liwa Dates'],
  refused: ['New Dawn Consultancy FZ LLC', 'New Dawn Consultancy'],
};

const otherRecipients: readonly (readonly [name: string, displayName: string])[] = [
  ['Mohammed Rashid Al Falasi', 'Mohammed Al Falasi'],
  ['Fatima Saeed Al Mansoori', 'Fatima Al Mansoori'],
  ['Ahmed Khalid Al Suwaidi', 'Ahmed Al Suwaidi'],
  ['Mariam Hassan Al Zaabi', 'Mariam Al Zaabi'],
  ['Omar Yousef Haddad', 'Omar Haddad'],
  ['Priya Ramesh Nair', 'Priya Nair'],
  ['Layla Ibrahim Khoury', 'Layla Khoury'],
  ['Bilal Ahmed Siddiqui', 'Bilal Siddiqui'],
  ['Sultan Obaid Al Ketbi', 'Sultan Al Ketbi'],
  ['Noura Abdullah Al Hammadi', 'Noura Al Hammadi'],
  ['Al Safa Building Materials LLC', 'Al Safa Building'],
  ['Creekside Print House LLC', 'Creekside Print'],
  ['Jebel Hafeet Transport LLC', 'Jebel Hafeet Transport'],
  ['Palm Grove Events FZE', 'Palm Grove Events'],
  ['Silver Dune Technologies FZ LLC', 'Silver Dune'],
  ['Corniche Medical Supplies LLC', 'Corniche Medical'],
  ['Al Bahar Seafood Trading LLC', 'Al Bahar Seafood'],
  ['Saffron Route Foods LLC', 'Saffron Route'],
  ['Ghaf Tree Education LLC', 'Ghaf Tree Education'],
  ['Northern Light Electric LLC', 'Northern Light'],
];

/** All destinations of a market, by id: the named ones first, then those that only the seeded payouts use. */
export function openDestinations(market: Market): ReadonlyMap<string, Destination> {
  const known = new Map<string, Destination>();
  const open = (id: string, behaviour: Behaviour, [name, displayName]: readonly [string, string]) => {
    const index = known.size;
    const bank = market.banks[index % market.banks.length] ?? market.senderBank;
    const accountNumber = `1015${String(index * 7919 + 601).padStart(9, '0')}`;
    known.set(id, {
      id,
      behaviour,
      name,
      displayName,
      accountNumber,
      iban: ibanOf(market.ibanCountry, bank.code + accountNumber.padStart(market.accountDigits, '0')),
      swiftCode: bank.swiftCode,
      bankIdentifier: bank.identifier,
      status: behaviour === 'refused' ? 'AWAITING_BENEFICIARY_COOL_OFF' : 'ACTIVE',
      address: `Office ${String(101 + index * 3)}, Business Avenue ${String(1 + (index % 9))}`,
      city: market.cities[index % market.cities.length] ?? '',
      country: market.country,
      currency: market.currency,
    });
  };
  for (const behaviour of Object.keys(namedRecipients) as Behaviour[]) {
    open(destinations[behaviour], behaviour, namedRecipients[behaviour]);
  }
  for (const [index, names] of otherRecipients.entries()) {
    open(`d0000000-0000-4000-8000-${String(101 + index).padStart(12, '0')}`, 'pays', names);
  }
  return known;
}
