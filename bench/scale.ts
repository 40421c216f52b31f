import { printTable } from './figures.ts';
import { startDurablePostgres } from './postgres.ts';
import { countersSetting } from './database-counters.ts';
import { measureGateways, type ScaleCounts, type ScaleFigures } from './scale-phases.ts';

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
} as const satisfies Record<keyof ScaleFigures, readonly [title: string, decimals: number]>;

/** These numbers of gateways are calculated from the measured ones. Each figure but the memory is linear in the number. */
const calculated = [10, 100];

/**
 * Measures what several gateways on one PostgreSQL cost PostgreSQL and Lean.
 * @param gateways the numbers of gateways to measure, in ascending order
 */
export async function scaleTable(gateways: readonly number[], counts: ScaleCounts): Promise<void> {
  const postgres = await startDurablePostgres([countersSetting]);
  if (postgres === undefined) return;
  const measured: ScaleFigures[] = [];
  try {
    for (const count of gateways)
      measured.push(await measureGateways({ ...counts, count, serverUrl: postgres.url }));
  } finally {
    await postgres.remove();
  }
  const names = Object.keys(rows) as (keyof typeof rows)[];
  printTable(
    'Gateways on one PostgreSQL: measured, and calculated from that for more of them',
    ['', ...[...gateways, ...calculated.map(count => `(${String(count)})`)].map(String)],
    names.map(name => {
      const [title, decimals] = rows[name];
      const values = measured.map(figures => figures[name]);
      const further = name === 'mebibytes' ? [] : calculated.map(count => lineAt(count, gateways, values));
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
