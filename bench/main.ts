import { payoutRecordTable } from './payout-record.ts';
import { safetyTable } from './safety.ts';
import { subscribersTable } from './subscribers.ts';

/** All tables; `BENCH_QUICK=1` runs them with next to no payouts and subscribers, to see that they run. */
const quick = process.env['BENCH_QUICK'] === '1';
await payoutRecordTable(
  quick ? { rounds: 1, inTurn: 5, atOnce: 32 } : { rounds: 5, inTurn: 400, atOnce: 3000 },
);
await safetyTable({ times: quick ? 10 : 3000 });
await subscribersTable(
  quick ? { subscribers: 20, notReading: 2, events: 3 } : { subscribers: 2000, notReading: 50, events: 30 },
);
