import { pino } from 'pino';
import { createRateLimit, type PerMinute, type RateLimit } from '../access/rate-limits.ts';
import type { CoreConfig } from '../config/config.ts';
import type { LeanClient, LeanClientOptions } from '../lean/client.ts';
import type { UpstreamCall } from '../lean/upstream-call.ts';
import { connectLean } from '../lean/connect.ts';
import { leanApplication } from '../lean/application.ts';
import { creationServices, type CreationServices } from '../payouts/creation/creation-services.ts';
import type { OperatorRecords } from '../payouts/creation/operator-records.ts';
import type { PayoutRecords, ReconciliationRecords } from '../payouts/creation/payout-records.ts';
import { defaultDelayMs, ResendRule } from '../payouts/creation/resend-rule.ts';
import { migrate, openDatabase } from './store.ts';
import { creationLog, loopLog, reconciliationLog, storeLog, type PayoutLogOptions } from './payout-log.ts';
import { DetailCache } from '../payouts/detail-cache.ts';
import { RowCache } from '../payouts/listing/row-cache.ts';
import { PayoutLists } from '../payouts/listing/payout-list.ts';
import { PayoutReads } from '../payouts/payout-reads.ts';
import type { PayoutEvents } from '../payouts/payout-update.ts';
import type { UpdateLeases } from '../payouts/update-leases.ts';
import type { RecordedPayouts } from '../payouts/recorded-payout.ts';
import { RowFinder } from '../payouts/listing/row-finder.ts';
import type { Database, SqlValue } from '../store/database.ts';
import { MonitoredDatabase } from '../store/monitored-database.ts';
import { SqlOperatorRecords } from '../store/operator-records.ts';
import { SqlPayoutEvents } from '../store/payout-events.ts';
import { SqlUpdateLeases } from '../store/update-leases.ts';
import { SqlPayoutEvidence } from '../store/payout-evidence.ts';
import { SqlPayoutRecords } from '../store/payout-records.ts';
import { SqlRecordedPayouts } from '../store/recorded-payouts.ts';
import { SqlReconciliationRecords } from '../store/reconciliation-records.ts';

/** The part of `READ_CACHE_MB` that is for rows. A payout's details take ten times as much memory as its row. */
const rowCacheShare = 0.25;

/** The payouts core, connected to Lean and to the store. */
export interface Core extends Omit<CreationServices, 'matcher'> {
  readonly client: LeanClient;
  readonly reads: PayoutReads;
  readonly lists: PayoutLists;
  readonly rows: RowFinder;
  readonly rowCache: RowCache;
  readonly details: DetailCache;
  readonly recorded: RecordedPayouts;
  /** The Lean application of the gateway's credentials. */
  readonly application: string;
  readonly records: PayoutRecords;
  readonly reconciliation: ReconciliationRecords;
  readonly operator: OperatorRecords;
  readonly events: PayoutEvents;
  readonly leases: UpdateLeases;
  /** Announces to all gateways on the store, including this one, that updates were published. */
  announce(): Promise<void>;
  /** Calls the listener on every announcement, and whenever an announcement may have been missed. */
  onAnnouncement(listener: () => void): void;
  /**
   * Starts to receive the announcements of other gateways.
   * @throws StoreUnavailable
   */
  listen(): Promise<void>;
  /** Creates a limit per caller. All gateways on one PostgreSQL database count together. */
  createRateLimit(noun: string, perMinute: PerMinute): RateLimit | undefined;
  /**
   * Creates the store's tables, or migrates them to this version.
   * @throws ConfigError when a newer program created the tables; StoreUnavailable
   */
  prepareStore(): Promise<void>;
  /** Why no payout can be recorded, as far as is known from the last use of the store; undefined if payouts can be. */
  storeProblem(): string | undefined;
  /** Waits until the payouts in flight are created, then closes the connections to Lean and to the store. */
  close(): Promise<void>;
}

export interface CoreOptions extends PayoutLogOptions {
  readonly onUpstreamCall?: (call: UpstreamCall) => void;
  /** Starts a trace span for each attempt of a Lean call. */
  readonly trace?: LeanClientOptions['trace'];
  /** Called once for each intent of which Lean shows a second payment. */
  readonly onSecondPayment?: () => void;
  /** False for a command, which may run beside a gateway. @default true */
  readonly asGateway?: boolean;
}

/**
 * Connects the parts of the core. It sends no request until it is used.
 * @throws ConfigError when the store cannot be used; ClientCertificateError
 */
export function createCore(config: CoreConfig, options: CoreOptions): Core {
  const { log, onSecondPayment, asGateway = true } = options;
  const rule = new ResendRule(config.resendAfter);
  const opened = openDatabase(config.store, {
    asGateway,
    // A command does not record the identity of the store: it sends no payouts, and its database role may see less.
    ...(asGateway && { lossWindowMs: rule.delayMs || defaultDelayMs }),
  });
  const database = new MonitoredDatabase(opened, storeLog(options));
  const records = new SqlPayoutRecords(database);
  const reconciliation = new SqlReconciliationRecords(database);
  const operator = new SqlOperatorRecords(database);
  const application = leanApplication(config.lean);
  const lean = connectOrClose(opened, config, options);
  const { client } = lean;
  const query = async (sql: string, values: readonly SqlValue[]): Promise<readonly object[]> =>
    (await database.run({ sql, values }))[0] ?? [];
  const createLimit = (noun: string, perMinute: PerMinute): RateLimit | undefined =>
    createRateLimit(noun, perMinute, 'url' in config.store ? query : undefined);
  const reads = new PayoutReads(client);
  const rowCache = new RowCache(config.readCacheBytes * rowCacheShare, intentId => {
    log.warn({ intentId }, 'Lean shows a second payment of one intent; the gateway uses the newer one');
    onSecondPayment?.();
  });
  const details = new DetailCache(config.readCacheBytes * (1 - rowCacheShare), client.clock, {
    leanTimeoutMs: config.lean.timeoutMs,
  });
  const lists = new PayoutLists(client, rowCache);
  const { reconciler, decisions, creation, loop } = creationServices({
    client,
    reads,
    records,
    reconciliation,
    evidence: new SqlPayoutEvidence(database),
    operator,
    rule,
    application,
    retentionDays: config.retentionDays,
    allowance: createLimit('payouts', config.payoutsPerMinute),
    creationEvents: creationLog(options),
    reconciliationEvents: reconciliationLog(options, application),
    loop: loopLog(options),
  });
  return {
    client,
    reads,
    lists,
    rows: new RowFinder(client, rowCache),
    rowCache,
    details,
    recorded: new SqlRecordedPayouts(database),
    application,
    records,
    reconciliation,
    operator,
    reconciler,
    decisions,
    creation,
    loop,
    events: new SqlPayoutEvents(database, application),
    leases: new SqlUpdateLeases(database, application),
    announce: () => database.announce(),
    onAnnouncement: listener => {
      database.onAnnouncement(listener);
    },
    async listen() {
      await database.owner();
    },
    createRateLimit: createLimit,
    prepareStore: () => migrate(database),
    storeProblem: () => (database.isFailing ? 'the payout store is unavailable' : undefined),
    async close() {
      await Promise.all([creation.whenIdle(), loop.stop()]);
      await lean.close();
      await database.close();
    },
  };
}

/** Connects to Lean. Closes the opened store if the files of the certificate cannot be used any more. */
function connectOrClose(
  opened: Database,
  { lean }: CoreConfig,
  { log, onUpstreamCall, trace }: CoreOptions,
): ReturnType<typeof connectLean> {
  try {
    return connectLean(lean, {
      trace,
      onCall: call => {
        log.debug(call, 'lean');
        onUpstreamCall?.(call);
      },
      onCertificateReplaced: () => {
        log.info('the client certificate for Lean has been replaced');
      },
      onCertificateProblem: ({ file, message }) => {
        log.warn(
          { file, problem: message },
          'the changed client certificate cannot be used; the gateway keeps the previous one',
        );
      },
    });
  } catch (error) {
    void opened.close();
    throw error;
  }
}

/**
 * Opens the core for a command that may run beside a gateway. It logs nothing.
 * @throws ConfigError when the store cannot be used; StoreUnavailable
 */
export async function openCore(config: CoreConfig): Promise<Core> {
  const core = createCore(config, { log: pino({ level: 'silent' }), asGateway: false });
  try {
    await core.prepareStore();
    return core;
  } catch (error) {
    await core.close();
    throw error;
  }
}
