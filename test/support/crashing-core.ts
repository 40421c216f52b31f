import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { createTransport } from '../../src/lean/transport.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import type { Database, Statement } from '../../src/store/database.ts';
import { openStore, type StoreConfig } from '../../src/store/open.ts';
import { creatingAt, type CreatingOptions } from './creating.ts';

/** A Lean that takes no notice of idempotency keys: what is sent to it twice is paid twice. */
export async function startForgetfulLean(lean: Sandbox): Promise<string> {
  const server = createServer((request, response) => {
    delete request.headers['idempotency-key'];
    lean.listener(request, response);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

/** Where a core dies: at so many transactions from now, before or after that one is on disk. */
export interface Death {
  readonly transactions: number;
  readonly when: 'before' | 'after';
}

/**
 * A core that can die like a process: from then on nothing of it is ever heard again, its connections to Lean break,
 * and the store is free for the next one.
 */
export function crashingCore(leanUrl: string, store: StoreConfig, options: CreatingOptions = {}) {
  const database = openStore(store);
  const transport = createTransport({ origin: leanUrl, maxConcurrency: 8 });
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
    holder: () => (dead ? silence : database.holder()),
    living: holders => (dead ? silence : database.living(holders)),
    close: () => die(),
  };

  return {
    ...creatingAt(leanUrl, mortal, { ...options, lean: { ...options.lean, transport } }),
    dieAt: (at: Death) => void (death = at),
    die,
    /** Resolves when it has died. */
    dying,
  };
}

const silence = new Promise<never>(() => undefined);
