import { createTransport } from '../../src/lean/transport.ts';
import type { Clocks } from '../../src/lean/send-window.ts';
import type { Database, OpenOptions, Statement } from '../../src/store/database.ts';
import { openStore, type StoreConfig } from '../../src/store/open.ts';
import { createTestCore, type TestCoreOptions } from './test-core.ts';

/** When a core crashes: at the given number of transactions from now, before or after that transaction is on disk. */
export interface CrashPoint {
  readonly transactions: number;
  readonly when: 'before' | 'after';
}

/**
 * A core that can crash like a process. After a crash its database calls never resolve, its connections to Lean are
 * closed, and another core may open the store.
 */
export function createCrashingCore(
  leanUrl: string,
  store: StoreConfig,
  options: TestCoreOptions & {
    readonly open?: OpenOptions;
    readonly clocks?: Clocks;
    /** Called after the record of a payout says that it is being sent, and before any byte is sent. */
    readonly onSendNoted?: () => void;
  } = {},
) {
  const { open, clocks, onSendNoted, ...rest } = options;
  const database = openStore(store, { lossWindowMs: 0, ...open });
  const transport = createTransport({ origin: leanUrl, maxConcurrency: 8, ...(clocks && { clocks }) });
  let othersAlive = true;
  let crashPoint: CrashPoint | undefined;
  let isCrashed = false;
  let resolveCrashed = (): void => undefined;
  const crashed = new Promise<void>(resolve => (resolveCrashed = resolve));

  async function crash(): Promise<void> {
    if (isCrashed) return;
    isCrashed = true;
    await Promise.all([transport.close(), database.close()]);
    resolveCrashed();
  }

  const withCrashes =
    (run: Database['run']): Database['run'] =>
    async (...statements: readonly Statement[]) => {
      if (isCrashed) return pending;
      if (crashPoint !== undefined) crashPoint = { ...crashPoint, transactions: crashPoint.transactions - 1 };
      const crashesNow = crashPoint?.transactions === 0;
      if (crashesNow && crashPoint?.when === 'before') {
        await crash();
        return pending;
      }
      const rows = await run(...statements);
      if (statements.some(({ sql }) => sql.includes('SET lean_first_sent_at'))) onSendNoted?.();
      if (crashesNow) await crash();
      return isCrashed ? pending : rows;
    };
  const crashingDatabase: Database = {
    migrate: () => database.migrate(),
    run: withCrashes((...statements) => database.run(...statements)),
    runWithoutSync: withCrashes((...statements) => database.runWithoutSync(...statements)),
    announce: () => database.announce(),
    onAnnouncement: listener => {
      database.onAnnouncement(listener);
    },
    owner: () => (isCrashed ? pending : database.owner()),
    aliveOwners: owners => {
      if (isCrashed) return pending;
      return othersAlive ? database.aliveOwners(owners) : Promise.resolve([]);
    },
    close: () => crash(),
  };

  const coreOptions = { ...rest, lean: { ...rest.lean, transport } };
  const core = createTestCore(leanUrl, crashingDatabase, coreOptions);
  return {
    ...core,
    /** Creates another core on the same store and in the same process. It holds none of this core's leases. */
    secondCore: () => createTestCore(leanUrl, crashingDatabase, coreOptions),
    /** Recovers all leases of other gateways as if those gateways had ended, although they are alive. */
    async recoverAll(): Promise<void> {
      othersAlive = false;
      await core.records.recover();
      othersAlive = true;
    },
    crashAt: (point: CrashPoint) => void (crashPoint = point),
    crash,
    /** Resolves when the core has crashed. */
    crashed,
  };
}

/** Never resolves. */
const pending = new Promise<never>(() => undefined);
