import { openStore, type StoreConfig } from '../../src/store/open.ts';

/**
 * Makes a store that counts as complete from the beginning: on a new one payouts are looked for before they are sent,
 * for as long as the resend delay.
 */
export async function completeStore(config: StoreConfig): Promise<void> {
  const database = openStore(config, { lossWindowMs: 0 });
  await database.prepare();
  await database.close();
}
