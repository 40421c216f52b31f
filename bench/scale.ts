import { printTable } from './figures.ts';
import { startDurablePostgres } from './postgres.ts';
import { countersSetting } from './database-counters.ts';
import { measureBackfills, measureLiveGateways, measurePayouts } from './scale-phases.ts';

/** The size of the measurement. */
export interface ScaleCounts {
  /** The numbers of gateways to measure, in ascending order. */
  readonly gateways: readonly number[];
  /** How long gateways without work are watched. */
  readonly idleSeconds: number;
  readonly webhooks: number;
  /** Payouts at each gateway. */
  readonly payouts: number;
}

/** The figures of one number of gateways. All are sums over the gateways, except the memory. */
export type ScaleFigures = Readonly<Record<keyof typeof rows, number>>;

/** The rows of the table, with the number of decimals. */
const rows = {
  idleConnections: ['connections, idle', 0],
  busyConnections: ['connections, 16 callers at each gateway', 0],
  idleStatements: ['statements per second, idle', 1],
  webhookStatements: ['statements per webhook', 1],
  payoutStatements: ['statements per payout', 1],
  notifications: ['NOTIFY per webhook', 1],
  received: ['notifications received per webhook', 1],
  idleLeanCalls: ['Lean calls per minute, idle', 1],
  webhookLeanCalls: ['Lean calls per webhook', 1],
  subscribedLeanCalls: ['the same, with a subscriber at each gateway', 1],
  followingLeanCalls: ['Lean calls per minute, a new payout at each gateway', 0],
  mebibytes: ['MiB of each gateway', 0],
} as const;

/** These numbers of gateways are calculated from the measured ones. Each figure but the memory is linear in the number. */
const calculated = [10, 100];

/** Measures what several gateways on one PostgreSQL cost PostgreSQL and Lean. */
export async function scaleTable(counts: ScaleCounts): Promise<void> {
  const postgres = await startDurablePostgres([countersSetting]);
  if (postgres === undefined) return;
  const measured: ScaleFigures[] = [];
  try {
    for (const count of counts.gateways) {
      const plan = { ...counts, count, serverUrl: postgres.url };
      measured.push({
        ...(await measureLiveGateways(plan)),
        ...(await measureBackfills(plan)),
        ...(await measurePayouts(plan)),
      });
    }
  } finally {
    await postgres.remove();
  }
  const names = Object.keys(rows) as (keyof typeof rows)[];
  printTable(
    'Gateways on one PostgreSQL: measured, and calculated from that for more of them',
    ['', ...[...counts.gateways, ...calculated.map(count => `(${String(count)})`)].map(String)],
    names.map(name => {
      const [title, decimals] = rows[name];
      const values = measured.map(figures => figures[name]);
      const further =
        name === 'mebibytes' ? [] : calculated.map(count => lineAt(count, counts.gateways, values));
      return [title, ...[...values, ...further].map(value => value.toFixed(decimals))];
    }),
  );
}

/** The value at `x` of the line through the first and the last point. */
function lineAt(x: number, xs: readonly number[], ys: readonly number[]): number {
  const [firstX = 0, lastX = 0] = [xs[0], xs.at(-1)];
  const [firstY = 0, lastY = 0] = [ys[0], ys.at(-1)];
  return firstY + ((lastY - firstY) * (x - firstX)) / (lastX - firstX);
}
