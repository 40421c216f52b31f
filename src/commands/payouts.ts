import type { Core } from '../composition/core.ts';
import type { openPayoutRecords } from '../composition/store.ts';
import { findings } from '../payouts/creation/finding.ts';
import { noRecordMessage, type DecisionRequest } from '../payouts/creation/operator-decision.ts';
import { openRecords, type PayoutRequest, type RequestKey } from '../payouts/creation/payout-record.ts';
import { absenceWarning, duplicateAlarm, formatCandidates, toSentence } from './payout-report.ts';
import { formatJson, formatTable } from './payout-table.ts';
import {
  checkOptions,
  checkReason,
  parseArguments,
  payoutsUsage,
  quoted,
  parseSince,
  parseDecision,
  type OptionValues,
} from './payouts-arguments.ts';
import { UsageError } from '../errors/usage-error.ts';

/** Functions that open what a command needs. The list of payouts needs the store only, without access to Lean. */
export interface PayoutsDependencies {
  openStore(): ReturnType<typeof openPayoutRecords>;
  openCore(): Promise<
    Pick<Core, 'client' | 'records' | 'reconciler' | 'decisions' | 'operator' | 'application' | 'close'>
  >;
}

export interface CommandResult {
  readonly text: string;
  readonly exitCode: number;
}

/**
 * Runs the `payouts` command for operators.
 * @throws UsageError; StoreUnavailable; any error of the functions in `dependencies`
 */
export async function payoutsCommand(
  args: readonly string[],
  dependencies: PayoutsDependencies,
): Promise<CommandResult> {
  const { values, positionals } = parseArguments(args);
  if (values.help === true) return { text: payoutsUsage, exitCode: 0 };
  const [action, key, ...more] = positionals;
  checkOptions(action, Object.keys(values));
  if (action === undefined) return list(values, dependencies);
  if (action === 'accept-list') {
    if (key !== undefined) throw new UsageError('payouts accept-list: accepts no key.');
    return acceptList(values, dependencies);
  }
  if (key === undefined || more.length > 0)
    throw new UsageError(
      `payouts ${action}: requires one ${action === 'accept-application' ? 'Lean application' : 'idempotency key'}.`,
    );
  if (action === 'accept-application') return acceptApplication(key, values, dependencies);
  const request = { caller: values.caller ?? '', idempotencyKey: key };
  return action === 'resolve'
    ? resolve(request, dependencies)
    : settle(request, parseDecision(values), dependencies);
}

async function list(values: OptionValues, dependencies: PayoutsDependencies): Promise<CommandResult> {
  const since = values.since === undefined ? undefined : parseSince(values.since, Date.now());
  const limit = /^[1-9]\d{0,5}$/.test(values.limit ?? '100') ? Number(values.limit ?? 100) : undefined;
  if (limit === undefined)
    throw new UsageError(
      `--limit: ${quoted(values.limit ?? '')} is not accepted; accepted: a whole number from 1 to 999999.`,
    );
  const { records, operator, location, close } = await dependencies.openStore();
  try {
    // Payouts that a crash interrupted are then listed with their real state.
    await records.recover();
    const found = await operator.list({ unknownOnly: values.unknown === true, since, limit });
    if (values.json === true) return { text: formatJson(found), exitCode: 0 };
    if (found.length === 0) return { text: `No matching payouts in ${location}.\n`, exitCode: 0 };
    return { text: formatTable(found, found.length === limit ? limit : undefined), exitCode: 0 };
  } finally {
    await close();
  }
}

async function resolve(key: RequestKey, dependencies: PayoutsDependencies): Promise<CommandResult> {
  const core = await dependencies.openCore();
  try {
    const { records, reconciler, client } = core;
    await records.recover();
    const request = await records.read(key);
    if (request === undefined) return { text: `${noRecordMessage(key)}\n`, exitCode: 1 };
    if (request.inFlight)
      return { text: 'A gateway is sending this payout right now. Try again in a moment.\n', exitCode: 1 };
    if (!isOpen(request)) return { text: formatTable([request]), exitCode: 0 };
    const { finding, absence, error, reading } = await reconciler.reconcile(request, client.deadline());
    const updated = await records.read(key);
    if (updated === undefined)
      return {
        text: 'Lean had refused every send of it with 401, 403 or 429, and is proven not to have it: the key is free again.\n',
        exitCode: 0,
      };
    if (!isOpen(updated))
      return {
        text: `${formatTable([updated])}${duplicateAlarm(updated)}\nThe outcome is now known from Lean, and is recorded.\n`,
        exitCode: 0,
      };
    const why = `${toSentence(findings[finding].description)}${error === undefined ? '' : ` (${error.message})`}`;
    const details = `${formatCandidates(reading?.candidates ?? [])}${absenceWarning(absence, finding)}${duplicateAlarm(updated)}`;
    return { text: `${formatTable([updated])}${details}\n${why}\n`, exitCode: 1 };
  } finally {
    await core.close();
  }
}

async function settle(
  key: RequestKey,
  wanted: DecisionRequest,
  dependencies: PayoutsDependencies,
): Promise<CommandResult> {
  const core = await dependencies.openCore();
  try {
    const { done, message, request, candidates, absence } = await core.decisions.decide(key, wanted);
    const table = request === undefined ? '' : formatTable([request]);
    const alarm = request === undefined ? '' : duplicateAlarm(request);
    const details = `${formatCandidates(candidates)}${absenceWarning(absence)}${alarm}`;
    return { text: `${table}${details}\n${message}\n`, exitCode: done ? 0 : 1 };
  } finally {
    await core.close();
  }
}

async function acceptList(
  { by = '', reason = '' }: OptionValues,
  dependencies: PayoutsDependencies,
): Promise<CommandResult> {
  checkReason('accept-list', { by, reason });
  const core = await dependencies.openCore();
  try {
    return (await core.operator.endDoubt(core.application, by, reason))
      ? {
          text: `Proofs of absence from the list of the Lean application ${core.application} are accepted again. The decision is kept.\n`,
          exitCode: 0,
        }
      : {
          text: `Proofs of absence from the list of the Lean application ${core.application} were not stopped. Nothing was changed.\n`,
          exitCode: 1,
        };
  } finally {
    await core.close();
  }
}

async function acceptApplication(
  from: string,
  { by = '', reason = '' }: OptionValues,
  dependencies: PayoutsDependencies,
): Promise<CommandResult> {
  checkReason('accept-application', { by, reason });
  const core = await dependencies.openCore();
  try {
    const { application, operator, records } = core;
    await records.recover();
    if (from === application)
      return {
        text: `${from} is the application of the current credentials. Nothing was changed.\n`,
        exitCode: 1,
      };
    const count = await operator.takeOver(from, application, by, reason);
    return count === 0
      ? { text: `The Lean application ${from} has no open payouts. Nothing was changed.\n`, exitCode: 1 }
      : {
          text: `Requests moved from the Lean application ${from} to ${application}: ${String(count)}. The decision is kept.\n`,
          exitCode: 0,
        };
  } finally {
    await core.close();
  }
}

function isOpen(request: PayoutRequest): boolean {
  return openRecords(request).length > 0;
}
