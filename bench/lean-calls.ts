import { Agent, request } from 'undici';
import { connectLean } from '../src/lean/connect.ts';
import { PayoutReads } from '../src/payouts/payout-reads.ts';
import { median, printTable } from './figures.ts';
import { intentId } from './payout-position.ts';
import { startProcess } from './processes.ts';

export interface LeanCallsPlan {
  readonly rounds: number;
  readonly callsPerRound: number;
}

const callsAtOnce = [50, 400] as const;
const ids = Array.from({ length: 500 }, (_, index) =>
  intentId({ page: 10 + Math.floor(index / 50), row: index % 50 }),
);

/**
 * Measures the CPU time of reading an intent from Lean, with the Lean client and with undici alone, in this process. Both
 * are measured in every round, because other load on the machine changes.
 */
export async function leanCallsTable({ rounds, callsPerRound }: LeanCallsPlan): Promise<void> {
  const lean = await startProcess('fast-lean.ts');
  const { client, close } = connectLean(
    {
      baseUrl: new URL(lean.url),
      credentials: { token: 'token' },
      certificate: undefined,
      timeoutMs: 60_000,
      maxConcurrency: 512,
    },
    { onCall: ignore, onCertificateReplaced: ignore, onCertificateProblem: ignore },
  );
  const reads = new PayoutReads(client);
  const dispatcher = new Agent();
  const headers = { accept: 'application/json', authorization: 'Bearer token' };
  const readers: Readonly<Record<string, (id: string) => Promise<unknown>>> = {
    'undici.request and its json()': async id => {
      const { body } = await request(`${lean.url}/payouts/v1/intents/${id}`, { headers, dispatcher });
      return body.json();
    },
    'the Lean client, converted': id => reads.intent(id, {}),
  };
  const rows = Object.keys(readers).map(name => [name]);
  for (const atOnce of callsAtOnce) {
    const measured = rows.map((): number[] => []);
    // The first round is the warm-up.
    for (let round = 0; round <= rounds; round += 1)
      for (const [index, read] of Object.values(readers).entries())
        measured[index]?.push(await cpuMicros(read, atOnce, callsPerRound));
    for (const [index, micros] of measured.entries()) rows[index]?.push(median(micros.slice(1)).toFixed(0));
  }
  await Promise.all([close(), dispatcher.close()]);
  await lean.stop();
  const header = callsAtOnce.map(count => `${String(count)} at once`);
  printTable('CPU µs of reading an intent from Lean', ['', ...header], rows);
}

function ignore(): void {}

/** CPU time of one call in µs. */
async function cpuMicros(
  read: (id: string) => Promise<unknown>,
  atOnce: number,
  calls: number,
): Promise<number> {
  let next = 0;
  const caller = async (): Promise<void> => {
    while (next < calls) {
      next += 1;
      await read(ids[next % ids.length] ?? '');
    }
  };
  const before = process.cpuUsage();
  await Promise.all(Array.from({ length: atOnce }, caller));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
}
