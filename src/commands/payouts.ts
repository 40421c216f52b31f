import { parseArgs } from 'node:util';
import type { Core } from '../core.ts';
import { LeanError } from '../lean/errors.ts';
import { parseInstant } from '../payouts/instant.ts';
import type { PayoutRecords, PayoutRequest, RequestKey } from '../payouts/payout-record.ts';
import { stillUnknown } from '../payouts/unknown-outcomes.ts';
import { asJson, asTable } from './payout-table.ts';
import { UsageError } from './usage-error.ts';

/** Opened when a command needs them: a list of payouts needs no way to Lean. */
export interface PayoutsTools {
  records(): Promise<{ readonly records: PayoutRecords; close(): Promise<void> }>;
  core(): Promise<Pick<Core, 'client' | 'records' | 'outcomes' | 'close'>>;
}

export interface CommandResult {
  readonly text: string;
  readonly exitCode: number;
}

export const payoutsUsage = `Usage:
  lean-payouts-gateway payouts [--unknown] [--since TIME] [--limit N] [--json]
      Payouts that somebody asked for, newest first, and what became of them.
      --unknown   only those of which it is not known whether Lean took them
      --since     asked for at or after: a date (2026-03-01), a time (2026-03-01T08:30:00Z), or an age (36h, 7d)
      --limit     requests at most (default 100)
      --json      for programs: a JSON array with an object for each transfer

  lean-payouts-gateway payouts resolve KEY [--caller SUBJECT]
      Looks at Lean, now, for what became of the payouts of an idempotency key. Sends nothing.
      Ends with 0 when it is known, with 1 when it is not.

The records are found by DATABASE_URL or DATA_DIR, as the gateway finds them.
`;

/**
 * The command for people who look after payouts.
 * @throws UsageError; whatever opening the tools throws; StoreUnavailable
 */
export async function payoutsCommand(args: readonly string[], tools: PayoutsTools): Promise<CommandResult> {
  const { values, positionals } = parsed(args);
  if (values.help === true) return { text: payoutsUsage, exitCode: 0 };
  const [action, key, ...more] = positionals;
  if (action === undefined) return list(values, tools);
  if (action !== 'resolve') throw new UsageError(`payouts: there is no "${action}"; there is "resolve".`);
  if (key === undefined || more.length > 0)
    throw new UsageError('payouts resolve: takes one idempotency key.');
  return resolve({ caller: values.caller ?? '', idempotencyKey: key }, tools);
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        unknown: { type: 'boolean' },
        since: { type: 'string' },
        limit: { type: 'string' },
        json: { type: 'boolean' },
        caller: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(`payouts: ${error.message}`);
    throw error;
  }
}

async function list(
  values: ReturnType<typeof parsed>['values'],
  tools: PayoutsTools,
): Promise<CommandResult> {
  const since = values.since === undefined ? undefined : sinceOf(values.since, Date.now());
  const limit = /^[1-9]\d{0,5}$/.test(values.limit ?? '100') ? Number(values.limit ?? 100) : undefined;
  if (limit === undefined) throw new UsageError('--limit: takes a whole number from 1 to 999999.');
  const { records, close } = await tools.records();
  try {
    // So that what a crash has left behind shows as what it is.
    await records.recover();
    const found = await records.list({ unknownOnly: values.unknown === true, since, limit });
    const text =
      values.json === true ? asJson(found) : asTable(found, found.length === limit ? limit : undefined);
    return { text, exitCode: 0 };
  } finally {
    await close();
  }
}

async function resolve(key: RequestKey, tools: PayoutsTools): Promise<CommandResult> {
  const core = await tools.core();
  try {
    await core.records.recover();
    const request = await core.records.read(key);
    if (request === undefined)
      return { text: `There is no record of ${quoted(key.idempotencyKey)}.\n`, exitCode: 1 };
    if (request.underWay)
      return { text: 'A gateway is at it right now; ask again in a moment.\n', exitCode: 1 };
    const note = isOpen(request) ? await look(core, request) : '';
    const now = (await core.records.read(key)) ?? request;
    return { text: `${asTable([now])}${note}`, exitCode: isOpen(now) ? 1 : 0 };
  } finally {
    await core.close();
  }
}

async function look(core: Pick<Core, 'client' | 'outcomes'>, request: PayoutRequest): Promise<string> {
  try {
    const { found, rest } = await core.outcomes.resolve(request, core.client.deadline());
    const open = request.records.filter(({ answer }) => answer === null).length - found.length;
    return open === 0 ? '\nFound at Lean, and recorded.\n' : `\n${sentence(stillUnknown[rest])}\n`;
  } catch (error) {
    if (error instanceof LeanError) return `\nLean could not be asked: ${error.message}\n`;
    throw error;
  }
}

function isOpen({ records }: PayoutRequest): boolean {
  return records.some(({ answer }) => answer === null);
}

/** Epoch ms of a date, a time, or so long ago. */
function sinceOf(text: string, now: number): number {
  const age = /^(\d{1,5})([mhd])$/.exec(text);
  if (age !== null)
    return now - Number(age[1]) * { m: 60_000, h: 3_600_000, d: 86_400_000 }[age[2] as 'm' | 'h' | 'd'];
  const time = parseInstant(text) ?? parseInstant(`${text}T00:00:00Z`);
  if (time !== undefined) return Date.parse(time);
  throw new UsageError(
    `--since: ${quoted(text)} is not accepted; accepted: 2026-03-01, 2026-03-01T08:30:00Z, 36h, 7d.`,
  );
}

function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
