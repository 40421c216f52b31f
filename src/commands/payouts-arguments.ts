import { parseArgs } from 'node:util';
import { inconclusiveFindings } from '../payouts/creation/finding.ts';
import type { DecisionRequest } from '../payouts/creation/operator-decision.ts';
import { isUuid } from '../payouts/values/ids.ts';
import { parseInstant } from '../payouts/values/instant.ts';
import { UsageError } from '../errors/usage-error.ts';

export const payoutsUsage = `Usage:
  lean-payouts-gateway payouts [--unknown] [--since TIME] [--limit N] [--json]
      Lists the requested payouts and their outcomes, newest first.
      --unknown   only payouts of unknown outcome, and payouts of which Lean has more than requested
      --since     only payouts requested since a date (2026-03-01), a time (2026-03-01T08:30:00Z), or within an age (36h, 7d)
      --limit     the maximum number of requests (default 100)
      --json      for programs: a JSON array with an object for each transfer

  lean-payouts-gateway payouts resolve KEY [--caller SUBJECT]
      Asks Lean now for the outcome of the payouts of an idempotency key. Sends nothing.
      Exits with 0 if the outcome is known, and with 1 if it is not.

  lean-payouts-gateway payouts settle KEY (--created INTENT | --not-paid | --send-again) --by NAME --reason TEXT
                                          [--caller SUBJECT] [--transfer N] [--despite FINDING]
      Settles a payout of unknown outcome by a person's decision. First reads Lean's list and shows the payouts that may be
      this one. Changes nothing before the resend delay has passed. The decision is kept permanently. Sends nothing.
      --created     the payout is the one with this intent at Lean
      --not-paid    Lean has not accepted the payout
      --send-again  the payout is sent once more when its key is repeated
      --transfer    the position of the transfer in a batch, counted from 0
      --despite     the finding that says why Lean's list proves nothing, such as list_incomplete, for --not-paid and
                    --send-again. Without it settle refuses and prints the finding. With other_application, --created
                    and --not-paid settle a payout of a Lean application that no longer exists, without asking Lean

  lean-payouts-gateway payouts accept-list --by NAME --reason TEXT
      Accepts proofs of absence from Lean's list again, after the list has lacked a payout that Lean had accepted.

  lean-payouts-gateway payouts accept-application APPLICATION --by NAME --reason TEXT
      Moves the open payouts of a Lean application, as --json names it, to the application of the current credentials. Use
      it only if the credentials were replaced and Lean's list stayed the same. Otherwise a payout may be made twice.

The records are in the store that DATABASE_URL or DATA_DIR names, as for the gateway.
`;

/** The options of each action. The empty name is the action that lists payouts. */
const optionsByAction: Readonly<Record<string, readonly string[]>> = {
  '': ['unknown', 'since', 'limit', 'json'],
  resolve: ['caller'],
  settle: ['caller', 'created', 'not-paid', 'send-again', 'by', 'reason', 'transfer', 'despite'],
  'accept-list': ['by', 'reason'],
  'accept-application': ['by', 'reason'],
};

/** @throws UsageError for an unknown action, or for an option that the action would ignore */
export function checkOptions(action = '', given: readonly string[]): void {
  if (!Object.hasOwn(optionsByAction, action))
    throw new UsageError(
      `payouts: unknown action ${quoted(action)}; accepted: resolve, settle, accept-list, accept-application.`,
    );
  const accepted = optionsByAction[action] ?? [];
  const ignored = given.find(name => !accepted.includes(name));
  if (ignored !== undefined)
    throw new UsageError(
      `${['payouts', action].join(' ').trim()}: does not accept --${ignored}; accepted: ${accepted.map(name => `--${name}`).join(', ')}.`,
    );
}

/** The values of the options, as typed. */
export type OptionValues = ReturnType<typeof parseArguments>['values'];

/**
 * Parses the command line.
 * @throws UsageError for an unknown option, or an option without its value
 */
export function parseArguments(args: readonly string[]) {
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
        `payouts: ${error.message
          .replace(/\. To specify a positional.*$/s, '.')
          .replace(
            / argument is ambiguous\..*$/s,
            ' needs a value that does not begin with a dash.',
          )} See --help.`,
      );
    throw error;
  }
}

/**
 * Parses the decision from the options of `settle`.
 * @throws UsageError
 */
export function parseDecision(values: OptionValues): DecisionRequest {
  const { by = '', reason = '', created, transfer, despite } = values;
  const kinds = [
    ...(created === undefined ? [] : (['created'] as const)),
    ...(values['not-paid'] === true ? (['not paid'] as const) : []),
    ...(values['send-again'] === true ? (['send again'] as const) : []),
  ];
  const [kind, ...others] = kinds;
  if (kind === undefined || others.length > 0)
    throw new UsageError(
      'payouts settle: accepts exactly one of --created INTENT, --not-paid and --send-again.',
    );
  const intentId = created === undefined ? null : created.replace(/^po_/, '').toLowerCase();
  if (intentId !== null && !isUuid(intentId))
    throw new UsageError(
      `--created: ${quoted(created ?? '')} is not accepted; accepted: the id of a payout or of its intent, such as 3fa85f64-5717-4562-b3fc-2c963f66afa6.`,
    );
  if (despite !== undefined && despite !== 'other_application' && kind === 'created')
    throw new UsageError(
      '--despite: with --created only other_application is accepted, because --created needs no proof of absence.',
    );
  const inconclusive = inconclusiveFindings.find(finding => finding === despite);
  if (despite !== undefined && inconclusive === undefined)
    throw new UsageError(
      `--despite: ${quoted(despite)} is not accepted; accepted: ${inconclusiveFindings.join(', ')}.`,
    );
  checkReason('settle', { by, reason });
  if (transfer !== undefined && !/^\d{1,2}$/.test(transfer))
    throw new UsageError(
      `--transfer: ${quoted(transfer)} is not accepted; accepted: a whole number from 0 to 99, the position of the transfer.`,
    );
  return {
    kind,
    intentId,
    by,
    reason,
    position: transfer === undefined ? null : Number(transfer),
    despite: inconclusive ?? null,
  };
}

/** @throws UsageError if the name or the reason is missing */
export function checkReason(
  command: string,
  { by, reason }: { readonly by: string; readonly reason: string },
): void {
  if (by.trim() === '')
    throw new UsageError(
      `payouts ${command}: --by is missing; give your name, which is kept with the decision.`,
    );
  if (reason.trim() === '')
    throw new UsageError(
      `payouts ${command}: --reason is missing; say how you know, which is kept with the decision.`,
    );
}

/**
 * Parses a date, a time, or an age such as `36h`.
 * @param now the current time, epoch ms
 * @returns epoch ms
 * @throws UsageError
 */
export function parseSince(text: string, now: number): number {
  const age = /^(\d{1,5})([mhd])$/.exec(text);
  if (age !== null)
    return now - Number(age[1]) * { m: 60_000, h: 3_600_000, d: 86_400_000 }[age[2] as 'm' | 'h' | 'd'];
  const time = parseInstant(text) ?? parseInstant(`${text}T00:00:00Z`);
  if (time !== undefined) return Date.parse(time);
  throw new UsageError(
    `--since: ${quoted(text)} is not accepted; accepted: 2026-03-01, 2026-03-01T08:30:00Z, 36h, 7d.`,
  );
}

/** A value of the command line as error messages show it. */
export function quoted(text: string): string {
  return JSON.stringify(text);
}
