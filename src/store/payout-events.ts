import { createHash } from 'node:crypto';
import { StoreUnavailable } from '../errors/gateway-errors.ts';
import type { HistoryEventType } from '../payouts/history-event.ts';
import type { Instant } from '../payouts/values/instant.ts';
import type { PayoutStatus, PostInitiationStatus } from '../payouts/payout.ts';
import {
  rankOf,
  type PayoutEvents,
  type PayoutStep,
  type PayoutUpdate,
  type ReceivedEvent,
  type TakenEvent,
  type Told,
} from '../payouts/payout-update.ts';
import { DuplicateValue, type Database, type Row, type SqlValue, type Statement } from './database.ts';

/** How long an event that somebody looks at is left to them. */
const takenMs = 30_000;

/** Several gateways that tell at once may have to try again for the next position. */
const mostTries = 50;

/** Events and updates in either database. */
export class SqlPayoutEvents implements PayoutEvents {
  readonly #database: Database;
  /** The last thing that is being told, or has been. */
  #telling: Promise<unknown> = Promise.resolve();

  constructor(database: Database) {
    this.#database = database;
  }

  async receive(events: readonly ReceivedEvent[]): Promise<number> {
    const results = await this.#database.run(...events.map(insertEvent));
    return results.flat().length;
  }

  async take(limit: number): Promise<readonly TakenEvent[]> {
    const [rows = []] = await this.#database.runLoosely({
      sql: `UPDATE lean_payout_events SET next_try_at = store_now() + ${String(takenMs)}, tries = tries + 1
        WHERE next_try_at <= store_now() AND event_id IN (SELECT event_id FROM lean_payout_events
          WHERE next_try_at IS NOT NULL AND next_try_at <= store_now() ORDER BY next_try_at LIMIT $1)
        RETURNING *`,
      values: [limit],
    });
    return rows.map(row => ({ ...eventFrom(row), tries: Number(row['tries']) - 1 }));
  }

  async done(eventIds: readonly string[]): Promise<void> {
    await this.#database.runLoosely(
      ...eventIds.map(id => ({
        sql: 'UPDATE lean_payout_events SET next_try_at = NULL WHERE event_id = $1',
        values: [id],
      })),
    );
  }

  async putOff(eventIds: readonly string[], inMs: number): Promise<void> {
    await this.#database.runLoosely(
      ...eventIds.map(id => ({
        sql: 'UPDATE lean_payout_events SET next_try_at = store_now() + CAST($2 AS BIGINT) WHERE event_id = $1',
        values: [id, inMs],
      })),
    );
  }

  /** One after the other: each needs the position behind the one before, so that at once they stand in each other's way. */
  tell(steps: readonly PayoutStep[], since: number): Promise<number | undefined> {
    if (steps.length === 0) return Promise.resolve(0);
    const telling = this.#telling.then(() => this.#tellNow(steps, since));
    this.#telling = telling.catch(() => undefined);
    return telling;
  }

  async #tellNow(steps: readonly PayoutStep[], since: number): Promise<number | undefined> {
    for (let tries = 1; ; tries += 1)
      try {
        const [rows = []] = await this.#database.run(insertUpdates(steps, since));
        return rows.length === 0 ? undefined : rows.length;
      } catch (error) {
        // Another gateway has taken the position meanwhile.
        if (!(error instanceof DuplicateValue)) throw error;
        if (tries === mostTries) throw new StoreUnavailable(error);
      }
  }

  async lastPosition(): Promise<number> {
    const [rows = []] = await this.#database.run({
      sql: 'SELECT COALESCE(MAX(position), 0) AS last FROM lean_payout_updates',
    });
    return Number(rows[0]?.['last']);
  }

  async toldAfter(position: number, limit: number): Promise<Told> {
    const [[where = {}] = [], rows = []] = await this.#database.run(
      {
        sql: `SELECT (SELECT name FROM lean_payout_feed WHERE id = 1) || ' ' || store_identity() AS store,
          (SELECT COALESCE(MIN(position), 1) FROM lean_payout_updates) AS first,
          (SELECT COALESCE(MAX(position), 0) FROM lean_payout_updates) AS last`,
      },
      {
        sql: 'SELECT * FROM lean_payout_updates WHERE position > $1 ORDER BY position LIMIT $2',
        values: [position, limit],
      },
    );
    const store = createHash('sha256').update(String(where['store'])).digest('base64url').slice(0, 16);
    const [first, last] = [Number(where['first']), Number(where['last'])];
    return { store, first, last, updates: rows.map(updateFrom) };
  }

  async knownOf(
    intentId: string,
    paymentId: string | null,
  ): Promise<{ readonly told: readonly PayoutUpdate[]; readonly claims: readonly ReceivedEvent[] }> {
    const [told = [], claims = []] = await this.#database.run(
      {
        sql: 'SELECT * FROM lean_payout_updates WHERE intent_id = $1 ORDER BY position',
        values: [intentId],
      },
      { sql: 'SELECT * FROM lean_payout_events WHERE payment_id = $1', values: [paymentId] },
    );
    return { told: told.map(updateFrom), claims: claims.map(eventFrom) };
  }

  async lastSteps(intentIds: readonly string[]): Promise<ReadonlyMap<string, PayoutUpdate>> {
    const results = await this.#database.run(
      ...intentIds.map(id => ({
        sql: 'SELECT * FROM lean_payout_updates WHERE intent_id = $1 ORDER BY position DESC LIMIT 1',
        values: [id],
      })),
    );
    return new Map(results.flat().map(row => [String(row['intent_id']), updateFrom(row)]));
  }

  async since(leanNow: Instant): Promise<Instant> {
    const [, rows = []] = await this.#database.run(
      {
        // A time that lies ahead of Lean's was noted by a clock that was wrong.
        sql: `INSERT INTO lean_payout_comparison (id, since, up_to, due_at) VALUES (1, $1, $1, store_now())
          ON CONFLICT (id) DO UPDATE SET since = $1 WHERE lean_payout_comparison.since > $1`,
        values: [leanNow],
      },
      { sql: 'SELECT since FROM lean_payout_comparison WHERE id = 1' },
    );
    return String(rows[0]?.['since']) as Instant;
  }

  async takeComparison(everyMs: number, leanNow: Instant): Promise<Instant | undefined> {
    await this.since(leanNow);
    const every = Math.ceil(everyMs);
    // A turn that lies further ahead than a turn can was noted by a clock that was wrong.
    const [rows = []] = await this.#database.run({
      sql: `UPDATE lean_payout_comparison SET due_at = store_now() + CAST($1 AS BIGINT)
        WHERE id = 1 AND (due_at <= store_now() OR due_at > store_now() + CAST($1 AS BIGINT)) RETURNING up_to`,
      values: [every],
    });
    return rows[0] === undefined ? undefined : (String(rows[0]['up_to']) as Instant);
  }

  async comparisonDone(upTo: Instant): Promise<void> {
    await this.#database.run({
      sql: 'UPDATE lean_payout_comparison SET up_to = $1 WHERE id = 1',
      values: [upTo],
    });
  }

  async forget(olderThanMs: number): Promise<void> {
    await this.#database.runLoosely(
      {
        sql: `DELETE FROM lean_payout_events
          WHERE received_at < store_now() - CAST($1 AS BIGINT) AND next_try_at IS NULL`,
        values: [olderThanMs],
      },
      // The last one stays, for the positions to go on from.
      {
        sql: `DELETE FROM lean_payout_updates WHERE told_at < store_now() - CAST($1 AS BIGINT)
          AND position < (SELECT MAX(position) FROM lean_payout_updates)`,
        values: [olderThanMs],
      },
    );
  }
}

function insertEvent(event: ReceivedEvent): Statement {
  const { eventId, type, paymentId, intentId, leanStatus, postInitiationStatus, publishedAt } = event;
  return {
    sql: `INSERT INTO lean_payout_events (event_id, type, payment_id, intent_id, lean_status,
        post_initiation_status, tracks, published_at, received_at, tries, next_try_at)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, store_now(), 0, store_now())
      ON CONFLICT (event_id) DO NOTHING RETURNING event_id`,
    values: [
      eventId,
      type,
      paymentId,
      intentId,
      leanStatus,
      postInitiationStatus ?? null,
      Number(postInitiationStatus !== undefined),
      publishedAt,
    ],
  };
}

/**
 * A row for each step, unless there is one of their payout behind `since`. In one statement: another gateway's rows are
 * all seen by it, or none is, and then the two want the same position.
 */
function insertUpdates(steps: readonly PayoutStep[], since: number): Statement {
  const values: SqlValue[] = [since];
  const rows = steps.map((step, index) => {
    const { eventId, type, paymentId, intentId, status, leanStatus, postInitiationStatus, publishedAt } =
      step;
    const tracks = Number(postInitiationStatus !== undefined);
    const texts = [intentId, paymentId, eventId, type, status, leanStatus, postInitiationStatus ?? null];
    const casts = [...texts, publishedAt].map(text => `CAST($${String(values.push(text))} AS TEXT)`);
    return `(${[index + 1, ...casts, tracks, rankOf(step)].join(', ')})`;
  });
  return {
    sql: `WITH steps (ordinal, intent_id, payment_id, event_id, type, status, lean_status, post_initiation_status,
        published_at, tracks, rank) AS (VALUES ${rows.join(', ')})
      INSERT INTO lean_payout_updates (position, intent_id, payment_id, event_id, type, status, lean_status,
        post_initiation_status, published_at, tracks, rank, told_at)
      SELECT (SELECT COALESCE(MAX(position), 0) FROM lean_payout_updates) + ordinal, intent_id, payment_id, event_id,
        type, status, lean_status, post_initiation_status, published_at, tracks, rank, store_now()
      FROM steps
      WHERE NOT EXISTS (SELECT 1 FROM lean_payout_updates AS told
        WHERE told.intent_id = steps.intent_id AND told.position > CAST($1 AS BIGINT))
      ORDER BY ordinal
      RETURNING position`,
    values,
  };
}

function eventFrom(row: Row): ReceivedEvent {
  return {
    eventId: String(row['event_id']),
    type: row['type'] as HistoryEventType,
    paymentId: String(row['payment_id']),
    intentId: row['intent_id'] as string | null,
    leanStatus: row['lean_status'] as string | null,
    postInitiationStatus: trackingOf(row),
    publishedAt: row['published_at'] as Instant,
  };
}

function updateFrom(row: Row): PayoutUpdate {
  return {
    ...eventFrom(row),
    intentId: String(row['intent_id']),
    paymentId: row['payment_id'] as string | null,
    status: row['status'] as PayoutStatus,
    leanStatus: String(row['lean_status']),
    position: Number(row['position']),
  };
}

function trackingOf(row: Row): PostInitiationStatus | null | undefined {
  return Number(row['tracks']) === 1
    ? (row['post_initiation_status'] as PostInitiationStatus | null)
    : undefined;
}
