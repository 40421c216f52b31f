import type { Instant } from './values/instant.ts';

/**
 * The leases of the background work on updates, and the progress of the backfills. A gateway that has a lease works for
 * all gateways of its Lean application.
 */
export interface UpdateLeases {
  /**
   * Records when this application started, by Lean's clock. Changes before the first start of any application on this
   * store are not published.
   * @param leanNow Lean's time now; it is ignored if an earlier time is recorded
   * @returns the time of the first start on this store
   */
  recordStart(leanNow: Instant): Promise<Instant>;
  /**
   * Takes the lease for a backfill of this application, which compares the received events with those that Lean lists.
   * @param options.evenIfNotDue takes the lease although another gateway's backfill was recent
   * @returns the time, on Lean's clock, up to which the last backfill has compared them; undefined if another gateway has
   *   the lease, or if the next backfill is not due
   */
  takeBackfillLease(
    everyMs: number,
    leanNow: Instant,
    options?: { readonly evenIfNotDue: boolean },
  ): Promise<Instant | undefined>;
  /** Records the time, on Lean's clock, up to which a backfill has compared the events. */
  completeBackfill(upTo: Instant): Promise<void>;
  /**
   * Whether a gateway has the lease to follow the new payouts of this application.
   * @param leaseMs how long the lease is valid
   */
  isFollowLeaseTaken(leaseMs: number): Promise<boolean>;
  /**
   * Takes or renews the lease to follow the new payouts of this application.
   * @param leaseMs how long it is valid
   * @returns false if another gateway has it
   */
  takeFollowLease(leaseMs: number): Promise<boolean>;
}
