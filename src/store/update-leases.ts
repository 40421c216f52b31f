import { randomUUID } from 'node:crypto';
import type { UpdateLeases } from '../payouts/update-leases.ts';
import type { Instant } from '../payouts/values/instant.ts';
import type { Database } from './database.ts';
import { isPast } from './past-time.ts';

/** The first value of each statement with a lease: how long the lease is valid, in ms. */
const leaseMsValue = 'CAST($1 AS BIGINT)';

/** The leases of the background work on updates. Works on SQLite and PostgreSQL. */
export class SqlUpdateLeases implements UpdateLeases {
  readonly #database: Database;
  readonly #application: string;
  /** The id under which this gateway has the follow lease. */
  readonly #owner = randomUUID();

  /** @param application the Lean application of the gateway's credentials */
  constructor(database: Database, application: string) {
    this.#database = database;
    this.#application = application;
  }

  async recordStart(leanNow: Instant): Promise<Instant> {
    const [, rows = []] = await this.#database.run(
      {
        // A new application may be a former one whose client id was replaced, so it goes on where the others are.
        // A stored time later than Lean's was written by a wrong clock, so it is replaced.
        sql: `INSERT INTO lean_payout_backfill (application, started_at, up_to, due_at)
          VALUES ($1, $2, COALESCE((SELECT MAX(up_to) FROM lean_payout_backfill), $2), store_now())
          ON CONFLICT (application) DO UPDATE SET started_at = $2 WHERE lean_payout_backfill.started_at > $2`,
        values: [this.#application, leanNow],
      },
      { sql: 'SELECT MIN(started_at) AS started_at FROM lean_payout_backfill' },
    );
    return String(rows[0]?.['started_at']) as Instant;
  }

  async takeBackfillLease(
    everyMs: number,
    leanNow: Instant,
    { evenIfNotDue = false } = {},
  ): Promise<Instant | undefined> {
    await this.recordStart(leanNow);
    const [rows = []] = await this.#database.run({
      sql: `UPDATE lean_payout_backfill SET due_at = store_now() + ${leaseMsValue}
        WHERE application = $2 ${evenIfNotDue ? '' : `AND ${isPast('due_at', leaseMsValue)}`} RETURNING up_to`,
      values: [Math.ceil(everyMs), this.#application],
    });
    return rows[0] === undefined ? undefined : (String(rows[0]['up_to']) as Instant);
  }

  async completeBackfill(upTo: Instant): Promise<void> {
    await this.#database.run({
      sql: 'UPDATE lean_payout_backfill SET up_to = $1 WHERE application = $2',
      values: [upTo, this.#application],
    });
  }

  async isFollowLeaseTaken(leaseMs: number): Promise<boolean> {
    const [rows = []] = await this.#database.run({
      sql: `SELECT application FROM lean_payout_following
        WHERE application = $2 AND NOT ${isPast('leased_until', leaseMsValue)}`,
      values: [leaseMs, this.#application],
    });
    return rows.length > 0;
  }

  async takeFollowLease(leaseMs: number): Promise<boolean> {
    const [rows = []] = await this.#database.run({
      sql: `INSERT INTO lean_payout_following AS lease (application, lease_owner, leased_until)
        VALUES ($2, $3, store_now() + ${leaseMsValue})
        ON CONFLICT (application) DO UPDATE SET lease_owner = $3, leased_until = store_now() + ${leaseMsValue}
          WHERE lease.lease_owner = $3 OR ${isPast('lease.leased_until', leaseMsValue)}
        RETURNING application`,
      values: [leaseMs, this.#application, this.#owner],
    });
    return rows.length > 0;
  }
}
