import pg from 'pg';
import { StoreUnavailable } from '../errors/gateway-errors.ts';
import { lockClass, randomLockKey } from './postgres-connection.ts';

/** The NOTIFY channel on which gateways announce new updates. */
export const channel = 'lean_payout_updates';

/** Pause before a lost lock is taken again, in ms. */
const relockDelayMs = 1000;

/**
 * The session that holds this gateway's advisory lock while the gateway is alive. It also receives the announcements of
 * all gateways. It opens on first use, and again by itself after it was lost.
 */
export class LockSession {
  readonly #config: pg.ClientConfig;
  readonly #prepareAgain: (client: pg.ClientBase) => Promise<void>;
  #session: Promise<pg.Client> | undefined;
  readonly #listeners: (() => void)[] = [];
  /** Second key of this gateway's lock, once it has been taken. It is also the owner id of the leases. */
  #lockKey: number | undefined;
  #relockTimer: NodeJS.Timeout | undefined;
  #closed = false;

  /** @param prepareAgain called with the connection after a lost session, before the lock is taken again */
  constructor(config: pg.ClientConfig, prepareAgain: (client: pg.ClientBase) => Promise<void>) {
    this.#config = config;
    this.#prepareAgain = prepareAgain;
  }

  /** Calls the listener on every announcement, and whenever an announcement may have been missed. */
  onAnnouncement(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /**
   * The owner id of this gateway's leases. Takes the lock if it is not held.
   * @throws StoreUnavailable
   */
  async owner(): Promise<string> {
    if (this.#session === undefined) {
      // A connection may report its end more than once. By then a new session may have replaced it.
      const onLost = (): void => {
        if (this.#session !== session) return;
        this.#session = undefined;
        this.#scheduleRelock();
      };
      const session = this.#open(onLost).catch((error: unknown) => {
        onLost();
        throw new StoreUnavailable(error);
      });
      this.#session = session;
    }
    await this.#session;
    return String(this.#lockKey);
  }

  /** Takes a lost lock again without being asked, because without it other gateways treat this one as ended. */
  #scheduleRelock(): void {
    if (this.#closed || this.#lockKey === undefined || this.#relockTimer !== undefined) return;
    this.#relockTimer = setTimeout(() => {
      this.#relockTimer = undefined;
      if (!this.#closed) this.owner().catch(() => undefined);
    }, relockDelayMs).unref();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#relockTimer);
    const session = await this.#session?.catch(() => undefined);
    await session?.end();
  }

  /**
   * Opens the session that holds this gateway's lock. It takes a random key that no other gateway has. After a lost
   * connection it takes the same key again, because this process still uses the leases under that owner id.
   */
  async #open(onLost: () => void): Promise<pg.Client> {
    const client = new pg.Client(this.#config);
    client.on('error', onLost).on('end', onLost);
    const notifyListeners = (): void => {
      for (const listener of this.#listeners) listener();
    };
    client.on('notification', notifyListeners);
    await client.connect();
    try {
      // With these settings the server notices a vanished gateway host within half a minute.
      await client.query('SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5');
      await client.query('SET tcp_keepalives_count = 3');
      // The session that holds the lock is idle. The server must not end it for that.
      await client.query(
        "SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'idle_session_timeout'",
      );
      if (this.#lockKey !== undefined) await this.#prepareAgain(client);
      for (let key = this.#lockKey ?? randomLockKey(); ; key = randomLockKey()) {
        const { rows } = await client.query<{ readonly free: boolean }>(
          'SELECT pg_try_advisory_lock($1, $2) AS free',
          [lockClass, key],
        );
        if (rows[0]?.free !== true) continue;
        this.#lockKey = key;
        await client.query(`LISTEN ${channel}`);
        // Announcements may have been missed while there was no session.
        notifyListeners();
        return client;
      }
    } catch (error) {
      await client.end();
      throw error;
    }
  }
}
