import { randomUUID } from 'node:crypto';
import { StoreConfigError } from './database.ts';

/** Placeholder in the statements. It is replaced by a random name, so that no two stores have the same name. */
const randomNamePlaceholder = 'fresh_name()';

/**
 * The statements that create the tables, one list for each version. Never change a released version: add a new one,
 * and keep everything that the previous program version reads and writes.
 *
 * Times are epoch milliseconds. Amounts are stored as text, in the digits that the caller sent. SQLite and PostgreSQL
 * run the same SQL.
 */
const migrations: readonly (readonly string[])[] = [
  [
    `CREATE TABLE lean_payout_requests (
      caller TEXT NOT NULL,
      idempotency_key TEXT NOT NULL,
      fingerprint TEXT NOT NULL,
      attempts INTEGER NOT NULL,
      claim TEXT,
      holder TEXT,
      created_at BIGINT NOT NULL,
      first_sent_at BIGINT,
      last_sent_at BIGINT,
      checks INTEGER NOT NULL DEFAULT 0,
      next_check_at BIGINT,
      answer_status INTEGER,
      answer_type TEXT,
      answer_body TEXT,
      PRIMARY KEY (caller, idempotency_key)
    )`,
    'CREATE INDEX lean_payout_requests_by_age ON lean_payout_requests (created_at)',
    // Few requests have a claim (a lease). This partial index finds them without reading the finished ones.
    'CREATE UNIQUE INDEX lean_payout_requests_claimed ON lean_payout_requests (claim) WHERE claim IS NOT NULL',
    `CREATE INDEX lean_payout_requests_to_check ON lean_payout_requests (next_check_at)
      WHERE next_check_at IS NOT NULL`,
    `CREATE TABLE lean_payout_records (
      caller TEXT NOT NULL,
      idempotency_key TEXT NOT NULL,
      position INTEGER NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('reserved', 'sent', 'created', 'rejected', 'unknown')),
      account_id TEXT NOT NULL,
      destination_id TEXT NOT NULL,
      amount TEXT NOT NULL,
      currency TEXT NOT NULL,
      description TEXT NOT NULL,
      external_reference TEXT NOT NULL,
      authorized INTEGER NOT NULL,
      intent_id TEXT,
      payment_id TEXT,
      answer TEXT,
      changed_at BIGINT NOT NULL,
      PRIMARY KEY (caller, idempotency_key, position),
      FOREIGN KEY (caller, idempotency_key) REFERENCES lean_payout_requests ON DELETE CASCADE
    )`,
    // A payout at Lean belongs to at most one record.
    `CREATE UNIQUE INDEX lean_payout_records_by_intent ON lean_payout_records (intent_id)
      WHERE intent_id IS NOT NULL`,
  ],
  [
    // Rate limit counters of the callers, shared by all gateways on the store.
    `CREATE TABLE lean_payout_rate_limits (
      key TEXT PRIMARY KEY,
      points INTEGER NOT NULL,
      expire BIGINT
    )`,
  ],
  [
    // Events received from Lean. An event that still has to be processed has a time in next_try_at.
    `CREATE TABLE lean_payout_events (
      event_id TEXT PRIMARY KEY,
      type TEXT NOT NULL,
      payment_id TEXT NOT NULL,
      intent_id TEXT,
      lean_status TEXT,
      post_initiation_status TEXT,
      published_at TEXT NOT NULL,
      received_at BIGINT NOT NULL,
      tries INTEGER NOT NULL,
      next_try_at BIGINT
    )`,
    'CREATE INDEX lean_payout_events_by_age ON lean_payout_events (received_at)',
    `CREATE INDEX lean_payout_events_to_look_at ON lean_payout_events (next_try_at)
      WHERE next_try_at IS NOT NULL`,
    // Updates published to subscribers, in order.
    `CREATE TABLE lean_payout_updates (
      position BIGINT PRIMARY KEY,
      step TEXT NOT NULL UNIQUE,
      event_id TEXT NOT NULL,
      type TEXT NOT NULL,
      payment_id TEXT NOT NULL,
      intent_id TEXT,
      status TEXT NOT NULL,
      lean_status TEXT NOT NULL,
      post_initiation_status TEXT,
      rank INTEGER NOT NULL,
      published_at TEXT NOT NULL,
      told_at BIGINT NOT NULL
    )`,
    'CREATE INDEX lean_payout_updates_by_payment ON lean_payout_updates (payment_id, position)',
    'CREATE INDEX lean_payout_updates_by_event ON lean_payout_updates (event_id)',
    'CREATE INDEX lean_payout_updates_by_age ON lean_payout_updates (told_at)',
    'CREATE TABLE lean_payout_comparison (id INTEGER PRIMARY KEY, since TEXT NOT NULL, up_to TEXT NOT NULL, due_at BIGINT NOT NULL)',
  ],
  [
    // The idempotency key for Lean. Requests sent before this version used the caller's own key.
    "ALTER TABLE lean_payout_requests ADD COLUMN lean_key TEXT NOT NULL DEFAULT ''",
    'ALTER TABLE lean_payout_requests ADD COLUMN application TEXT',
    // The number of sends that Lean may have accepted, and the latest time at which bytes of the last send may have
    // left.
    'ALTER TABLE lean_payout_requests ADD COLUMN sends INTEGER NOT NULL DEFAULT 0',
    `UPDATE lean_payout_requests SET sends = attempts
      WHERE first_sent_at IS NOT NULL AND (claim IS NOT NULL OR next_check_at IS NOT NULL)`,
    'ALTER TABLE lean_payout_requests ADD COLUMN sent_until BIGINT',
    // The same times by Lean's clock, if it was known.
    'ALTER TABLE lean_payout_requests ADD COLUMN lean_first_sent_at BIGINT',
    'ALTER TABLE lean_payout_requests ADD COLUMN lean_sent_until BIGINT',
    'ALTER TABLE lean_payout_requests ADD COLUMN resend_after_ms BIGINT NOT NULL DEFAULT 0',
    'ALTER TABLE lean_payout_requests ADD COLUMN turned_away INTEGER NOT NULL DEFAULT 0',
    // An operator's permission for one more send (`SendGrant`).
    'ALTER TABLE lean_payout_requests ADD COLUMN send_grant TEXT',
    // Payouts at Lean that, by an operator's decision, are not this request's. They outlast the send grant.
    'ALTER TABLE lean_payout_requests ADD COLUMN judged_payouts TEXT',
    'ALTER TABLE lean_payout_requests ADD COLUMN refusal TEXT',
    'ALTER TABLE lean_payout_requests ADD COLUMN looked_at BIGINT',
    'ALTER TABLE lean_payout_requests ADD COLUMN finding TEXT',
    'ALTER TABLE lean_payout_requests ADD COLUMN duplicate_intents TEXT',
    // Another key of the same caller for a similar payout, whose outcome was open when this request was sent.
    'ALTER TABLE lean_payout_requests ADD COLUMN similar_key TEXT',
    // Few requests were sent twice. Every webhook reads them.
    'CREATE INDEX lean_payout_requests_sent_twice ON lean_payout_requests (created_at) WHERE sends > 1',
    // Few requests have more payouts at Lean than transfers. The metrics count them often.
    `CREATE INDEX lean_payout_requests_duplicated ON lean_payout_requests (application)
      WHERE duplicate_intents IS NOT NULL`,
    // The identity of the store, and the time from which on it is known to have every record.
    `CREATE TABLE lean_payout_store (
      id INTEGER PRIMARY KEY,
      identity TEXT NOT NULL,
      complete_from BIGINT NOT NULL
    )`,
    // Payouts that were missing from Lean's list, by application, and whether an operator has accepted the list since.
    `CREATE TABLE lean_payout_doubts (
      application TEXT NOT NULL,
      intent_id TEXT NOT NULL,
      reason TEXT NOT NULL,
      since BIGINT NOT NULL,
      accepted INTEGER NOT NULL DEFAULT 0,
      PRIMARY KEY (application, intent_id)
    )`,
    // The decisions of operators. Rows are only added, never changed or deleted.
    `CREATE TABLE lean_payout_decisions (
      decided_at BIGINT NOT NULL,
      caller TEXT NOT NULL,
      idempotency_key TEXT NOT NULL,
      decision TEXT NOT NULL,
      intent_id TEXT,
      decided_by TEXT NOT NULL,
      reason TEXT NOT NULL,
      evidence TEXT NOT NULL
    )`,
    'CREATE INDEX lean_payout_decisions_by_key ON lean_payout_decisions (idempotency_key)',
  ],
  [
    // The time after which a restored store may lack records; null if unknown.
    'ALTER TABLE lean_payout_store ADD COLUMN lost_since BIGINT',
  ],
  [
    // Finds records of unknown outcome by their reference, without reading the settled ones.
    `CREATE INDEX lean_payout_records_open_by_reference ON lean_payout_records (external_reference)
      WHERE answer IS NULL`,
  ],
  [
    // An update belongs to an intent, which may have no payment yet. `tracks`: whether the update states the tracking.
    'DROP TABLE lean_payout_updates',
    `CREATE TABLE lean_payout_updates (
      position BIGINT PRIMARY KEY,
      intent_id TEXT NOT NULL,
      payment_id TEXT,
      event_id TEXT NOT NULL,
      type TEXT NOT NULL,
      status TEXT NOT NULL,
      lean_status TEXT NOT NULL,
      post_initiation_status TEXT,
      tracks INTEGER NOT NULL,
      rank INTEGER NOT NULL,
      published_at TEXT NOT NULL,
      told_at BIGINT NOT NULL
    )`,
    'CREATE INDEX lean_payout_updates_by_intent ON lean_payout_updates (intent_id, position)',
    'CREATE INDEX lean_payout_updates_by_age ON lean_payout_updates (told_at)',
    'ALTER TABLE lean_payout_events ADD COLUMN tracks INTEGER NOT NULL DEFAULT 0',
    'CREATE INDEX lean_payout_events_by_payment ON lean_payout_events (payment_id)',
    // The name of the store that the update positions belong to. One server may hold several stores.
    'CREATE TABLE lean_payout_feed (id INTEGER PRIMARY KEY, name TEXT NOT NULL)',
    `INSERT INTO lean_payout_feed (id, name) VALUES (1, ${randomNamePlaceholder})`,
  ],
  [
    // How long before its first send a request may have been sent under a record that is lost, in ms.
    'ALTER TABLE lean_payout_requests ADD COLUMN lookback_ms BIGINT NOT NULL DEFAULT 0',
  ],
];

/** The table with the schema version, in one row. */
export const versionTable = {
  create: 'CREATE TABLE IF NOT EXISTS lean_payouts_schema (version INTEGER NOT NULL)',
  read: 'SELECT version FROM lean_payouts_schema',
} as const;

/**
 * Returns the statements that migrate the tables from `version` to this program's version.
 * @param version undefined if there are no tables yet
 * @throws StoreConfigError when a newer program created the tables
 */
export function migrationsFrom(version: unknown, variable: StoreConfigError['variable']): readonly string[] {
  const current = Number(version ?? 0);
  if (current > migrations.length)
    throw new StoreConfigError(
      variable,
      `its tables have version ${String(current)}, created by a newer version of this program; ` +
        `accepted: a store of version ${String(migrations.length)} or older.`,
    );
  if (current === migrations.length) return [];
  const setVersion =
    version === undefined
      ? `INSERT INTO lean_payouts_schema (version) VALUES (${String(migrations.length)})`
      : `UPDATE lean_payouts_schema SET version = ${String(migrations.length)}`;
  const name = `'${randomUUID()}'`;
  return [...migrations.slice(current).flat(), setVersion].map(sql =>
    sql.replace(randomNamePlaceholder, name),
  );
}
