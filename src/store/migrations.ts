import { randomUUID } from 'node:crypto';
import { StoreProblem } from './database.ts';

/** A placeholder in statements for a random name, which no other store has. */
const freshName = 'fresh_name()';

/**
 * What makes the tables, a list for each version of them. A version that has been released is never changed: what is
 * to be different comes as another one, and leaves alone what the program before it reads and writes.
 *
 * Times are epoch milliseconds, amounts the caller's own digits. SQLite and PostgreSQL take the same text.
 */
const versions: readonly (readonly string[])[] = [
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
    // Nearly all requests are over and have no claim: those that have one must be found without the others.
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
    // One payout at Lean is one record's alone.
    `CREATE UNIQUE INDEX lean_payout_records_by_intent ON lean_payout_records (intent_id)
      WHERE intent_id IS NOT NULL`,
  ],
  [
    // What callers have used of their minute, when several gateways count together.
    `CREATE TABLE lean_payout_rate_limits (
      key TEXT PRIMARY KEY,
      points INTEGER NOT NULL,
      expire BIGINT
    )`,
  ],
  [
    // What Lean has said of payments. Those to be looked at have a time for it.
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
    // What subscribers are told, in order.
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
    // The idempotency key that Lean gets; what was sent before this version had the caller's own.
    "ALTER TABLE lean_payout_requests ADD COLUMN lean_key TEXT NOT NULL DEFAULT ''",
    'ALTER TABLE lean_payout_requests ADD COLUMN application TEXT',
    // Sends that Lean may have taken, and the latest moment at which bytes of the last one may have left.
    'ALTER TABLE lean_payout_requests ADD COLUMN sends INTEGER NOT NULL DEFAULT 0',
    `UPDATE lean_payout_requests SET sends = attempts
      WHERE first_sent_at IS NOT NULL AND (claim IS NOT NULL OR next_check_at IS NOT NULL)`,
    'ALTER TABLE lean_payout_requests ADD COLUMN sent_until BIGINT',
    // The same times by Lean's clock, where it was known.
    'ALTER TABLE lean_payout_requests ADD COLUMN lean_first_sent_at BIGINT',
    'ALTER TABLE lean_payout_requests ADD COLUMN lean_sent_until BIGINT',
    'ALTER TABLE lean_payout_requests ADD COLUMN resend_after_ms BIGINT NOT NULL DEFAULT 0',
    'ALTER TABLE lean_payout_requests ADD COLUMN turned_away INTEGER NOT NULL DEFAULT 0',
    // The permission of an operator for one more send (`SendGrant`).
    'ALTER TABLE lean_payout_requests ADD COLUMN send_grant TEXT',
    // Payouts at Lean that an operator has judged to be others: a send grant ends with the send, these stay.
    'ALTER TABLE lean_payout_requests ADD COLUMN judged_payouts TEXT',
    'ALTER TABLE lean_payout_requests ADD COLUMN refusal TEXT',
    'ALTER TABLE lean_payout_requests ADD COLUMN looked_at BIGINT',
    'ALTER TABLE lean_payout_requests ADD COLUMN finding TEXT',
    'ALTER TABLE lean_payout_requests ADD COLUMN duplicate_intents TEXT',
    // Another key of the caller, for a payout like it, that was open when this one was sent.
    'ALTER TABLE lean_payout_requests ADD COLUMN similar_key TEXT',
    // Requests that were sent twice are few, and looked for when a webhook comes.
    'CREATE INDEX lean_payout_requests_sent_twice ON lean_payout_requests (created_at) WHERE sends > 1',
    // Requests with more payouts at Lean than transfers are few, and counted often.
    `CREATE INDEX lean_payout_requests_duplicated ON lean_payout_requests (application)
      WHERE duplicate_intents IS NOT NULL`,
    // Which store this is, and since when it is known to have lost no records.
    `CREATE TABLE lean_payout_store (
      id INTEGER PRIMARY KEY,
      identity TEXT NOT NULL,
      complete_from BIGINT NOT NULL
    )`,
    // Payouts that Lean's list has lacked, by application, and whether an operator has accepted the list since.
    `CREATE TABLE lean_payout_doubts (
      application TEXT NOT NULL,
      intent_id TEXT NOT NULL,
      reason TEXT NOT NULL,
      since BIGINT NOT NULL,
      accepted INTEGER NOT NULL DEFAULT 0,
      PRIMARY KEY (application, intent_id)
    )`,
    // The decisions of operators; rows are only ever added.
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
    // Since when a store that was restored may lack records; null where nothing is known of those before it.
    'ALTER TABLE lean_payout_store ADD COLUMN lost_since BIGINT',
  ],
  [
    // Records of unknown outcome are few: those with a reference must be found among them, however many there are.
    `CREATE INDEX lean_payout_records_open_by_reference ON lean_payout_records (external_reference)
      WHERE answer IS NULL`,
  ],
  [
    // Steps belong to an intent, which may have no payment yet. `tracks`: whether the step says how the tracking stands.
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
    // Names the store that the positions of updates belong to, because one server may hold several stores.
    'CREATE TABLE lean_payout_feed (id INTEGER PRIMARY KEY, name TEXT NOT NULL)',
    `INSERT INTO lean_payout_feed (id, name) VALUES (1, ${freshName})`,
  ],
  [
    // How long before its first send a request may have been sent by a record that is lost.
    'ALTER TABLE lean_payout_requests ADD COLUMN lookback_ms BIGINT NOT NULL DEFAULT 0',
  ],
];

/** Holds the version of the tables, in one row. */
export const versionTable = {
  make: 'CREATE TABLE IF NOT EXISTS lean_payouts_schema (version INTEGER NOT NULL)',
  read: 'SELECT version FROM lean_payouts_schema',
} as const;

/**
 * The statements that lead from a version of the tables to this program's.
 * @param version undefined where there are none yet
 * @throws StoreProblem for a version that only a newer program knows
 */
export function migrationsFrom(version: unknown, variable: StoreProblem['variable']): readonly string[] {
  const current = Number(version ?? 0);
  if (current > versions.length)
    throw new StoreProblem(
      variable,
      `its tables are of version ${String(current)}, made by a newer version of this program; ` +
        `accepted: a store of version ${String(versions.length)} or older.`,
    );
  if (current === versions.length) return [];
  const mark =
    version === undefined
      ? `INSERT INTO lean_payouts_schema (version) VALUES (${String(versions.length)})`
      : `UPDATE lean_payouts_schema SET version = ${String(versions.length)}`;
  const name = `'${randomUUID()}'`;
  return [...versions.slice(current).flat(), mark].map(sql => sql.replace(freshName, name));
}
