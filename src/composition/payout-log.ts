import type { Logger } from 'pino';
import type { CountedPayout } from '../adapters/observability/metrics.ts';
import type { CreationEvents } from '../payouts/creation/creation-events.ts';
import { findings, type Finding } from '../payouts/creation/finding.ts';
import type { ReconciliationEvents } from '../payouts/creation/outcome-reconciler.ts';
import type { RequestKey } from '../payouts/creation/payout-record.ts';
import type { ReconciliationLoopOptions } from '../payouts/creation/reconciliation-loop.ts';
import { payoutIdOf } from '../payouts/values/ids.ts';

/** The log and the counters that are told of payouts. */
export interface PayoutLogOptions {
  readonly log: Logger;
  readonly onPayouts?: (state: CountedPayout, count: number) => void;
  /** Told the intents of payouts that this gateway has created, including those that Lean failed at once. */
  readonly onCreated?: (intentIds: readonly string[]) => void;
  /** Told what each look for a payout of unknown outcome came to, where that settled nothing. */
  readonly onFinding?: (finding: Finding) => void;
}

/** Logs and counts how payouts are created. */
export function creationLog({ log, onPayouts, onCreated }: PayoutLogOptions): Partial<CreationEvents> {
  return {
    unknown(key, { reason, resendAt }, error) {
      onPayouts?.('unknown', 1);
      log.warn(
        { ...keyOf(key), reason, resendAt, code: error?.code, lean: error?.details },
        'the outcome of a payout is unknown',
      );
    },
    unrecorded(key, error) {
      log.error(
        { ...keyOf(key), cause: messageOf(error) },
        "Lean's answer to a payout could not be recorded; reconciliation will read it from Lean",
      );
    },
    alarm(key, what, intentIds) {
      onPayouts?.('duplicate', 1);
      log.error({ ...keyOf(key), intentIds }, alarms[what]);
    },
    settled(_key, answers) {
      const created = answers.filter(({ kind }) => kind === 'created').length;
      onPayouts?.('created', created);
      onPayouts?.('rejected', answers.length - created);
      onCreated?.(
        answers.flatMap(answer =>
          answer.kind === 'created' ? answer.intentId : (answer.rejectedIntentId ?? []),
        ),
      );
    },
  };
}

/**
 * Logs and counts how unknown outcomes are found out.
 * @param application the Lean application that is read
 */
export function reconciliationLog(
  { log, onPayouts, onFinding }: PayoutLogOptions,
  application: string,
): Partial<ReconciliationEvents> {
  return {
    settled(key, answer) {
      onPayouts?.('found', 1);
      const intentId = answer.kind === 'created' ? answer.intentId : answer.rejectedIntentId;
      const payoutId = intentId === null ? null : payoutIdOf(intentId);
      log.info(
        { ...keyOf(key), payoutId, intentId, kind: answer.kind },
        'a payout whose outcome was unknown is settled',
      );
    },
    open(key, finding, checks) {
      onFinding?.(finding);
      log.warn({ ...keyOf(key), finding, checks }, findings[finding].words);
    },
    duplicates(key, intentIds) {
      onPayouts?.('duplicate', 1);
      log.error({ ...keyOf(key), intentIds }, alarms['double payment']);
    },
    auditIncomplete(key) {
      onPayouts?.('unaudited', 1);
      log.warn(
        keyOf(key),
        "Lean's list could not be read whole: a second payout of this key that came late may not have been seen",
      );
    },
    absenceDoubted(key, intentId) {
      log.error({ ...keyOf(key), intentId, application }, findings.absence_doubted.words);
    },
  };
}

/** Logs when the store or the clocks cannot be relied on, and when they can be again. */
export function loopLog({
  log,
  onPayouts,
}: PayoutLogOptions): Pick<
  ReconciliationLoopOptions,
  'onStoreTrouble' | 'onClockTrouble' | 'onUnaudited' | 'onFailure'
> {
  return {
    onUnaudited(key) {
      onPayouts?.('unaudited', 1);
      log.warn(
        keyOf(key),
        "Lean's list cannot be read: a second payout of this key that came late is not seen; it is tried again",
      );
    },
    onStoreTrouble(error) {
      if (error === undefined) log.info('the payout store is available again');
      else log.error({ cause: messageOf(error) }, 'the payout store is unavailable; no payout is sent');
    },
    onClockTrouble(differences) {
      if (differences === undefined) log.info('the clocks of gateway, store and Lean agree again');
      else log.error({ aheadMs: differences }, findings.clocks_differ.words);
    },
    onFailure(key, error) {
      log.error(
        { ...keyOf(key), stack: error instanceof Error ? error.stack : undefined },
        'a bug kept a payout of unknown outcome from being looked for',
      );
    },
  };
}

const alarms = {
  'duplicate intent': 'Lean answered with an intent that belongs to another key: investigate',
  'double payment':
    'Lean has more payouts of this key than it has transfers: money may have moved twice, investigate',
} as const;

/** A key, without what else is known of its request. */
function keyOf({ caller, idempotencyKey }: RequestKey): RequestKey {
  return { caller, idempotencyKey };
}

/** The message of a driver, such as `connect ECONNREFUSED`: it names no values. */
function messageOf({ cause }: Error): string {
  if (!(cause instanceof Error)) return String(cause);
  // Several addresses that all refuse have a code and no message.
  return cause.message !== '' || !('code' in cause) ? cause.message : String(cause.code);
}
