import { parseArgs } from 'node:util';
import { unprovenFindings } from '../payouts/creation/finding.ts';
import type { WantedDecision } from '../payouts/creation/operator-decision.ts';
import { isUuid } from '../payouts/values/ids.ts';
import { parseInstant } from '../payouts/values/instant.ts';
import { UsageError } from '../errors/usage-error.ts';

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
                                          [--caller SUBJECT] [--transfer N] [--despite WHY]
      Ends a payout of unknown outcome as a person has decided. Looks at Lean first, shows what may be the payout, and
      is refused before the resend delay has passed. The decision is kept for good. Sends nothing.
      --created     it is this payout at Lean
      --not-paid    Lean has not taken it
      --send-again  it is sent once more when its key comes again
      --transfer    which transfer of a batch, from 0
      --despite     the reason why Lean's list proves nothing, such as list_incomplete, for --not-paid and --send-again.
                    Without it settle refuses and prints the reason

  lean-payouts-gateway payouts accept-list --by NAME --reason TEXT
      Judges absences from Lean's list again, after the list has lacked a payout that Lean had taken.

  lean-payouts-gateway payouts accept-application APPLICATION --by NAME --reason TEXT
      Gives the open payouts of a Lean application, as WHY or --json name it, to that of the present credentials. Only for
      credentials that were replaced: Lean's list must be the same one, or a payout may be made twice.

The records are found by DATABASE_URL or DATA_DIR, as the gateway finds them.
`;

/** The options that each action takes; the empty name is the list. */
const optionsOf: Readonly<Record<string, readonly string[]>> = {
  '': ['unknown', 'since', 'limit', 'json'],
  resolve: ['caller'],
  settle: ['caller', 'created', 'not-paid', 'send-again', 'by', 'reason', 'transfer', 'despite'],
  'accept-list': ['by', 'reason'],
  'accept-application': ['by', 'reason'],
};

/** @throws UsageError for an action that there is not, or an option that it would ignore */
export function demandOptions(action = '', given: readonly string[]): void {
  if (!Object.hasOwn(optionsOf, action))
    throw new UsageError(
      `payouts: there is no "${action}"; there are "resolve", "settle", "accept-list" and "accept-application".`,
    );
  const taken = optionsOf[action] ?? [];
  const other = given.find(name => !taken.includes(name));
  if (other !== undefined)
    throw new UsageError(
      `${['payouts', action].join(' ').trim()}: does not take --${other}; accepted: ${taken.map(name => `--${name}`).join(', ')}.`,
    );
}

/** The values of the options, as they were typed. */
export type OptionValues = ReturnType<typeof parsedArguments>['values'];

/**
 * Reads the command line.
 * @throws UsageError for an option that there is not, or that lacks its value
 */
export function parsedArguments(args: readonly string[]) {
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
        despite: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    if (error instanceof TypeError)
      throw new UsageError(
        `payouts: ${error.message.replace(/\. To specify a positional.*$/s, '.')} See --help.`,
      );
    throw error;
  }
}

/**
 * The decision that `settle` is asked for.
 * @throws UsageError
 */
export function wantedDecision(values: OptionValues): WantedDecision {
  const { by = '', reason = '', created, transfer, despite } = values;
  const kinds = [
    ...(created === undefined ? [] : (['created'] as const)),
    ...(values['not-paid'] === true ? (['not paid'] as const) : []),
    ...(values['send-again'] === true ? (['send again'] as const) : []),
  ];
  const [kind, ...others] = kinds;
  if (kind === undefined || others.length > 0)
    throw new UsageError('payouts settle: takes one of --created INTENT, --not-paid and --send-again.');
  const intentId = created === undefined ? null : created.replace(/^po_/, '').toLowerCase();
  if (intentId !== null && !isUuid(intentId))
    throw new UsageError(
      `--created: ${quoted(created ?? '')} is not accepted; accepted: the id of a payout or of its intent, such as 3fa85f64-5717-4562-b3fc-2c963f66afa6.`,
    );
  if (despite !== undefined && kind === 'created')
    throw new UsageError(
      '--despite: goes with --not-paid and --send-again; --created needs no proof of absence.',
    );
  const unproven = unprovenFindings.find(finding => finding === despite);
  if (despite !== undefined && unproven === undefined)
    throw new UsageError(
      `--despite: ${quoted(despite)} is no reason that Lean's list proves nothing; accepted: ${unprovenFindings.join(', ')}.`,
    );
  demandReason('settle', { by, reason });
  if (transfer !== undefined && !/^\d{1,2}$/.test(transfer))
    throw new UsageError('--transfer: takes the position of a transfer, from 0.');
  return {
    kind,
    intentId,
    by,
    reason,
    position: transfer === undefined ? null : Number(transfer),
    despite: unproven ?? null,
  };
}

/** @throws UsageError where a name or a reason is missing */
export function demandReason(
  command: string,
  { by, reason }: { readonly by: string; readonly reason: string },
): void {
  if (by.trim() === '')
    throw new UsageError(`payouts ${command}: --by is missing: your name, for the record.`);
  if (reason.trim() === '')
    throw new UsageError(`payouts ${command}: --reason is missing: how you know, for the record.`);
}

/**
 * Epoch ms of a date, a time, or an age such as `36h`.
 * @throws UsageError
 */
export function sinceOf(text: string, now: number): number {
  const age = /^(\d{1,5})([mhd])$/.exec(text);
  if (age !== null)
    return now - Number(age[1]) * { m: 60_000, h: 3_600_000, d: 86_400_000 }[age[2] as 'm' | 'h' | 'd'];
  const time = parseInstant(text) ?? parseInstant(`${text}T00:00:00Z`);
  if (time !== undefined) return Date.parse(time);
  throw new UsageError(
    `--since: ${quoted(text)} is not accepted; accepted: 2026-03-01, 2026-03-01T08:30:00Z, 36h, 7d.`,
  );
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
