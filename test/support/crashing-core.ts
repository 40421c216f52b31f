import { createTransport } from '../../src/lean/transport.ts';
import type { Clocks } from '../../src/lean/send-window.ts';
import type { Database, OpenOptions, Statement } from '../../src/store/database.ts';
import { openStore, type StoreConfig } from '../../src/store/open.ts';
import { creatingAt, type CreatingOptions } from './creating.ts';

/** Where a core dies: at so many transactions from now, before or after that one is on disk. */
export interface Death {
  readonly transactions: number;
  readonly when: 'before' | 'after';
}

/**
 * A core that can die like a process: from then on nothing of it is ever heard again, its connections to Lean break,
 * and the store is free for the next one.
 */
export function crashingCore(
  leanUrl: string,
  store: StoreConfig,
  options: CreatingOptions & {
    readonly open?: OpenOptions;
    readonly clocks?: Clocks;
    /** Called when a payout has been noted to be sent, and nothing of it has been. */
    readonly afterNote?: () => void;
  } = {},
) {
  const { open, clocks, afterNote, ...rest } = options;
  const database = openStore(store, { lossWindowMs: 0, ...open });
  const transport = createTransport({ origin: leanUrl, maxConcurrency: 8, ...(clocks && { clocks }) });
  let othersLive = true;
  let death: Death | undefined;
  let dead = false;
  let died = (): void => undefined;
  const dying = new Promise<void>(resolve => (died = resolve));

  async function die(): Promise<void> {
    if (dead) return;
    dead = true;
    await Promise.all([transport.close(), database.close()]);
    died();
  }

  const mortally =
    (run: Database['run']): Database['run'] =>
    async (...statements: readonly Statement[]) => {
      if (dead) return silence;
      if (death !== undefined) death = { ...death, transactions: death.transactions - 1 };
      const last = death?.transactions === 0;
      if (last && death?.when === 'before') {
        await die();
        return silence;
      }
      const rows = await run(...statements);
      if (statements.some(({ sql }) => sql.includes('SET lean_first_sent_at'))) afterNote?.();
      if (last) await die();
      return dead ? silence : rows;
    };
  const mortal: Database = {
    prepare: () => database.prepare(),
    run: mortally((...statements) => database.run(...statements)),
    runLoosely: mortally((...statements) => database.runLoosely(...statements)),
    announce: () => database.announce(),
    onAnnouncement: listener => {
      database.onAnnouncement(listener);
    },
    owner: () => (dead ? silence : database.owner()),
    living: owners => {
      if (dead) return silence;
      return othersLive ? database.living(owners) : Promise.resolve([]);
    },
    close: () => die(),
  };

  const creating = { ...rest, lean: { ...rest.lean, transport } };
  const core = creatingAt(leanUrl, mortal, creating);
  return {
    ...core,
    /** Another core on the same store and process, which holds no lease of this one's. */
    beside: () => creatingAt(leanUrl, mortal, creating),
    /** Takes what other gateways hold for left by ended ones, although they live. */
    async recoverAll(): Promise<void> {
      othersLive = false;
      await core.records.recover();
      othersLive = true;
    },
    dieAt: (at: Death) => void (death = at),
    die,
    /** Resolves when it has died. */
    dying,
  };
}

const silence = new Promise<never>(() => undefined);
