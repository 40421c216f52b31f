import { describe, expect, it } from 'vitest';
import { fingerprintOf, writeCursor } from '../../src/payouts/listing/cursor.ts';
import { filterQuery } from '../../src/payouts/listing/payout-filter.ts';
import { startListeningGateway } from '../support/running-gateway.ts';
import { startTestGateway } from '../support/test-gateway.ts';
import { examplePayoutId } from '../../src/sandbox/fixtures.ts';

/*
 * No operation exceeds the limit of Lean calls, even if it needs more calls than were estimated.
 */

const env = { MAX_UPSTREAM_CALLS: '5' };

/** A cursor whose row is not at its position, so that the gateway searches the whole list for it. */
function forgedCursor(position: number): string {
  const query = filterQuery({});
  const ids = { intentId: 'c0000000-0000-4000-8000-00000000dead', paymentId: null };
  const cursor = { position, total: 300, snapshotTime: null, createdAt: null, ...ids };
  return writeCursor(cursor, fingerprintOf(query));
}

describe('an operation with a limit of 5 Lean calls', () => {
  it('stops after 5 of them while it searches for rows of forged cursors', async () => {
    const gateway = await startTestGateway({ env });
    const fields = [3, 61, 127, 200, 270].map(
      (position, index) =>
        `p${String(index)}: payouts(first: 1, after: "${forgedCursor(position)}") { nodes { id } }`,
    );
    const { errors } = await gateway.run(`{ ${fields.join(' ')} }`);
    // The gateway has begun five calls, but Lean may not have received all of them yet.
    expect(gateway.lean.requests.length).toBeLessThanOrEqual(5);
    expect(errors?.length).toBeGreaterThan(0);
    for (const error of errors ?? [])
      expect(error).toMatchObject({
        message: expect.stringContaining('limit of 5 Lean calls') as string,
        extensions: { code: 'OPERATION_TOO_EXPENSIVE', maxCost: 5 },
      });
  });

  it.each(['v1', 'ksa'] as const)(
    'stops after 5 of them if the rows have no outcomes (%s)',
    async profile => {
      const gateway = await startTestGateway({ env, sandbox: { profile } });
      const { errors } = await gateway.run('{ payouts(first: 100) { nodes { id outcome } } }');
      expect(gateway.lean.requests.length).toBeLessThanOrEqual(5);
      expect(new Set(errors?.map(({ extensions }) => extensions['code']))).toEqual(
        // The first five calls find out that Lean does not offer the field.
        new Set(['NOT_OFFERED_BY_LEAN', 'OPERATION_TOO_EXPENSIVE']),
      );
    },
  );

  it('does not retry beyond the limit, and reports the last failure', async () => {
    const gateway = await startTestGateway({ env: { MAX_UPSTREAM_CALLS: '2' } });
    gateway.lean.faults.add({ kind: 'status', status: 503 });
    const { errors } = await gateway.run(`{ payoutByPayment(paymentId: "${examplePayoutId}") { id } }`);
    expect(gateway.lean.requests).toHaveLength(2);
    expect(errors).toMatchObject([{ extensions: { code: 'LEAN_UNAVAILABLE' } }]);
  });

  it('has its own budget, independent of other operations', async () => {
    const gateway = await startTestGateway({ env: { MAX_UPSTREAM_CALLS: '1' } });
    for (let times = 0; times < 3; times += 1) {
      const { errors } = await gateway.run(`{ payouts(first: 1) { totalCount } }`);
      expect(errors).toBeUndefined();
    }
  });
});

describe('over REST with a limit of 2 Lean calls', () => {
  it('a call is tried at most twice', async () => {
    const gateway = await startListeningGateway({ env: { REST_PORT: '0', MAX_UPSTREAM_CALLS: '2' } });
    try {
      gateway.lean.faults.add({ kind: 'status', status: 503 });
      const response = await fetch(`${gateway.restUrl ?? ''}/v1/payouts/v1/${examplePayoutId}`);
      expect(response.status).toBe(503);
      expect(gateway.lean.requests.filter(({ operation }) => operation === 'getPayout')).toHaveLength(2);
    } finally {
      await gateway.close();
    }
  });
});
