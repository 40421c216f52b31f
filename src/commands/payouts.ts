import type { Core } from '../composition/core.ts';
import type { Candidate } from '../payouts/creation/candidate.ts';
import { findings, type Finding } from '../payouts/creation/finding.ts';
import { noRecord, type WantedDecision } from '../payouts/creation/operator-decision.ts';
import type { OperatorRecords } from '../payouts/creation/operator-records.ts';
import { openRecords, type PayoutRequest, type RequestKey } from '../payouts/creation/payout-record.ts';
import type { PayoutRecords } from '../payouts/creation/payout-records.ts';
import { asJson, asTable } from './payout-table.ts';
import {
  demandOptions,
  demandReason,
  parsedArguments,
  payoutsUsage,
  sinceOf,
  wantedDecision,
  type OptionValues,
} from './payouts-arguments.ts';
import { UsageError } from '../errors/usage-error.ts';

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

/**
 * The command for people who look after payouts.
 * @throws UsageError; whatever opening the tools throws; StoreUnavailable
 */
export async function payoutsCommand(args: readonly string[], tools: PayoutsTools): Promise<CommandResult> {
  const { values, positionals } = parsedArguments(args);
  if (values.help === true) return { text: payoutsUsage, exitCode: 0 };
  const [action, key, ...more] = positionals;
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

async function list(values: OptionValues, tools: PayoutsTools): Promise<CommandResult> {
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
    const { finding, absence, error, reading } = await reconciler.reconcile(request, client.deadline());
    const now = await records.read(key);
    if (now === undefined)
      return {
        text: 'Lean had turned it away, and is proven not to have it: the key is free again.\n',
        exitCode: 0,
      };
    if (!isOpen(now))
      return {
        text: `${asTable([now])}${duplicateAlarm(now)}\nSettled by what Lean has, and recorded.\n`,
        exitCode: 0,
      };
    const why = `${sentence(findings[finding].words)}${error === undefined ? '' : ` (${error.message})`}`;
    const shown = `${candidatesOf(reading?.candidates ?? [])}${absenceWarning(absence, finding)}${duplicateAlarm(now)}`;
    return { text: `${asTable([now])}${shown}\n${why}\n`, exitCode: 1 };
  } finally {
    await core.close();
  }
}

async function settle(key: RequestKey, wanted: WantedDecision, tools: PayoutsTools): Promise<CommandResult> {
  const core = await tools.core();
  try {
    const { done, words, request, candidates, absence } = await core.decisions.decide(key, wanted);
    const table = request === undefined ? '' : asTable([request]);
    const alarm = request === undefined ? '' : duplicateAlarm(request);
    const shown = `${candidatesOf(candidates)}${absenceWarning(absence)}${alarm}`;
    return { text: `${table}${shown}\n${words}\n`, exitCode: done ? 0 : 1 };
  } finally {
    await core.close();
  }
}

async function acceptList(
  { by = '', reason = '' }: OptionValues,
  tools: PayoutsTools,
): Promise<CommandResult> {
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
  { by = '', reason = '' }: OptionValues,
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

/** Lists the payouts at Lean that may be the one in question, without names and account numbers. */
function candidatesOf(candidates: readonly Candidate[]): string {
  if (candidates.length === 0) return '';
  const lines = candidates.map(
    ({ row, carriesReference, failed }) =>
      `  ${row.intentId ?? '(no intent id)'}  ${row.amount?.amount ?? '?'} ${row.amount?.currency ?? ''}  ` +
      `${row.createdAt ?? '?'}  ${row.state?.leanStatus ?? '?'}  ${carriesReference ? 'same reference' : 'may be it'}${failed ? ', failed' : ''}`,
  );
  return `\nPayouts at Lean that may be it, and that no other record has:\n${lines.join('\n')}\n`;
}

/**
 * Says where Lean's list proves nothing about a payout that it does not show.
 * @param told the finding that the caller prints anyway
 */
function absenceWarning(absence: Finding | undefined, told?: Finding): string {
  if (absence === undefined || absence === 'absent' || absence === told) return '';
  return `\nLean may have the payout without showing it (${absence}): ${findings[absence].words}.\n`;
}

/** The gateway's log and counter cover only duplicates that the gateway itself has found. */
function duplicateAlarm({ duplicateIntents }: PayoutRequest): string {
  if (duplicateIntents.length === 0) return '';
  return (
    `\nALARM: Lean has more payouts of this key than it has transfers: ${duplicateIntents.join(', ')}. Money may have ` +
    "moved twice.\nLook at each intent in Lean's dashboard, and have the extra payouts stopped or returned.\n"
  );
}

function isOpen(request: PayoutRequest): boolean {
  return openRecords(request).length > 0;
}

function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}
