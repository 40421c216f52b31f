import { type Account, openAccounts } from './account.ts';
import { type Destination, openDestinations } from './destination.ts';
import { emirates, type Market, saudiArabia } from './market.ts';
import { wireKsa, wireV1 } from './lean-api/wire-flat.ts';
import { wireV2, wireV2Documented } from './lean-api/wire-v2.ts';
import type { Wire } from './lean-api/wire.ts';

/** Which of Lean's versions the sandbox speaks. */
export type SandboxProfile = 'v2' | 'v1' | 'ksa';

export const sandboxProfiles: readonly SandboxProfile[] = ['v2', 'v1', 'ksa'];

/** All that differs between the versions. */
export interface Profile {
  readonly name: SandboxProfile;
  readonly wire: Wire;
  /** The wire format of the published specification, which the recorded answers may differ from. */
  readonly documentedWire: Wire;
  readonly market: Market;
  readonly accounts: ReadonlyMap<string, Account>;
  readonly destinations: ReadonlyMap<string, Destination>;
  /** Version 2 refuses what it does not know and keeps currencies and external references; the others ignore them. */
  readonly takesReferences: boolean;
}

export function profileNamed(name: SandboxProfile): Profile {
  const market = name === 'ksa' ? saudiArabia : emirates;
  const wire = { v2: wireV2, v1: wireV1, ksa: wireKsa }[name];
  const documentedWire = name === 'v2' ? wireV2Documented : wire;
  return {
    name,
    wire,
    documentedWire,
    market,
    accounts: openAccounts(market),
    destinations: openDestinations(market),
    takesReferences: name === 'v2',
  };
}
