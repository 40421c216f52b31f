import { randomUUID } from 'node:crypto';
import type { Lease } from '../payouts/creation/payout-record.ts';

/** The leases that attempts of this process hold. */
export class ActiveLeases {
  readonly #ids = new Set<string>();

  has(leaseId: string): boolean {
    return this.#ids.has(leaseId);
  }

  /**
   * Takes a lease under a new id. The lease counts as active from before it is written, and stays active if `take`
   * returns it.
   */
  async take(take: (leaseId: string) => Promise<Lease | undefined>): Promise<Lease | undefined> {
    const leaseId = randomUUID();
    this.#ids.add(leaseId);
    let lease: Lease | undefined;
    try {
      lease = await take(leaseId);
      return lease;
    } finally {
      if (lease === undefined) this.#ids.delete(leaseId);
    }
  }

  /** Ends the lease in this process, even if the write fails. */
  async end<Value>({ id }: Lease, write: () => Promise<Value>): Promise<Value> {
    try {
      return await write();
    } finally {
      this.#ids.delete(id);
    }
  }
}
