import { openStore, type StoreConfig } from '../../src/store/open.ts';

/**
 * Creates a store that counts as complete from the start. With a new store, the gateway would look for each payout at
 * Lean before it sends it, for as long as the resend delay.
 */
export async function prepareCompleteStore(config: StoreConfig): Promise<void> {
  const database = openStore(config, { lossWindowMs: 0 });
  await database.migrate();
  await database.close();
}
