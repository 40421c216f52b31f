import { floodsTable } from './floods.ts';
import { growthTable } from './growth.ts';
import { latencyTable } from './latency.ts';
import { overheadTable } from './overhead.ts';
import { payoutRecordTable } from './payout-record.ts';
import { safetyTable } from './safety.ts';
import { steadyTable } from './steady.ts';
import { subscribersTable } from './subscribers.ts';

/** `BENCH_QUICK=1` runs tables with next to no requests, payouts and subscribers, to see that they run. */
const quick = process.env['BENCH_QUICK'] === '1';

const tables: Readonly<Record<string, () => Promise<void>>> = {
  overhead: () => overheadTable({ quick }),
  latency: () => latencyTable({ quick }),
  growth: () => growthTable({ quick }),
  'payout-record': () =>
    payoutRecordTable(
      quick ? { rounds: 1, inTurn: 5, atOnce: 32 } : { rounds: 5, inTurn: 400, atOnce: 3000 },
    ),
  safety: () => safetyTable({ times: quick ? 10 : 3000 }),
  subscribers: () =>
    subscribersTable(
      quick
        ? { subscribers: 20, notReading: 2, events: 3 }
        : { subscribers: 1000, notReading: 50, events: 30 },
    ),
  floods: () => floodsTable({ quick }),
  steady: () =>
    steadyTable({
      minutes: Number(process.env['BENCH_MINUTES'] ?? (quick ? 1 : 10)),
      secondsEach: quick ? 1 : 60,
    }),
};
/** They take long, and say something about our gateway alone. */
const onlyByName = ['steady', 'floods'];

const asked = process.argv.slice(2);
const unknown = asked.filter(name => tables[name] === undefined);
if (unknown.length > 0) {
  console.error(`There is no table ${unknown.join(', ')}; there are ${Object.keys(tables).join(', ')}.`);
  process.exitCode = 2;
} else {
  const usual = Object.keys(tables).filter(name => !onlyByName.includes(name));
  for (const name of asked.length > 0 ? asked : usual) await tables[name]?.();
}
