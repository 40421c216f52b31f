import { type Account, createAccounts } from './account.ts';
import { type CountryProfile, saudiArabia, unitedArabEmirates } from './country-profile.ts';
import { createDestinations, type Destination } from './destination.ts';
import { wireKsa, wireV1 } from './lean-api/wire-flat.ts';
import { wireV2, wireV2Documented } from './lean-api/wire-v2.ts';
import type { WireFormat } from './lean-api/wire.ts';

/** A version of Lean's API: UAE version 2, UAE version 1, or Saudi Arabia. */
export type SandboxProfile = 'v2' | 'v1' | 'ksa';

export const sandboxProfiles: readonly SandboxProfile[] = ['v2', 'v1', 'ksa'];

/** Everything that differs between the versions of Lean's API. */
export interface Profile {
  readonly name: SandboxProfile;
  readonly wire: WireFormat;
  /** The format of the published specification. It differs from `wire` where Lean was recorded to differ from it. */
  readonly documentedWire: WireFormat;
  readonly country: CountryProfile;
  readonly accounts: ReadonlyMap<string, Account>;
  readonly destinations: ReadonlyMap<string, Destination>;
  /**
   * Whether a creation's unknown fields are refused, its currencies checked and its external references stored. Only
   * version 2 does so. The other versions ignore all of these.
   */
  readonly checksAllFields: boolean;
}

export function profileNamed(name: SandboxProfile): Profile {
  const country = name === 'ksa' ? saudiArabia : unitedArabEmirates;
  const wire = { v2: wireV2, v1: wireV1, ksa: wireKsa }[name];
  const documentedWire = name === 'v2' ? wireV2Documented : wire;
  return {
    name,
    wire,
    documentedWire,
    country,
    accounts: createAccounts(country),
    destinations: createDestinations(country),
    checksAllFields: name === 'v2',
  };
}
