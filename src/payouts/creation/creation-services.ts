import type { LeanClient } from '../../lean/client.ts';
import type { PayoutReads } from '../payout-reads.ts';
import type { CreationEvents } from './creation-events.ts';
import { OperatorDecisions } from './operator-decision.ts';
import type { OperatorRecords } from './operator-records.ts';
import { OutcomeReconciler, type ReconciliationEvents } from './outcome-reconciler.ts';
import { PayoutCreation } from './payout-creation.ts';
import type { Allowance } from './payout-sender.ts';
import { PayoutMatcher } from './payout-matcher.ts';
import type { PayoutEvidence, PayoutRecords, ReconciliationRecords } from './payout-records.ts';
import { ReconciliationLoop, type ReconciliationLoopOptions } from './reconciliation-loop.ts';
import type { ResendRule } from './resend-rule.ts';

export interface CreationServicesOptions {
  readonly client: LeanClient;
  readonly reads: PayoutReads;
  readonly records: PayoutRecords;
  readonly reconciliation: ReconciliationRecords;
  readonly evidence: PayoutEvidence;
  readonly operator: OperatorRecords;
  readonly rule: ResendRule;
  /** The Lean application of the gateway's credentials. */
  readonly application: string;
  readonly retentionDays: number;
  readonly allowance?: Allowance | undefined;
  readonly creationEvents: Partial<CreationEvents>;
  readonly reconciliationEvents: Partial<ReconciliationEvents>;
  /** More options of the loop, such as its callbacks. */
  readonly loop?: Partial<ReconciliationLoopOptions>;
  /** This machine's time, epoch ms. @default Date.now */
  readonly now?: () => number;
}

/** The services that create payouts and reconcile unknown outcomes. */
export interface CreationServices {
  readonly matcher: PayoutMatcher;
  readonly reconciler: OutcomeReconciler;
  readonly decisions: OperatorDecisions;
  readonly creation: PayoutCreation;
  /** Reconciles unknown outcomes in the background. */
  readonly loop: ReconciliationLoop;
}

/** Constructs the services. It makes no calls. */
export function creationServices(options: CreationServicesOptions): CreationServices {
  const { client, reads, records, reconciliation, evidence, operator, rule, application, now } = options;
  const matcher = new PayoutMatcher({ client, reads, evidence, rule, application, ...(now && { now }) });
  const reconciler = new OutcomeReconciler({
    records: reconciliation,
    matcher,
    rule,
    application,
    events: options.reconciliationEvents,
  });
  const creation = new PayoutCreation({
    client,
    reads,
    records,
    reconciliation,
    reconciler,
    rule,
    application,
    allowance: options.allowance,
    events: options.creationEvents,
  });
  const loop = new ReconciliationLoop({
    client,
    records,
    reconciliation,
    reconciler,
    rule,
    application,
    storeNow: () => operator.now(),
    retentionDays: options.retentionDays,
    ...(now && { now, monotonicNow: now }),
    ...options.loop,
  });
  const decisions = new OperatorDecisions({
    client,
    reads,
    records,
    operator,
    evidence,
    reconciler,
    rule,
    application,
  });
  return { matcher, reconciler, decisions, creation, loop };
}
