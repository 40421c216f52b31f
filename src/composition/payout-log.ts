import type { Logger } from 'pino';
import type { PayoutCounterState } from '../adapters/observability/metrics.ts';
import { intentOf, intentsOf } from '../payouts/creation/creation-answer.ts';
import type { CreationEvents } from '../payouts/creation/creation-events.ts';
import { errorMessage } from '../errors/error-message.ts';
import { findings, type Finding } from '../payouts/creation/finding.ts';
import type { ReconciliationEvents } from '../payouts/creation/outcome-reconciler.ts';
import type { RequestKey } from '../payouts/creation/payout-record.ts';
import type { ReconciliationLoopOptions } from '../payouts/creation/reconciliation-loop.ts';
import { payoutIdOf } from '../payouts/values/ids.ts';
import type { StoreFailureListener } from '../store/monitored-database.ts';

/** The log, and callbacks that count payouts. */
export interface PayoutLogOptions {
  readonly log: Logger;
  readonly onPayouts?: (state: PayoutCounterState, count: number) => void;
  /** Called with the intents of payouts that this gateway has created, including those that Lean failed at once. */
  readonly onCreated?: (intentIds: readonly string[]) => void;
  /** Called for each reconciliation of a payout of unknown outcome that did not settle it. */
  readonly onFinding?: (finding: Finding) => void;
}

/** Logs and counts the results of creations. */
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
        { ...keyOf(key), cause: errorMessage(error.cause) },
        "Lean's answer to a payout could not be recorded; reconciliation will read it from Lean",
      );
    },
    alarm(key, kind, intentIds) {
      onPayouts?.('duplicate', 1);
      log.error({ ...keyOf(key), intentIds }, alarms[kind]);
    },
    settled(_key, answers) {
      const created = answers.filter(({ kind }) => kind === 'created').length;
      onPayouts?.('created', created);
      onPayouts?.('rejected', answers.length - created);
      onCreated?.(intentsOf(answers));
    },
  };
}

/**
 * Logs and counts the results of reconciliations.
 * @param application the Lean application that reconciliation reads
 */
export function reconciliationLog(
  { log, onPayouts, onFinding }: PayoutLogOptions,
  application: string,
): Partial<ReconciliationEvents> {
  return {
    settled(key, answer) {
      onPayouts?.('found', 1);
      const intentId = intentOf(answer);
      const payoutId = intentId === null ? null : payoutIdOf(intentId);
      log.info(
        { ...keyOf(key), payoutId, intentId, kind: answer.kind },
        'a payout whose outcome was unknown is settled',
      );
    },
    open(key, finding, checks) {
      onFinding?.(finding);
      log.warn({ ...keyOf(key), finding, checks }, findings[finding].description);
    },
    duplicates(key, intentIds) {
      onPayouts?.('duplicate', 1);
      log.error({ ...keyOf(key), intentIds }, alarms['double payment']);
    },
    auditIncomplete(key) {
      onPayouts?.('unaudited', 1);
      log.warn(
        keyOf(key),
        "Lean's list could not be read completely: a late second payout of this key may have been missed",
      );
    },
    absenceDoubted(key, intentId) {
      log.error({ ...keyOf(key), intentId, application }, findings.absence_doubted.description);
    },
  };
}

/** Logs when the store fails, with the reason, and when it works again. */
export function storeLog({ log }: PayoutLogOptions): StoreFailureListener {
  return error => {
    if (error === undefined) log.info('the payout store is available again');
    else
      log.error({ cause: errorMessage(error.cause) }, 'the payout store is unavailable; no payout is sent');
  };
}

/** Logs failures of the clocks and of audits, and when the clocks have recovered. */
export function loopLog({
  log,
  onPayouts,
}: PayoutLogOptions): Pick<ReconciliationLoopOptions, 'onClockDifference' | 'onAuditFailing' | 'onFailure'> {
  return {
    onAuditFailing(key) {
      onPayouts?.('unaudited', 1);
      log.warn(
        keyOf(key),
        "Lean's list cannot be read: a late second payout of this key would be missed; the gateway tries again",
      );
    },
    onClockDifference(differences) {
      if (differences === undefined) log.info('the clocks of gateway, store and Lean agree again');
      else log.error({ aheadMs: differences }, findings.clocks_differ.description);
    },
    onFailure(key, error) {
      log.error(
        { ...keyOf(key), stack: error instanceof Error ? error.stack : undefined },
        'a bug prevented the reconciliation of a payout of unknown outcome',
      );
    },
  };
}

const alarms = {
  'duplicate intent': 'Lean answered with an intent that belongs to another key: investigate',
  'double payment':
    'Lean has more payouts of this key than it has transfers: money may have moved twice, investigate',
} as const;

/** The key alone, without the other fields of its request. */
function keyOf({ caller, idempotencyKey }: RequestKey): RequestKey {
  return { caller, idempotencyKey };
}
