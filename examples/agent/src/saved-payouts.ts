import { randomUUID } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';

/** A payout as it is sent, with its key, which never changes. */
export interface SavedPayout {
  readonly idempotency_key: string;
  readonly body: object;
}

/**
 * The payout of an order. The first call for an order makes its key, and writes the key and the body to the file before
 * it resolves. Every later call, also of another process after a crash, gets the same key and the same body.
 */
export async function savePayout(file: string, order: string, body: object): Promise<SavedPayout> {
  const saved = await readSaved(file);
  const existing = saved[order];
  if (existing !== undefined) return existing;
  const payout = { idempotency_key: randomUUID(), body };
  await writeDurably(file, JSON.stringify({ ...saved, [order]: payout }, null, 2));
  return payout;
}

async function readSaved(file: string): Promise<Record<string, SavedPayout>> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Record<string, SavedPayout>;
  } catch (error) {
    // Any other error must stop the program: without its keys it could pay twice.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
    throw error;
  }
}

/**
 * Replaces a file so that after a crash it has either the old text or the new one. After a power cut it is not empty
 * either, because the new text is on the disk before the file is replaced.
 */
async function writeDurably(file: string, text: string): Promise<void> {
  const temporary = `${file}.new`;
  const handle = await open(temporary, 'w');
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
}
