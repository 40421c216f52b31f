/** Placeholder in the statements. It is replaced by a random name, so that no two stores have the same name. */
export const randomNamePlaceholder = 'random_name()';

/**
 * The statements that create the tables of version 1. SQLite and PostgreSQL run the same SQL.
 *
 * Times are epoch milliseconds of the store's clock, unless a comment says otherwise. Columns whose names begin with
 * `lean_` and end with `_at` or `_until` are times of Lean's clock. Amounts are text, in the digits that the caller
 * sent. Truth values are 0 and 1.
 */
const version1: readonly string[] = [
  // A request is all transfers under one idempotency key. One call sends it to Lean.
  `CREATE TABLE lean_payout_requests (
    -- The caller's subject; empty without authentication.
    caller TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    -- Digest of the input.
    fingerprint TEXT NOT NULL,
    -- The idempotency key of every send to Lean.
    lean_key TEXT NOT NULL,
    -- The Lean application that the request is sent for.
    application TEXT NOT NULL,
    -- The number of leases so far.
    leases INTEGER NOT NULL,
    -- The current lease, and the gateway that holds it. Only this gateway may send the request.
    lease_id TEXT,
    lease_owner TEXT,
    created_at BIGINT NOT NULL,
    -- The number of sends that Lean may have accepted.
    send_count INTEGER NOT NULL DEFAULT 0,
    -- Whether Lean has turned away every send, and so has accepted none.
    turned_away INTEGER NOT NULL DEFAULT 0,
    first_sent_at BIGINT,
    last_sent_at BIGINT,
    -- The latest time at which bytes of the last send may have left.
    sent_until BIGINT,
    -- The same times by Lean's clock; null if its time was unknown.
    lean_first_sent_at BIGINT,
    lean_sent_until BIGINT,
    -- How long before its first send the request may have been sent under a record that is lost.
    lookback_ms BIGINT NOT NULL DEFAULT 0,
    -- The longest resend delay that was configured at any of the sends.
    resend_delay_ms BIGINT NOT NULL DEFAULT 0,
    -- An operator's permission for one more send, as JSON.
    send_grant TEXT,
    -- A refusal by Lean, as JSON. It becomes final once Lean is proven not to have the request.
    refusal TEXT,
    -- Reconciliation reads since the last send; -1 if a webhook caused the next audit.
    checks INTEGER NOT NULL DEFAULT 0,
    next_check_at BIGINT,
    -- When the last reconciliation read began, or when an audit that a webhook caused is due.
    last_check_at BIGINT,
    -- What the last reconciliation read found.
    finding TEXT,
    -- Intents at Lean that the request has in addition to its transfers, as JSON.
    duplicate_intents TEXT,
    -- Intents at Lean that an operator has judged to be other payouts, as JSON. They outlast the permission.
    judged_payouts TEXT,
    -- Another key of the caller for a similar payout whose outcome was unknown when this request was sent.
    similar_unknown_key TEXT,
    -- Lean's HTTP response, unchanged.
    response_status INTEGER,
    response_content_type TEXT,
    response_body TEXT,
    PRIMARY KEY (caller, idempotency_key)
  )`,
  'CREATE INDEX lean_payout_requests_by_age ON lean_payout_requests (created_at)',
  // The partial indexes find the few leased, open, resent and duplicated requests without reading the others.
  'CREATE UNIQUE INDEX lean_payout_requests_leased ON lean_payout_requests (lease_id) WHERE lease_id IS NOT NULL',
  `CREATE INDEX lean_payout_requests_to_check ON lean_payout_requests (next_check_at)
    WHERE next_check_at IS NOT NULL`,
  'CREATE INDEX lean_payout_requests_sent_twice ON lean_payout_requests (created_at) WHERE send_count > 1',
  `CREATE INDEX lean_payout_requests_with_duplicates ON lean_payout_requests (application)
    WHERE duplicate_intents IS NOT NULL`,

  // A record is one transfer of a request.
  `CREATE TABLE lean_payout_records (
    caller TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    -- Position among the transfers of the request, from 0.
    position INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('reserved', 'sent', 'created', 'rejected', 'unknown')),
    account_id TEXT NOT NULL,
    destination_id TEXT NOT NULL,
    amount TEXT NOT NULL,
    currency TEXT NOT NULL,
    description TEXT NOT NULL,
    external_reference TEXT NOT NULL,
    -- Whether Lean authorizes the payout at once.
    authorize INTEGER NOT NULL,
    intent_id TEXT,
    payment_id TEXT,
    -- The answer to the caller, as JSON; null until the state is created or rejected.
    answer TEXT,
    -- When the state last changed.
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (caller, idempotency_key, position),
    FOREIGN KEY (caller, idempotency_key) REFERENCES lean_payout_requests ON DELETE CASCADE
  )`,
  // A payout at Lean belongs to at most one record.
  `CREATE UNIQUE INDEX lean_payout_records_by_intent ON lean_payout_records (intent_id)
    WHERE intent_id IS NOT NULL`,
  // Finds records of unknown outcome by their reference, without reading the settled ones.
  `CREATE INDEX lean_payout_records_open_by_reference ON lean_payout_records (external_reference)
    WHERE answer IS NULL`,
  // Finds payouts that were just created and had no payment in Lean's answer.
  `CREATE INDEX lean_payout_records_without_payment ON lean_payout_records (changed_at)
    WHERE intent_id IS NOT NULL AND payment_id IS NULL`,

  // The decisions of operators. Rows are only added, never changed or deleted.
  `CREATE TABLE lean_payout_decisions (
    decided_at BIGINT NOT NULL,
    caller TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    decision TEXT NOT NULL,
    intent_id TEXT,
    decided_by TEXT NOT NULL,
    reason TEXT NOT NULL,
    -- The facts on which the decision was based, as JSON.
    evidence TEXT NOT NULL
  )`,
  'CREATE INDEX lean_payout_decisions_by_key ON lean_payout_decisions (idempotency_key)',

  // Payouts that were missing from the list of a Lean application. Until an operator accepts the list again, it proves
  // no absence.
  `CREATE TABLE lean_payout_absence_doubts (
    application TEXT NOT NULL,
    intent_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    doubted_at BIGINT NOT NULL,
    list_accepted INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (application, intent_id)
  )`,

  // One row: what is known about the completeness of the store.
  `CREATE TABLE lean_payout_store (
    id INTEGER PRIMARY KEY,
    -- Changes when another server or a restored copy replaces the store.
    identity TEXT NOT NULL,
    -- From then on the store is known to have a record of every send.
    complete_from BIGINT NOT NULL,
    -- A restored store may lack records after this time; null if the time is unknown.
    records_lost_since BIGINT
  )`,

  // Events received from Lean.
  `CREATE TABLE lean_payout_events (
    event_id TEXT PRIMARY KEY,
    -- The Lean application of the gateway that received it. Only this application is asked about its payment.
    application TEXT NOT NULL,
    type TEXT NOT NULL,
    payment_id TEXT NOT NULL,
    intent_id TEXT,
    lean_status TEXT,
    -- Whether the event reports the tracking, and what it reports.
    reports_tracking INTEGER NOT NULL,
    post_initiation_status TEXT,
    -- Lean's time of the event, as RFC 3339 text.
    published_at TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    -- How often a gateway has started to process the event.
    tries INTEGER NOT NULL,
    -- When the event is due to be processed; null once it has been.
    due_at BIGINT
  )`,
  'CREATE INDEX lean_payout_events_by_age ON lean_payout_events (received_at)',
  'CREATE INDEX lean_payout_events_by_payment ON lean_payout_events (payment_id)',
  `CREATE INDEX lean_payout_events_due ON lean_payout_events (application, due_at)
    WHERE due_at IS NOT NULL`,

  // State changes of payouts that were published to subscribers, in order.
  `CREATE TABLE lean_payout_updates (
    position BIGINT PRIMARY KEY,
    intent_id TEXT NOT NULL,
    -- Null if Lean had made no payment yet.
    payment_id TEXT,
    event_id TEXT NOT NULL,
    type TEXT NOT NULL,
    status TEXT NOT NULL,
    lean_status TEXT NOT NULL,
    -- Whether Lean reported the tracking, and what it reported.
    reports_tracking INTEGER NOT NULL,
    post_initiation_status TEXT,
    -- Lean's time of the change, as RFC 3339 text.
    published_at TEXT NOT NULL,
    created_at BIGINT NOT NULL
  )`,
  'CREATE INDEX lean_payout_updates_by_intent ON lean_payout_updates (intent_id, position)',
  'CREATE INDEX lean_payout_updates_by_age ON lean_payout_updates (created_at)',

  // The last update of each payout from before the retention. It is no longer published, but its state must not be
  // published again.
  `CREATE TABLE lean_payout_former_updates (
    intent_id TEXT PRIMARY KEY,
    position BIGINT NOT NULL,
    payment_id TEXT,
    event_id TEXT NOT NULL,
    type TEXT NOT NULL,
    status TEXT NOT NULL,
    lean_status TEXT NOT NULL,
    reports_tracking INTEGER NOT NULL,
    post_initiation_status TEXT,
    published_at TEXT NOT NULL,
    created_at BIGINT NOT NULL
  )`,

  // One row: a name that tells the store from others on the same server. The position of an update has a meaning only
  // in its own store.
  'CREATE TABLE lean_payout_store_name (id INTEGER PRIMARY KEY, name TEXT NOT NULL)',
  `INSERT INTO lean_payout_store_name (id, name) VALUES (1, ${randomNamePlaceholder})`,

  // A row for each Lean application: the progress of its backfill, which compares the received events with those that
  // Lean lists.
  `CREATE TABLE lean_payout_backfill (
    application TEXT PRIMARY KEY,
    -- When its first gateway started, by Lean's clock. Changes before the earliest of these times are not published.
    started_at TEXT NOT NULL,
    -- The time, on Lean's clock, up to which the events have been compared.
    up_to TEXT NOT NULL,
    -- When the next backfill is due.
    due_at BIGINT NOT NULL
  )`,

  // A row for each Lean application: the lease of the gateway that follows its new payouts.
  `CREATE TABLE lean_payout_following (
    application TEXT PRIMARY KEY,
    lease_owner TEXT NOT NULL,
    leased_until BIGINT NOT NULL
  )`,

  // Rate limit counters of the callers, shared by all gateways on the store. The library that counts names the columns.
  `CREATE TABLE lean_payout_rate_limits (
    key TEXT PRIMARY KEY,
    points INTEGER NOT NULL,
    expire BIGINT
  )`,
];

/**
 * The statements of all versions, one list for each. Never change a released version: add a new one, and keep
 * everything that the previous program version reads and writes.
 */
export const schemaVersions: readonly (readonly string[])[] = [version1];
