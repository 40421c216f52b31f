import { pino } from 'pino';
import { rateLimit, type PerMinute, type RateLimit } from '../access/rate-limits.ts';
import type { CoreConfig } from '../config/config.ts';
import { ConfigError } from '../errors/config-error.ts';
import type { LeanClient, LeanClientOptions } from '../lean/client.ts';
import type { UpstreamCall } from '../lean/upstream-call.ts';
import { connectLean } from '../lean/connect.ts';
import { leanApplication } from '../lean/application.ts';
import { creationServices, type CreationServices } from '../payouts/creation/creation-services.ts';
import type { OperatorRecords } from '../payouts/creation/operator-records.ts';
import type { PayoutRecords, ReconciliationRecords } from '../payouts/creation/payout-records.ts';
import { defaultDelayMs, ResendRule } from '../payouts/creation/resend-rule.ts';
import { creationLog, loopLog, reconciliationLog, type PayoutLogOptions } from './payout-log.ts';
import { KnownRows } from '../payouts/listing/known-rows.ts';
import { PayoutLists } from '../payouts/listing/payout-list.ts';
import { PayoutReads } from '../payouts/payout-reads.ts';
import type { PayoutEvents } from '../payouts/payout-update.ts';
import type { RecordedPayouts } from '../payouts/recorded-payout.ts';
import { RowFinder } from '../payouts/listing/row-finder.ts';
import { StoreProblem, type Database, type OpenOptions, type SqlValue } from '../store/database.ts';
import { openStore, type StoreConfig } from '../store/open.ts';
import { SqlOperatorRecords } from '../store/operator-records.ts';
import { SqlPayoutEvents } from '../store/payout-events.ts';
import { SqlPayoutEvidence } from '../store/payout-evidence.ts';
import { SqlPayoutRecords } from '../store/payout-records.ts';
import { SqlRecordedPayouts } from '../store/recorded-payouts.ts';
import { SqlReconciliationRecords } from '../store/reconciliation-records.ts';

/** The payouts core, connected to Lean and to the store. */
export interface Core extends Omit<CreationServices, 'matcher'> {
  readonly client: LeanClient;
  readonly reads: PayoutReads;
  readonly lists: PayoutLists;
  readonly rows: RowFinder;
  readonly knownRows: KnownRows;
  readonly recorded: RecordedPayouts;
  /** The Lean application that the gateway speaks for. */
  readonly application: string;
  readonly records: PayoutRecords;
  readonly reconciliation: ReconciliationRecords;
  readonly operator: OperatorRecords;
  readonly events: PayoutEvents;
  /** Wakes all gateways on the store. */
  announce(): Promise<void>;
  onAnnouncement(listener: () => void): void;
  /**
   * Makes sure that what others announce is heard.
   * @throws StoreUnavailable
   */
  listen(): Promise<void>;
  /** A limit per caller, counted together by all gateways on one PostgreSQL. */
  rateLimit(noun: string, perMinute: PerMinute): RateLimit | undefined;
  /**
   * Makes the store's tables, or brings them up to date.
   * @throws ConfigError when they are a newer program's; StoreUnavailable
   */
  prepareStore(): Promise<void>;
  /** Lets a payout that is being created come to its end, then lets go of Lean and of the store. */
  close(): Promise<void>;
}

export interface CoreOptions extends PayoutLogOptions {
  readonly onUpstreamCall?: (call: UpstreamCall) => void;
  /** Follows each call of Lean's. */
  readonly trace?: LeanClientOptions['trace'];
  /** Called once for an intent when Lean shows a second payment of it. */
  readonly onSecondPayment?: () => void;
  /** False for a command beside a gateway. @default true */
  readonly asGateway?: boolean;
}

/**
 * Wires the core; calls nobody until it is asked something.
 * @throws ConfigError when the store cannot be used
 */
export function createCore(config: CoreConfig, options: CoreOptions): Core {
  const { log, onUpstreamCall, onSecondPayment, trace, asGateway = true } = options;
  const rule = new ResendRule(config.resendAfter);
  const database = storeOf(config.store, {
    asGateway,
    // A command sends nothing, and may see less of the store than gateways do.
    ...(asGateway && { lossWindowMs: rule.delayMs || defaultDelayMs }),
  });
  const records = new SqlPayoutRecords(database);
  const reconciliation = new SqlReconciliationRecords(database);
  const operator = new SqlOperatorRecords(database);
  const application = leanApplication(config.lean);
  const lean = connectLean(config.lean, {
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
        'the changed client certificate cannot be used; the former one stays',
      );
    },
  });
  const { client } = lean;
  const query = async (sql: string, values: readonly SqlValue[]): Promise<readonly object[]> =>
    (await database.run({ sql, values }))[0] ?? [];
  const limit = (noun: string, perMinute: PerMinute): RateLimit | undefined =>
    rateLimit(noun, perMinute, 'url' in config.store ? query : undefined);
  const reads = new PayoutReads(client);
  const knownRows = new KnownRows(config.readCacheBytes, intentId => {
    log.warn({ intentId }, 'Lean shows a second payment of one intent; the newer one counts');
    onSecondPayment?.();
  });
  const lists = new PayoutLists(client, knownRows);
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
    allowance: limit('payouts', config.payoutsPerMinute),
    creationEvents: creationLog(options),
    reconciliationEvents: reconciliationLog(options, application),
    loop: loopLog(options),
  });
  return {
    client,
    reads,
    lists,
    rows: new RowFinder(client, knownRows),
    knownRows,
    recorded: new SqlRecordedPayouts(database),
    application,
    records,
    reconciliation,
    operator,
    reconciler,
    decisions,
    creation,
    loop,
    events: new SqlPayoutEvents(database),
    announce: () => database.announce(),
    onAnnouncement: listener => {
      database.onAnnouncement(listener);
    },
    async listen() {
      await database.owner();
    },
    rateLimit: limit,
    prepareStore: () => prepared(database),
    async close() {
      await Promise.all([creation.settled(), loop.stop()]);
      await lean.close();
      await database.close();
    },
  };
}

/**
 * The core for a command beside a gateway: it says what it finds, and logs nothing.
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

/**
 * Only the records, for a command beside a gateway.
 * @throws ConfigError when the store cannot be used; StoreUnavailable
 */
export async function openPayoutRecords(config: StoreConfig): Promise<{
  readonly records: PayoutRecords;
  readonly operator: OperatorRecords;
  /** The store, without credentials. */
  readonly where: string;
  close(): Promise<void>;
}> {
  const database = storeOf(config, { asGateway: false });
  await prepared(database).catch(async (error: unknown) => {
    await database.close();
    throw error;
  });
  return {
    records: new SqlPayoutRecords(database),
    operator: new SqlOperatorRecords(database),
    where: whereOf(config),
    close: () => database.close(),
  };
}

function whereOf(config: StoreConfig): string {
  if ('folder' in config) return config.folder;
  const { host, pathname } = new URL(config.url);
  return `${host}${pathname}`;
}

function storeOf(config: StoreConfig, options: OpenOptions): Database {
  try {
    return openStore(config, options);
  } catch (error) {
    throw configErrorOf(error);
  }
}

async function prepared(database: Database): Promise<void> {
  try {
    await database.prepare();
  } catch (error) {
    throw configErrorOf(error);
  }
}

function configErrorOf(error: unknown): unknown {
  return error instanceof StoreProblem ? new ConfigError([`${error.variable}: ${error.message}`]) : error;
}
