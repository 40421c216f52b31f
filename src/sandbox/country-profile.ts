/** A bank of a country. */
export interface Bank {
  readonly identifier: string;
  readonly swiftCode: string;
  /** The bank's digits inside an IBAN. */
  readonly code: string;
}

/** Data that differs between the two countries in which Lean moves money. */
export interface CountryProfile {
  /** ISO 4217. */
  readonly currency: string;
  /** The first two letters of an IBAN: ISO 3166-1 alpha-2. */
  readonly ibanCountryCode: string;
  /** The number of IBAN digits after the bank's code. */
  readonly accountDigits: number;
  /** ISO 3166-1 alpha-3. */
  readonly countryCode: string;
  readonly cities: readonly string[];
  readonly senderBank: Bank;
  readonly banks: readonly Bank[];
}

export const unitedArabEmirates: CountryProfile = {
  currency: 'AED',
  ibanCountryCode: 'AE',
  accountDigits: 16,
  countryCode: 'ARE',
  cities: ['Dubai', 'Abu Dhabi', 'Sharjah', 'Ajman'],
  senderBank: { identifier: 'LEAN_SME_MB1_UAE', swiftCode: 'EBILAEAD', code: '026' },
  banks: [
    { identifier: 'ENBD_UAE', swiftCode: 'EBILAEAD', code: '026' },
    { identifier: 'ADCB_UAE', swiftCode: 'ADCBAEAA', code: '003' },
    { identifier: 'FAB_UAE', swiftCode: 'NBADAEAA', code: '035' },
    { identifier: 'MASHREQ_UAE', swiftCode: 'BOMLAEAD', code: '033' },
    { identifier: 'DIB_UAE', swiftCode: 'DUIBAEAD', code: '024' },
    { identifier: 'ADIB_UAE', swiftCode: 'ABDIAEAD', code: '050' },
    { identifier: 'RAKBANK_UAE', swiftCode: 'NRAKAEAK', code: '040' },
    { identifier: 'CBD_UAE', swiftCode: 'CBDUAEAD', code: '023' },
  ],
};

export const saudiArabia: CountryProfile = {
  currency: 'SAR',
  ibanCountryCode: 'SA',
  accountDigits: 18,
  countryCode: 'SAU',
  cities: ['Riyadh', 'Jeddah', 'Dammam', 'Khobar'],
  senderBank: { identifier: 'ALINMA_DC_SAU', swiftCode: 'INMASARI', code: '05' },
  banks: [
    { identifier: 'ALRAJHI_SAU', swiftCode: 'RJHISARI', code: '80' },
    { identifier: 'SNB_SAU', swiftCode: 'NCBKSAJE', code: '10' },
    { identifier: 'RIYAD_SAU', swiftCode: 'RIBLSARI', code: '20' },
    { identifier: 'ALINMA_SAU', swiftCode: 'INMASARI', code: '05' },
    { identifier: 'SAB_SAU', swiftCode: 'SABBSARI', code: '45' },
    { identifier: 'ANB_SAU', swiftCode: 'ARNBSARI', code: '30' },
    { identifier: 'BSF_SAU', swiftCode: 'BSFRSARI', code: '55' },
    { identifier: 'ALBILAD_SAU', swiftCode: 'ALBISARI', code: '15' },
  ],
};
