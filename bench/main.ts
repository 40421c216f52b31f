import { floodsTable } from './floods.ts';
import { growthTable } from './growth.ts';
import { latencyTable } from './latency.ts';
import { leanCallsTable } from './lean-calls.ts';
import { overheadTable } from './overhead.ts';
import { payoutRecordTable } from './payout-record.ts';
import { scaleTable } from './scale.ts';
import { safetyTable } from './safety.ts';
import { startPlans, startTable } from './start.ts';
import { steadyTable } from './steady.ts';
import { subscribersTable } from './subscribers.ts';

/** `BENCH_QUICK=1` runs the tables with very few requests, payouts and subscribers, to test that they work. */
const quick = process.env['BENCH_QUICK'] === '1';

const tables: Readonly<Record<string, () => Promise<void>>> = {
  overhead: () => overheadTable({ quick }),
  latency: () => latencyTable({ quick }),
  growth: () => growthTable({ quick }),
  'payout-record': () =>
    payoutRecordTable(
      quick ? { rounds: 1, sequential: 5, concurrent: 32 } : { rounds: 5, sequential: 200, concurrent: 1000 },
    ),
  safety: () => safetyTable({ times: quick ? 10 : 3000 }),
  'lean-calls': () =>
    leanCallsTable(quick ? { rounds: 1, callsPerRound: 20 } : { rounds: 9, callsPerRound: 5000 }),
  subscribers: () =>
    subscribersTable(
      quick
        ? { subscribers: 20, notReading: 2, events: 3 }
        : { subscribers: 1000, notReading: 50, events: 30 },
    ),
  floods: () => floodsTable({ quick }),
  start: () => startTable(startPlans({ quick })),
  scale: () =>
    quick
      ? scaleTable([1, 2], { idleSeconds: 1, webhooks: 2, payouts: 10 })
      : scaleTable([1, 2, 4], { idleSeconds: 10, webhooks: 20, payouts: 100 }),
  steady: () =>
    steadyTable({
      minutes: Number(process.env['BENCH_MINUTES'] ?? (quick ? 1 : 10)),
      secondsPerMinute: quick ? 1 : 60,
    }),
};
/** These tables run only by name, because they take long and measure only our gateway. */
const onlyByName = ['steady', 'floods', 'start', 'scale'];

const requested = process.argv.slice(2);
const unknown = requested.filter(name => tables[name] === undefined);
if (unknown.length > 0) {
  console.error(`Unknown table: ${unknown.join(', ')}. Accepted: ${Object.keys(tables).join(', ')}.`);
  process.exitCode = 2;
} else {
  const defaults = Object.keys(tables).filter(name => !onlyByName.includes(name));
  for (const name of requested.length > 0 ? requested : defaults) await tables[name]?.();
}
