import { hash } from 'node:crypto';
import { StoreUnavailable } from '../errors/gateway-errors.ts';
import {
  type NewPayout,
  type PayoutEvents,
  type PayoutStateChange,
  type PayoutUpdate,
  type ReceivedEvent,
  type LeasedEvent,
  type PublishedUpdates,
} from '../payouts/payout-update.ts';
import { DuplicateValue, type Database } from './database.ts';
import { selectNewPayouts } from './new-payouts.ts';
import {
  eventFrom,
  insertEvent,
  insertUpdates,
  retireUpdates,
  updateFrom,
  updatesOfPayout,
} from './payout-event-rows.ts';
import { isPast } from './past-time.ts';

/** How long a gateway holds the lease on an event that it processes, in ms. */
const eventLeaseMs = 30_000;

/** Longer than any lease on an event, and than any delay before it is processed again, in ms. */
const maxEventWaitMs = 600_000;

/** The most attempts to publish. Gateways that publish at the same time compete for the next position. */
const maxPublishAttempts = 50;

/** Received events and published updates. Works on SQLite and PostgreSQL. */
export class SqlPayoutEvents implements PayoutEvents {
  readonly #database: Database;
  readonly #application: string;
  /** Settles when the latest call of `publish` has finished. */
  #lastPublish: Promise<unknown> = Promise.resolve();

  /** @param application the Lean application of the gateway's credentials */
  constructor(database: Database, application: string) {
    this.#database = database;
    this.#application = application;
  }

  async receive(events: readonly ReceivedEvent[]): Promise<number> {
    const results = await this.#database.run(...events.map(event => insertEvent(event, this.#application)));
    return results.flat().length;
  }

  async leaseDue(limit: number): Promise<readonly LeasedEvent[]> {
    const [rows = []] = await this.#database.runWithoutSync({
      // Each half of the UNION uses the index on the due time. A single condition with OR would read all events.
      sql: `WITH due AS (
          SELECT event_id, due_at FROM lean_payout_events WHERE application = $2 AND due_at <= store_now()
          UNION ALL SELECT event_id, due_at FROM lean_payout_events
            WHERE application = $2 AND due_at > store_now() + ${String(maxEventWaitMs)})
        UPDATE lean_payout_events SET due_at = store_now() + ${String(eventLeaseMs)}, tries = tries + 1
        WHERE ${isPast('due_at', String(maxEventWaitMs))}
          AND event_id IN (SELECT event_id FROM due ORDER BY due_at LIMIT $1)
        RETURNING *`,
      values: [limit, this.#application],
    });
    return rows.map(row => ({ ...eventFrom(row), tries: Number(row['tries']) - 1 }));
  }

  async complete(eventIds: readonly string[]): Promise<void> {
    await this.#database.runWithoutSync(
      ...eventIds.map(id => ({
        sql: 'UPDATE lean_payout_events SET due_at = NULL WHERE event_id = $1',
        values: [id],
      })),
    );
  }

  async postpone(eventIds: readonly string[], inMs: number): Promise<void> {
    await this.#database.runWithoutSync(
      ...eventIds.map(id => ({
        sql: 'UPDATE lean_payout_events SET due_at = store_now() + CAST($2 AS BIGINT) WHERE event_id = $1',
        values: [id, inMs],
      })),
    );
  }

  /** The calls of one process run one after the other: concurrent ones would compete for the next position. */
  publish(changes: readonly PayoutStateChange[], readAfter: number): Promise<number | undefined> {
    if (changes.length === 0) return Promise.resolve(0);
    const published = this.#lastPublish.then(() => this.#publishNow(changes, readAfter));
    this.#lastPublish = published.catch(() => undefined);
    return published;
  }

  async #publishNow(changes: readonly PayoutStateChange[], readAfter: number): Promise<number | undefined> {
    for (let attempt = 1; ; attempt += 1)
      try {
        const [rows = []] = await this.#database.run(insertUpdates(changes, readAfter));
        return rows.length === 0 ? undefined : rows.length;
      } catch (error) {
        // A duplicate means that another gateway has taken the position.
        if (!(error instanceof DuplicateValue)) throw error;
        if (attempt === maxPublishAttempts) throw new StoreUnavailable(error);
      }
  }

  async lastPosition(): Promise<number> {
    const [rows = []] = await this.#database.run({
      sql: 'SELECT COALESCE(MAX(position), 0) AS last FROM lean_payout_updates',
    });
    return Number(rows[0]?.['last']);
  }

  async publishedAfter(position: number, limit: number): Promise<PublishedUpdates> {
    const [[bounds = {}] = [], rows = []] = await this.#database.run(
      {
        sql: `SELECT (SELECT name FROM lean_payout_store_name WHERE id = 1) || ' ' || store_identity() AS store,
          (SELECT COALESCE(MIN(position), 1) FROM lean_payout_updates) AS first,
          (SELECT COALESCE(MAX(position), 0) FROM lean_payout_updates) AS last`,
      },
      {
        sql: 'SELECT * FROM lean_payout_updates WHERE position > $1 ORDER BY position LIMIT $2',
        values: [position, limit],
      },
    );
    const store = hash('sha256', String(bounds['store']), 'base64url').slice(0, 16);
    const [first, last] = [Number(bounds['first']), Number(bounds['last'])];
    return { store, first, last, updates: rows.map(updateFrom) };
  }

  async updatesAndEventsOf(
    intentId: string,
    paymentId: string | null,
  ): Promise<{ readonly published: readonly PayoutUpdate[]; readonly received: readonly ReceivedEvent[] }> {
    const [updates = [], events = []] = await this.#database.run(
      {
        sql: `SELECT * FROM ${updatesOfPayout} ORDER BY position`,
        values: [intentId],
      },
      { sql: 'SELECT * FROM lean_payout_events WHERE payment_id = $1', values: [paymentId] },
    );
    return { published: updates.map(updateFrom), received: events.map(eventFrom) };
  }

  async latestUpdates(intentIds: readonly string[]): Promise<ReadonlyMap<string, PayoutUpdate>> {
    const results = await this.#database.run(
      ...intentIds.map(id => ({
        sql: `SELECT * FROM ${updatesOfPayout} ORDER BY position DESC LIMIT 1`,
        values: [id],
      })),
    );
    return new Map(results.flat().map(row => [String(row['intent_id']), updateFrom(row)]));
  }

  async newPayouts(maxAgeMs: number, limit: number): Promise<readonly NewPayout[]> {
    const [rows = []] = await this.#database.run(selectNewPayouts(this.#application, maxAgeMs, limit));
    return rows.map(row => ({
      intentId: String(row['new_intent_id']),
      ageMs: Number(row['age_ms']),
      published: row['position'] === null ? undefined : updateFrom(row),
    }));
  }

  async purge(olderThanMs: number): Promise<void> {
    // The time is read once, so that an update is not deleted before it is remembered.
    const [rows = []] = await this.#database.run({ sql: 'SELECT store_now() AS now' });
    const before = Number(rows[0]?.['now']) - olderThanMs;
    await this.#database.runWithoutSync(
      {
        sql: 'DELETE FROM lean_payout_events WHERE received_at < CAST($1 AS BIGINT) AND due_at IS NULL',
        values: [before],
      },
      ...retireUpdates(before),
    );
  }
}
