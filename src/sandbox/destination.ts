import type { CountryProfile } from './country-profile.ts';
import { type DestinationBehaviour, destinations } from './fixtures.ts';
import { ibanOf } from './iban.ts';

/** A beneficiary. Its `behaviour` decides how a payout to it ends. */
export interface Destination {
  readonly id: string;
  readonly behaviour: DestinationBehaviour;
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

const namedRecipients: Record<DestinationBehaviour, readonly [name: string, displayName: string]> = {
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

/** All destinations of a country, by id: the named ones first, then the ones that only seeded payouts use. */
export function createDestinations(country: CountryProfile): ReadonlyMap<string, Destination> {
  const created = new Map<string, Destination>();
  const add = (
    id: string,
    behaviour: DestinationBehaviour,
    [name, displayName]: readonly [string, string],
  ) => {
    const index = created.size;
    const bank = country.banks[index % country.banks.length] ?? country.senderBank;
    const accountNumber = `1015${String(index * 7919 + 601).padStart(9, '0')}`;
    created.set(id, {
      id,
      behaviour,
      name,
      displayName,
      accountNumber,
      iban: ibanOf(country.ibanCountryCode, bank.code + accountNumber.padStart(country.accountDigits, '0')),
      swiftCode: bank.swiftCode,
      bankIdentifier: bank.identifier,
      status: behaviour === 'refused' ? 'AWAITING_BENEFICIARY_COOL_OFF' : 'ACTIVE',
      address: `Office ${String(101 + index * 3)}, Business Avenue ${String(1 + (index % 9))}`,
      city: country.cities[index % country.cities.length] ?? '',
      country: country.countryCode,
      currency: country.currency,
    });
  };
  for (const behaviour of Object.keys(namedRecipients) as DestinationBehaviour[]) {
    add(destinations[behaviour], behaviour, namedRecipients[behaviour]);
  }
  for (const [index, names] of otherRecipients.entries()) {
    add(`d0000000-0000-4000-8000-${String(101 + index).padStart(12, '0')}`, 'pays', names);
  }
  return created;
}
