import { pino, type Logger } from 'pino';
import { rateLimit, type PerMinute, type RateLimit } from './access/rate-limits.ts';
import type { CoreConfig } from './config.ts';
import { ConfigError } from './environment.ts';
import type { LeanClient, LeanClientOptions } from './lean/client.ts';
import type { UpstreamCall } from './lean/upstream-call.ts';
import { connectLean } from './lean/connect.ts';
import { PayoutCreation } from './payouts/create.ts';
import { LostPayouts } from './payouts/lost-payouts.ts';
import type { PayoutEvents } from './payouts/payout-update.ts';
import type { PayoutRecords, RequestKey } from './payouts/payout-record.ts';
import { PayoutLists } from './payouts/payout-list.ts';
import { PayoutReads } from './payouts/payout-reads.ts';
import { stillUnknown, UnknownOutcomes } from './payouts/unknown-outcomes.ts';
import { StoreProblem, type Database, type SqlValue } from './store/database.ts';
import { openStore, type StoreConfig } from './store/open.ts';
import { SqlPayoutEvents } from './store/payout-events.ts';
import { SqlPayoutRecords } from './store/payout-records.ts';

/** The payouts core, connected to Lean and to the store. */
export interface Core {
  readonly client: LeanClient;
  readonly reads: PayoutReads;
  readonly lists: PayoutLists;
  readonly records: PayoutRecords;
  readonly lost: LostPayouts;
  readonly creation: PayoutCreation;
  readonly outcomes: UnknownOutcomes;
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

export interface CoreOptions {
  readonly log: Logger;
  readonly onUpstreamCall?: (call: UpstreamCall) => void;
  /** Follows each call of Lean's. */
  readonly trace?: LeanClientOptions['trace'];
  /** Told of payouts, as they come to their end. */
  readonly onPayouts?: (end: 'created' | 'rejected' | 'unknown' | 'found', count: number) => void;
  /** False for a command beside a gateway. @default true */
  readonly asGateway?: boolean;
}

/**
 * Wires the core; calls nobody until it is asked something.
 * @throws ConfigError when the store cannot be used
 */
export function createCore(
  config: CoreConfig,
  { log, onUpstreamCall, onPayouts, trace, asGateway = true }: CoreOptions,
): Core {
  const database = storeOf(config.store, asGateway);
  const records = new SqlPayoutRecords(database);
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
  const lists = new PayoutLists(client);
  const lost = new LostPayouts(lists, reads, records);
  const creation = new PayoutCreation({
    client,
    records,
    lost,
    allowance: limit('payouts', config.payoutsPerMinute),
    events: {
      unknown(key, error) {
        onPayouts?.('unknown', 1);
        log.warn(
          { ...named(key), code: error?.code, lean: error?.details },
          'the outcome of a payout is unknown: it is being looked for; the same key may be sent again',
        );
      },
      unrecorded(key, error) {
        log.error(
          { ...named(key), cause: messageOf(error) },
          'what became of a payout could not be recorded',
        );
      },
      alarm(key, what) {
        log.error(named(key), alarms[what]);
      },
      settled(_key, answers) {
        const created = answers.filter(({ kind }) => kind === 'created').length;
        onPayouts?.('created', created);
        onPayouts?.('rejected', answers.length - created);
      },
    },
  });
  const outcomes = new UnknownOutcomes({
    client,
    records,
    lost,
    retentionDays: config.retentionDays,
    events: {
      found(key, intentId) {
        onPayouts?.('found', 1);
        log.info({ ...named(key), intentId }, 'a payout whose outcome was unknown has been found at Lean');
      },
      still(key, rest, checks) {
        log.warn({ ...named(key), checks }, stillUnknown[rest]);
      },
      storeTrouble(error) {
        if (error === undefined) log.info('the store of payout records can be used again');
        else
          log.error(
            { cause: messageOf(error) },
            'the store of payout records cannot be used; no payout is sent',
          );
      },
    },
  });
  return {
    client,
    reads,
    lists,
    records,
    lost,
    creation,
    outcomes,
    events: new SqlPayoutEvents(database),
    announce: () => database.announce(),
    onAnnouncement: listener => {
      database.onAnnouncement(listener);
    },
    async listen() {
      await database.holder();
    },
    rateLimit: limit,
    prepareStore: () => prepared(database),
    async close() {
      await Promise.all([creation.settled(), outcomes.stop()]);
      await lean.close();
      await database.close();
    },
  };
}

const alarms = {
  foreign: 'Lean answered with a payout that another key has: somebody must look into it',
  twice: 'Lean has taken a payout that it had taken before under the same key: somebody must look into it',
} as const;

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
export async function openRecords(
  config: StoreConfig,
): Promise<{ readonly records: PayoutRecords; close(): Promise<void> }> {
  const database = storeOf(config, false);
  await prepared(database).catch(async (error: unknown) => {
    await database.close();
    throw error;
  });
  return { records: new SqlPayoutRecords(database), close: () => database.close() };
}

function storeOf(config: StoreConfig, asGateway: boolean): Database {
  try {
    return openStore(config, { asGateway });
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

/** A key, without what else is known of its request. */
function named({ caller, idempotencyKey }: RequestKey): RequestKey {
  return { caller, idempotencyKey };
}

/** What a driver said, such as `connect ECONNREFUSED`: it names no values. */
function messageOf({ cause }: Error): string {
  if (!(cause instanceof Error)) return String(cause);
  // Several addresses that all refuse have a code and no message.
  return cause.message !== '' || !('code' in cause) ? cause.message : String(cause.code);
}
