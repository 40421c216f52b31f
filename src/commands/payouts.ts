import { parseArgs } from 'node:util';
import type { Core } from '../core.ts';
import type { Candidate } from '../payouts/creation/candidate.ts';
import { findings } from '../payouts/creation/finding.ts';
import { noRecord, type WantedDecision } from '../payouts/creation/operator-decision.ts';
import type { OperatorRecords } from '../payouts/creation/operator-records.ts';
import { openRecords, type PayoutRequest, type RequestKey } from '../payouts/creation/payout-record.ts';
import type { PayoutRecords } from '../payouts/creation/payout-records.ts';
import { isUuid } from '../payouts/ids.ts';
import { parseInstant } from '../payouts/instant.ts';
import { asJson, asTable } from './payout-table.ts';
import { UsageError } from './usage-error.ts';

/** Opened when a command needs them: a list of payouts needs no way to Lean. */
export interface PayoutsTools {
  records(): Promise<{
    readonly records: PayoutRecords;
    readonly operator: OperatorRecords;
    /** The store, without credentials. */
    readonly where: string;
    close(): Promise<void>;
  }>;
  core(): Promise<
    Pick<Core, 'client' | 'records' | 'reconciler' | 'decisions' | 'operator' | 'application' | 'close'>
  >;
}

export interface CommandResult {
  readonly text: string;
  readonly exitCode: number;
}

export const payoutsUsage = `Usage:
  lean-payouts-gateway payouts [--unknown] [--since TIME] [--limit N] [--json]
      Payouts that somebody asked for, newest first, and what became of them.
      --unknown   only those of which it is not known whether Lean took them, or of which Lean has more than asked for
      --since     asked for at or after: a date (2026-03-01), a time (2026-03-01T08:30:00Z), or an age (36h, 7d)
      --limit     requests at most (default 100)
      --json      for programs: a JSON array with an object for each transfer

  lean-payouts-gateway payouts resolve KEY [--caller SUBJECT]
      Looks at Lean, now, for what became of the payouts of an idempotency key. Sends nothing.
      Ends with 0 when it is known, with 1 when it is not.

  lean-payouts-gateway payouts settle KEY (--created INTENT | --not-paid | --send-again) --by NAME --reason TEXT
                                          [--caller SUBJECT] [--transfer N]
      Ends a payout of unknown outcome as a person has decided. Looks at Lean first, shows what may be the payout, and
      is refused before the resend delay has passed. The decision is kept for good. Sends nothing.
      --created     it is this payout at Lean
      --not-paid    Lean has not taken it
      --send-again  it is sent once more when its key comes again
      --transfer    which transfer of a batch, from 0

  lean-payouts-gateway payouts accept-list --by NAME --reason TEXT
      Judges absences from Lean's list again, after the list has lacked a payout that Lean had taken.

  lean-payouts-gateway payouts accept-application APPLICATION --by NAME --reason TEXT
      Gives the open payouts of a Lean application, as WHY or --json name it, to that of the present credentials. Only for
      credentials that were replaced: Lean's list must be the same one, or a payout may be made twice.

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
  if (action !== undefined && !Object.hasOwn(optionsOf, action))
    throw new UsageError(
      `payouts: there is no "${action}"; there are "resolve", "settle", "accept-list" and "accept-application".`,
    );
  demandOptions(action, Object.keys(values));
  if (action === undefined) return list(values, tools);
  if (action === 'accept-list') {
    if (key !== undefined) throw new UsageError('payouts accept-list: takes no key.');
    return acceptList(values, tools);
  }
  if (key === undefined || more.length > 0)
    throw new UsageError(
      `payouts ${action}: takes one ${action === 'accept-application' ? 'Lean application' : 'idempotency key'}.`,
    );
  if (action === 'accept-application') return acceptApplication(key, values, tools);
  const request = { caller: values.caller ?? '', idempotencyKey: key };
  return action === 'resolve' ? resolve(request, tools) : settle(request, wantedDecision(values), tools);
}

/** The options that each action takes; the empty name is the list. */
const optionsOf: Readonly<Record<string, readonly string[]>> = {
  '': ['unknown', 'since', 'limit', 'json'],
  resolve: ['caller'],
  settle: ['caller', 'created', 'not-paid', 'send-again', 'by', 'reason', 'transfer'],
  'accept-list': ['by', 'reason'],
  'accept-application': ['by', 'reason'],
};

/** @throws UsageError for an option that the action would ignore */
function demandOptions(action = '', given: readonly string[]): void {
  const taken = optionsOf[action] ?? [];
  const other = given.find(name => !taken.includes(name));
  if (other !== undefined)
    throw new UsageError(
      `${['payouts', action].join(' ').trim()}: does not take --${other}; accepted: ${taken.map(name => `--${name}`).join(', ')}.`,
    );
}

type Values = ReturnType<typeof parsed>['values'];

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
        created: { type: 'string' },
        'not-paid': { type: 'boolean' },
        'send-again': { type: 'boolean' },
        by: { type: 'string' },
        reason: { type: 'string' },
        transfer: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(`payouts: ${error.message}`);
    throw error;
  }
}

async function list(values: Values, tools: PayoutsTools): Promise<CommandResult> {
  const since = values.since === undefined ? undefined : sinceOf(values.since, Date.now());
  const limit = /^[1-9]\d{0,5}$/.test(values.limit ?? '100') ? Number(values.limit ?? 100) : undefined;
  if (limit === undefined) throw new UsageError('--limit: takes a whole number from 1 to 999999.');
  const { records, operator, where, close } = await tools.records();
  try {
    // So that what a crash has left behind shows as what it is.
    await records.recover();
    const found = await operator.list({ unknownOnly: values.unknown === true, since, limit });
    if (values.json === true) return { text: asJson(found), exitCode: 0 };
    if (found.length === 0) return { text: `None in ${where}.\n`, exitCode: 0 };
    return { text: asTable(found, found.length === limit ? limit : undefined), exitCode: 0 };
  } finally {
    await close();
  }
}

async function resolve(key: RequestKey, tools: PayoutsTools): Promise<CommandResult> {
  const core = await tools.core();
  try {
    const { records, reconciler, client } = core;
    await records.recover();
    const request = await records.read(key);
    if (request === undefined) return { text: `${noRecord(key)}\n`, exitCode: 1 };
    if (request.inFlight)
      return { text: 'A gateway is sending it right now; ask again in a moment.\n', exitCode: 1 };
    if (!isOpen(request)) return { text: asTable([request]), exitCode: 0 };
    const { finding, error, reading } = await reconciler.reconcile(request, client.deadline());
    const now = await records.read(key);
    if (now === undefined)
      return {
        text: 'Lean had turned it away, and is proven not to have it: the key is free again.\n',
        exitCode: 0,
      };
    if (!isOpen(now))
      return { text: `${asTable([now])}\nSettled by what Lean has, and recorded.\n`, exitCode: 0 };
    const why = `${sentence(findings[finding].words)}${error === undefined ? '' : ` (${error.message})`}`;
    return { text: `${asTable([now])}${candidatesOf(reading?.candidates ?? [])}\n${why}\n`, exitCode: 1 };
  } finally {
    await core.close();
  }
}

async function settle(key: RequestKey, wanted: WantedDecision, tools: PayoutsTools): Promise<CommandResult> {
  const core = await tools.core();
  try {
    const { done, words, request, candidates } = await core.decisions.decide(key, wanted);
    const table = request === undefined ? '' : asTable([request]);
    return { text: `${table}${candidatesOf(candidates)}\n${words}\n`, exitCode: done ? 0 : 1 };
  } finally {
    await core.close();
  }
}

async function acceptList({ by = '', reason = '' }: Values, tools: PayoutsTools): Promise<CommandResult> {
  demandReason('accept-list', { by, reason });
  const core = await tools.core();
  try {
    return (await core.operator.endDoubt(core.application, by, reason))
      ? {
          text: `Absences from the list of Lean application ${core.application} are judged again, and the decision is kept.\n`,
          exitCode: 0,
        }
      : {
          text: `Absences from the list of Lean application ${core.application} were not doubted. Nothing was changed.\n`,
          exitCode: 1,
        };
  } finally {
    await core.close();
  }
}

async function acceptApplication(
  from: string,
  { by = '', reason = '' }: Values,
  tools: PayoutsTools,
): Promise<CommandResult> {
  demandReason('accept-application', { by, reason });
  const core = await tools.core();
  try {
    const { application, operator, records } = core;
    await records.recover();
    if (from === application)
      return {
        text: `${from} is the application of the present credentials. Nothing was changed.\n`,
        exitCode: 1,
      };
    const count = await operator.takeOver(from, application, by, reason);
    return count === 0
      ? { text: `No payout of the Lean application ${from} is open. Nothing was changed.\n`, exitCode: 1 }
      : {
          text: `${String(count)} of the Lean application ${from} belong to ${application} now, and the decision is kept.\n`,
          exitCode: 0,
        };
  } finally {
    await core.close();
  }
}

/** @throws UsageError */
function wantedDecision(values: Values): WantedDecision {
  const { by = '', reason = '', created, transfer } = values;
  const kinds = [
    ...(created === undefined ? [] : (['created'] as const)),
    ...(values['not-paid'] === true ? (['not paid'] as const) : []),
    ...(values['send-again'] === true ? (['send again'] as const) : []),
  ];
  const [kind, ...others] = kinds;
  if (kind === undefined || others.length > 0)
    throw new UsageError('payouts settle: takes one of --created INTENT, --not-paid and --send-again.');
  if (created !== undefined && !isUuid(created))
    throw new UsageError(
      `--created: ${quoted(created)} is not accepted; accepted: an intent's id, such as 3fa85f64-5717-4562-b3fc-2c963f66afa6.`,
    );
  demandReason('settle', { by, reason });
  if (transfer !== undefined && !/^\d{1,2}$/.test(transfer))
    throw new UsageError('--transfer: takes the position of a transfer, from 0.');
  return {
    kind,
    intentId: created?.toLowerCase() ?? null,
    by,
    reason,
    position: transfer === undefined ? null : Number(transfer),
  };
}

function demandReason(
  command: string,
  { by, reason }: { readonly by: string; readonly reason: string },
): void {
  if (by.trim() === '')
    throw new UsageError(`payouts ${command}: --by is missing: your name, for the record.`);
  if (reason.trim() === '')
    throw new UsageError(`payouts ${command}: --reason is missing: how you know, for the record.`);
}

/** Lists the payouts at Lean that may be the one in question, without names and account numbers. */
function candidatesOf(candidates: readonly Candidate[]): string {
  if (candidates.length === 0) return '';
  const lines = candidates.map(
    ({ row, match, failed }) =>
      `  ${row.intentId ?? '(no intent id)'}  ${row.amount?.amount ?? '?'} ${row.amount?.currency ?? ''}  ` +
      `${row.createdAt ?? '?'}  ${row.state?.leanStatus ?? '?'}  ${match === 'exact' ? 'same reference' : 'may be it'}${failed ? ', failed' : ''}`,
  );
  return `\nPayouts at Lean that may be it, and that no other record has:\n${lines.join('\n')}\n`;
}

function isOpen(request: PayoutRequest): boolean {
  return openRecords(request).length > 0;
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
