import type { HistoryEventType } from '../payouts/history-event.ts';
import type { Instant } from '../payouts/values/instant.ts';
import type { PayoutStatus, PostInitiationStatus } from '../payouts/payout.ts';
import type { PayoutStateChange, PayoutUpdate, ReceivedEvent } from '../payouts/payout-update.ts';
import type { Row, SqlValue, Statement } from './database.ts';

/* Received events and published updates as rows of the store. */

/** Inserts a received event, unless it has been received before. It is due at once. */
export function insertEvent(event: ReceivedEvent, application: string): Statement {
  const { eventId, type, paymentId, intentId, leanStatus, postInitiationStatus, publishedAt } = event;
  return {
    sql: `INSERT INTO lean_payout_events (event_id, type, payment_id, intent_id, lean_status,
        post_initiation_status, reports_tracking, published_at, application, received_at, tries, due_at)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, store_now(), 0, store_now())
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
      application,
    ],
  };
}

/**
 * Inserts an update for each change, unless an update of the same payout has a position after `readAfter`. A single
 * statement sees either all rows of another gateway or none of them. If it sees none, both gateways try to insert the
 * same position, and one of them fails.
 */
export function insertUpdates(changes: readonly PayoutStateChange[], readAfter: number): Statement {
  const values: SqlValue[] = [readAfter];
  const rows = changes.map((change, index) => {
    const { eventId, type, paymentId, intentId, status, leanStatus, postInitiationStatus, publishedAt } =
      change;
    const reportsTracking = Number(postInitiationStatus !== undefined);
    const texts = [intentId, paymentId, eventId, type, status, leanStatus, postInitiationStatus ?? null];
    const textColumns = [...texts, publishedAt].map(text => `CAST($${String(values.push(text))} AS TEXT)`);
    return `(${[index + 1, ...textColumns, reportsTracking].join(', ')})`;
  });
  return {
    sql: `WITH new_updates (ordinal, intent_id, payment_id, event_id, type, status, lean_status, post_initiation_status,
        published_at, reports_tracking) AS (VALUES ${rows.join(', ')})
      INSERT INTO lean_payout_updates (position, intent_id, payment_id, event_id, type, status, lean_status,
        post_initiation_status, published_at, reports_tracking, created_at)
      SELECT (SELECT COALESCE(MAX(position), 0) FROM lean_payout_updates) + ordinal, intent_id, payment_id, event_id,
        type, status, lean_status, post_initiation_status, published_at, reports_tracking, store_now()
      FROM new_updates
      WHERE NOT EXISTS (SELECT 1 FROM lean_payout_updates AS later
        WHERE later.intent_id = new_updates.intent_id AND later.position > CAST($1 AS BIGINT))
      ORDER BY ordinal
      RETURNING position`,
    values,
  };
}

const updateColumns = `position, intent_id, payment_id, event_id, type, status, lean_status, reports_tracking,
  post_initiation_status, published_at, created_at`;

/**
 * The updates of the payout `$1`: those that are published, and the last one before the retention. While an update is
 * moved, both tables may have it.
 */
export const updatesOfPayout = `(SELECT ${updateColumns} FROM lean_payout_former_updates WHERE intent_id = $1
  UNION SELECT ${updateColumns} FROM lean_payout_updates WHERE intent_id = $1) AS of_payout`;

/**
 * Remembers the last update of each payout with updates from before a time, and deletes these updates.
 * @param before epoch ms of the store's clock
 */
export function retireUpdates(before: number): readonly Statement[] {
  const values = [before];
  return [
    {
      sql: `INSERT INTO lean_payout_former_updates (${updateColumns})
        SELECT ${updateColumns} FROM lean_payout_updates AS former
        WHERE created_at < CAST($1 AS BIGINT) AND position = (SELECT MAX(position) FROM lean_payout_updates
          WHERE intent_id = former.intent_id AND created_at < CAST($1 AS BIGINT))
        ON CONFLICT (intent_id) DO UPDATE SET position = excluded.position, payment_id = excluded.payment_id,
          event_id = excluded.event_id, type = excluded.type, status = excluded.status,
          lean_status = excluded.lean_status, reports_tracking = excluded.reports_tracking,
          post_initiation_status = excluded.post_initiation_status, published_at = excluded.published_at,
          created_at = excluded.created_at`,
      values,
    },
    // The newest update is kept, because the next position is counted from it.
    {
      sql: `DELETE FROM lean_payout_updates WHERE created_at < CAST($1 AS BIGINT)
        AND position < (SELECT MAX(position) FROM lean_payout_updates)`,
      values,
    },
  ];
}

export function eventFrom(row: Row): ReceivedEvent {
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

export function updateFrom(row: Row): PayoutUpdate {
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
  return Number(row['reports_tracking']) === 1
    ? (row['post_initiation_status'] as PostInitiationStatus | null)
    : undefined;
}
